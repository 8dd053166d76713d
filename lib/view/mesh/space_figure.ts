import { DEGREE } from "@/lib/geometry/transforms.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Photo, Vec3 } from "@/lib/types.ts";
import { meshTrace } from "@/lib/view/mesh/mesh_figure.ts";
import { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";
import { sceneHeight, sceneTick, spaceScene } from "@/lib/view/mesh/space_scene.ts";
import { spaceStill } from "@/lib/view/mesh/space_still.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";

/** Points of the photo, across and down, that Plotly draws. */
const FLOOR_POINTS = 96;
/** Vertices of the face that Plotly draws. */
const FACE_VERTICES = 2_500;

/**
 * The modeled face in space and its photo in the xy-plane, with the face's silhouette and the 68 landmarks projected
 * onto it along z, to turn by mouse. The face's distance from the photo has no meaning: a photo does not tell it.
 */
export function spaceFigure(sample: TrackedFace): PlotlyFigure {
  const scene = spaceScene(sample);
  const { floor, face, colors, landmarks } = scene;
  const size = floor.width;
  const [height, tick] = [sceneHeight(scene), sceneTick(scene)];
  const axis = (name: string, first: number, end: number) => ({
    title: { text: `${name} in pixels` },
    // Plotly writes the title onto labels in the middle of an axis that leads away.
    tickvals: Array.from({ length: Math.floor(end / tick) + 1 }, (_, i) => i * tick)
      .filter((value, i) => i >= first && (name === "y" || Math.abs(value - end / 2) > 0.16 * size)),
    showbackground: false,
    gridcolor: "#e0e0dc",
    zerolinecolor: "#b9b9b2",
    tickfont: { size: 12 },
    color: "#333b49",
  });
  const unit = 1.15 / size; // of the scene, of which about 2 is in view
  return new PlotlyFigure(
    {
      data: [
        floorTrace(floor),
        {
          ...meshTrace(face, colors, { vertexCount: FACE_VERTICES, sign: 1 }),
          lighting: { ambient: 1, diffuse: 0.15, specular: 0.02, roughness: 0.9 },
        },
        ...landmarkTraces(landmarks),
      ],
      layout: {
        margin: { l: 0, r: 0, t: 0, b: 0 },
        width: 760,
        height: 560,
        paper_bgcolor: "#fff",
        showlegend: false,
        scene: {
          aspectmode: "manual",
          // Plotly's z axis stays upright as one turns the scene: it has the photo's y, and Plotly's y the photo's z.
          aspectratio: { x: unit * size, y: unit * height, z: unit * size },
          xaxis: { ...axis("x", 0, size), range: [0, size] },
          yaxis: { ...axis("z", 1, height), range: [height, 0] },
          zaxis: { ...axis("y", 0, size), range: [size, 0] },
          camera: {
            eye: { x: 1.6 * TOWARDS[0], y: -1.6 * TOWARDS[2], z: 1.6 * TOWARDS[1] },
            up: { x: 0, y: 0, z: 1 },
            projection: { type: "orthographic" },
          },
          dragmode: "turntable",
        },
      },
      config: { displayModeBar: false },
    },
    CAPTION,
    { still: () => spaceStill(scene, { towards: TOWARDS, caption: CAPTION }) },
  );
}

const CAPTION = "The modeled face in space before its photo, with its silhouette and landmarks projected onto it";

/** Where the first view is from: x right, y up in the photo, z away from it; of length 1. */
const TOWARDS = viewDirection(-44, 20);

function viewDirection(aroundDegrees: number, aboveDegrees: number): Vec3 {
  const [around, above] = [aroundDegrees, aboveDegrees].map((degrees) => degrees * DEGREE) as [number, number];
  return [Math.sin(around) * Math.cos(above), Math.sin(above), Math.cos(around) * Math.cos(above)];
}

/** A flat mesh without triangles: Plotly finds them, which spares the figure their 18,000 rows. */
function floorTrace(floor: Photo): Record<string, unknown> {
  const place = (index: number, side: number) => Math.round(10 * index * side / (FLOOR_POINTS - 1)) / 10;
  const points = Array.from({ length: FLOOR_POINTS ** 2 }, (_, i) => [i % FLOOR_POINTS, Math.floor(i / FLOOR_POINTS)]);
  return {
    type: "mesh3d",
    x: points.map(([column]) => place(column!, floor.width)),
    y: points.map(() => 0),
    z: points.map(([, row]) => place(row!, floor.height)),
    delaunayaxis: "y",
    vertexcolor: points.map(([column, row]) => `#${meanColor(floor, column!, row!).toHex()}`),
    lighting: { ambient: 1, diffuse: 0, specular: 0, fresnel: 0 },
    hoverinfo: "skip",
  };
}

/** The mean of the photo's pixels about one of the floor's points. */
function meanColor({ width, height, rgb }: Photo, column: number, row: number): Uint8Array {
  const around = (index: number, side: number): [number, number] => {
    const [center, reach] = [index * side / (FLOOR_POINTS - 1), side / (FLOOR_POINTS - 1) / 2];
    const first = clamp(Math.floor(center - reach), 0, side - 1);
    return [first, clamp(Math.ceil(center + reach), first + 1, side)];
  };
  const [left, right] = around(column, width);
  const [top, bottom] = around(row, height);
  const sums = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      for (let channel = 0; channel < 3; channel++) sums[channel]! += rgb[3 * (y * width + x) + channel]!;
    }
  }
  return Uint8Array.from(sums, (sum) => Math.round(sum / ((right - left) * (bottom - top))));
}

/** The landmarks on the face, their projections on the photo, and the lines between. */
function landmarkTraces(landmarks: Float32Array): Record<string, unknown>[] {
  const points = Array.from({ length: landmarks.length / 3 }, (_, i) => [...landmarks.subarray(3 * i, 3 * i + 3)]);
  const round = (value: number | undefined) => Math.round(10 * value!) / 10;
  const marker = (size: number) => ({ color: LANDMARK_COLOR, size, line: { color: "#ffffff", width: 0.5 } });
  const [x, y, z] = [0, 1, 2].map((axis) => points.map((point) => round(point[axis])));
  const shared = { type: "scatter3d", hoverinfo: "skip" };
  return [
    {
      ...{ ...shared, mode: "lines", line: { color: LINE_COLOR, width: 2 } },
      x: x!.flatMap((value) => [value, value, null]),
      y: z!.flatMap((value) => [value, 0, null]),
      z: y!.flatMap((value) => [value, value, null]),
    },
    { ...shared, mode: "markers", marker: marker(2.6), x, y: z, z: y },
    { ...shared, mode: "markers", marker: marker(2.4), x, y: z!.map(() => 3), z: y }, // so that the photo hides no half
  ];
}

/** Okabe and Ito's vermilion, and a gray that shows on light and dark. */
const LANDMARK_COLOR = "#d55e00";
const LINE_COLOR = "#7d8694";
