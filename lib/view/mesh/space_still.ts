import { type FloatImage, linearToPhoto, photoToLinear, srgbToLinear } from "@/lib/geometry/color.ts";
import { drawMesh, type Shader } from "@/lib/geometry/draw_mesh.ts";
import { sampleBilinear } from "@/lib/geometry/sample_texture.ts";
import { DEGREE, rotatePoints } from "@/lib/geometry/transforms.ts";
import { pointAt } from "@/lib/geometry/vectors.ts";
import type { Mat3, Mesh, Photo, Vec3 } from "@/lib/types.ts";
import { svgDocument, svgElement, svgPhoto, svgText, TEXT_COLOR } from "@/lib/view/figures/svg_marks.ts";
import { sceneHeight, sceneTick, type SpaceScene } from "@/lib/view/mesh/space_scene.ts";
import { paintLines, type Point } from "@/lib/view/drawing/stroke.ts";

export interface SpaceView {
  /** From the scene to the viewer: x right, y up in the photo, z away from it; of length 1. */
  readonly towards: Vec3;
}

export interface PlacedScene {
  readonly photo: Photo;
  /** Takes points of the scene, [n, 3], to pixels of the picture. */
  readonly place: (points: Float32Array) => Float32Array;
}

const WIDTH = 760;
/** Pixels left free for the axes' labels. */
const BORDER = { left: 64, right: 24, top: 20, bottom: 46 };
const SAMPLES = 2;
/** Linear light: vermilion, and a gray that shows on light and dark. */
const LANDMARK: Vec3 = [0.665, 0.112, 0];
const LINE: Vec3 = [0.2, 0.24, 0.3];
/** Pixels that a landmark may lie behind the surface that it is on. */
const SUNK = 4;

/** The scene as it is seen from far away, without its axes. */
export function drawSpace(scene: SpaceScene, view: SpaceView): PlacedScene {
  const { floor, face, colors, landmarks } = scene;
  const { width: across, height: down } = floor;
  const frame = Float32Array.from([[0, 0, 0], [across, 0, 0], [0, down, 0], [across, down, 0]].flat());
  const seen = Array.from(
    new Set(face.triangles),
    (vertex) => [...face.positions.subarray(3 * vertex, 3 * vertex + 3)],
  );
  const outer = Float32Array.from([...frame, 0, down, sceneHeight(scene), ...seen.flat()]);
  const { place, height } = fitToPicture(outer, viewRotation(view.towards));
  const image: FloatImage = { width: WIDTH, height, rgb: new Float32Array(3 * WIDTH * height).fill(1) };

  const quad = { positions: place(frame), triangles: new Uint32Array([0, 2, 1, 1, 2, 3]) };
  drawMesh(quad, image, { colors: photoShader(floor, { frame, mesh: quad }), samples: SAMPLES });
  const onFloor = place(landmarks.map((value, i) => i % 3 === 2 ? 0 : value));
  const onFace = place(landmarks);
  const point = (places: Float32Array, i: number): Point => [places[3 * i]!, places[3 * i + 1]!];
  const numbers = Array.from({ length: landmarks.length / 3 }, (_, i) => i);
  paintLines(image, numbers.map((i) => [point(onFace, i), point(onFloor, i)]), { width: 1, color: LINE, opacity: 0.7 });
  paintDots(image, numbers.map((i) => point(onFloor, i)));
  const linear = Float32Array.from(colors, (byte) => srgbToLinear(byte / 255));
  const { depth } = drawMesh({ ...face, positions: place(face.positions) }, image, {
    colors: linear,
    samples: SAMPLES,
  });
  const isSeen = (i: number) => {
    const [x, y] = point(onFace, i).map((value) => Math.floor(SAMPLES * value)) as [number, number];
    return !(onFace[3 * i + 2]! < depth[y * SAMPLES * WIDTH + x]! - SUNK);
  };
  paintDots(image, numbers.filter(isSeen).map((i) => point(onFace, i)));
  return { photo: linearToPhoto(image), place };
}

function paintDots(image: FloatImage, points: readonly Point[]): void {
  const dots = points.map((point) => [point]);
  paintLines(image, dots, { width: 6.5, color: [1, 1, 1] });
  paintLines(image, dots, { width: 5, color: LANDMARK });
}

/** As large as the picture's width allows, and the height that this takes. */
function fitToPicture(outer: Float32Array, rotation: Mat3): { place: PlacedScene["place"]; height: number } {
  const turned = rotatePoints(outer, rotation);
  const range = (axis: number) => {
    const values = turned.filter((_, i) => i % 3 === axis);
    return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] as const;
  };
  const [[left, right], [top, bottom]] = [range(0), range(1)];
  const scale = (WIDTH - BORDER.left - BORDER.right) / (right - left);
  const shift = [BORDER.left - scale * left, BORDER.top - scale * top, 0];
  return {
    height: Math.round(scale * (bottom - top)) + BORDER.top + BORDER.bottom,
    place: (points) => rotatePoints(points, rotation).map((value, i) => scale * value + shift[i % 3]!),
  };
}

/** Colors a flat mesh by what the photo shows at its points, which are those of `frame` in the photo's pixels. */
function photoShader(photo: Photo, { frame, mesh }: { readonly frame: Float32Array; readonly mesh: Mesh }): Shader {
  const image = photoToLinear(photo);
  return (k, { triangle, weights }, color) => {
    let x = 0, y = 0;
    for (let i = 0; i < 3; i++) {
      const vertex = mesh.triangles[3 * triangle[k]! + i]!;
      x += weights[3 * k + i]! * frame[3 * vertex]!;
      y += weights[3 * k + i]! * frame[3 * vertex + 1]!;
    }
    sampleBilinear(image, x, y, color);
  };
}

/** Image space to that of the view, x right, y down, z towards the viewer, with the photo's y axis upright. */
function viewRotation([x, y, z]: Vec3): Mat3 {
  const level = Math.hypot(x, z);
  const up = [-x * y / level, level, -z * y / level] as const;
  // y is up in the direction and down in the image, before and after.
  return new Float64Array([z / level, 0, -x / level, -up[0], up[1], -up[2], x, -y, z]);
}

/** An SVG of the scene and its axes. */
export async function spaceStill(
  scene: SpaceScene,
  { caption, ...view }: SpaceView & { readonly caption: string },
): Promise<string> {
  const { photo, place } = drawSpace(scene, view);
  const { width, height } = scene.floor;
  const at = (point: Vec3): Point => {
    const [x, y] = pointAt(place(Float32Array.from(point)), 0);
    return [x, y];
  };
  const corner = at([0, height, 0]);
  const [tick, depth] = [sceneTick(scene), sceneHeight(scene)];
  const axes = [
    axis({ tick, name: "x", length: width, from: corner, to: at([width, height, 0]), away: [5, 17], anchor: "start" }),
    axis({ tick, name: "y", length: height, from: at([0, 0, 0]), to: corner, away: [-9, 4], anchor: "end" }),
    axis({ tick, name: "z", length: depth, from: corner, to: at([0, height, depth]), away: [-5, 17], anchor: "end" }),
  ];
  const size = { width: photo.width, height: photo.height };
  const picture = await svgPhoto(photo, { ...size, quality: 85 });
  return svgDocument({ ...size, title: caption }, [picture, ...axes].join("\n"));
}

interface AxisOptions {
  readonly name: string;
  /** Pixels of the photo. */
  readonly length: number;
  readonly tick: number;
  /** Where it starts and ends in the picture. */
  readonly from: Point;
  readonly to: Point;
  /** From a tick to its label. */
  readonly away: Point;
  readonly anchor: "start" | "end";
}

function axis({ name, length, from, to, away, anchor, tick }: AxisOptions): string {
  const at = (value: number): Point => [
    from[0] + (to[0] - from[0]) * value / length,
    from[1] + (to[1] - from[1]) * value / length,
  ];
  const ticks = Array.from({ length: Math.floor(length / tick) + 1 }, (_, i) => i * tick).map((value) => {
    const [x, y] = at(value);
    return svgElement("circle", { cx: x, cy: y, r: 2.2 }) +
      svgText(String(value), { x: x + away[0], y: y + away[1], "text-anchor": anchor });
  });
  const [middleX, middleY] = at(length / 2);
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]) / DEGREE;
  const [x, y] = [
    middleX + TITLE_DISTANCE * Math.sign(away[0]) * Math.abs(Math.sin(angle * DEGREE)),
    middleY + TITLE_DISTANCE * Math.abs(Math.cos(angle * DEGREE)),
  ];
  const turn = angle > 60 ? angle - 180 : angle; // so that it reads from left to right or upwards
  const title = { transform: `translate(${x} ${y}) rotate(${turn})`, "text-anchor": "middle", "font-weight": 600 };
  return svgElement("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], stroke: TEXT_COLOR }) +
    ticks.join("") + svgText(`${name} in pixels`, title);
}

/** Pixels from an axis to its title. */
const TITLE_DISTANCE = 42;
