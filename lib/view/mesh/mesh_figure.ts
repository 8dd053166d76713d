import { thinTriangles } from "@/lib/geometry/thin_mesh.ts";
import type { Mesh } from "@/lib/types.ts";
import { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";
import { Turntable } from "@/lib/view/mesh/turntable.ts";

/** How far the first view is turned to the side, in radians, so that depth shows. */
const FIRST_TURN = 20 * Math.PI / 180;
/** Pixels a side. */
const STILL_SIZE = 480;
/** Length of the mesh's longest side, in a scene that shows about 2. */
const SIZE = 1.7;

export interface MeshFigureOptions {
  /** The most vertices that are drawn: each takes some 60 bytes of the figure. */
  readonly vertexCount?: number;
}

/**
 * A mesh of image space to turn by mouse, upright; colors are [vertexCount, 3], sRGB bytes. Its still is the first view.
 */
export function meshFigure(
  mesh: Mesh,
  colors: Uint8Array,
  { vertexCount = 4_000 }: MeshFigureOptions = {},
): PlotlyFigure {
  const { vertices, triangles } = withoutUnused(thinTriangles(mesh, { vertexCount, colors }));
  const coordinate = (axis: number) => vertices.map((v) => Math.round(mesh.positions[3 * v + axis]! * 10) / 10);
  // Plotly's z points up, and the face is to look along its −y.
  const axes = { x: coordinate(0), y: coordinate(2).map((z) => -z), z: coordinate(1).map((y) => -y) };
  const lengths = [axes.x, axes.y, axes.z].map(extent);
  const [x, y, z] = lengths.map((length) => SIZE * length / Math.max(...lengths, Number.MIN_VALUE));
  const hidden = { visible: false };
  return new PlotlyFigure(
    {
      data: [{
        type: "mesh3d",
        ...axes,
        ...{ i: corner(triangles, 0), j: corner(triangles, 1), k: corner(triangles, 2) },
        vertexcolor: vertices.map((v) => `#${colors.subarray(3 * v, 3 * v + 3).toHex()}`),
        lighting: { ambient: 0.95, diffuse: 0.3, specular: 0.02, roughness: 0.9 }, // the photo's own light is in the colors
        lightposition: { x: 0, y: -1000, z: 300 },
        flatshading: false,
        hoverinfo: "skip",
      }],
      layout: {
        margin: { l: 0, r: 0, t: 0, b: 0 },
        paper_bgcolor: "#f4f5f7", // as the still has it
        scene: {
          aspectmode: "manual",
          aspectratio: { x, y, z },
          xaxis: hidden,
          yaxis: hidden,
          zaxis: hidden,
          camera: {
            eye: { x: 1.25 * Math.sin(FIRST_TURN), y: -1.25 * Math.cos(FIRST_TURN), z: 0 },
            up: { x: 0, y: 0, z: 1 },
            projection: { type: "orthographic" },
          },
          dragmode: "turntable",
        },
      },
      config: { displayModeBar: false },
    },
    "A mesh to turn by mouse",
    {
      still: () => new Turntable(mesh, { colors, size: STILL_SIZE, reach: FIRST_TURN }).draw(FIRST_TURN),
    },
  );
}

/** The vertices that triangles use, and the triangles by their places among those: Plotly fits its view to all it gets. */
export function withoutUnused(triangles: Uint32Array): { vertices: number[]; triangles: number[] } {
  const places = new Map<number, number>();
  for (const vertex of triangles) if (!places.has(vertex)) places.set(vertex, places.size);
  return { vertices: [...places.keys()], triangles: Array.from(triangles, (vertex) => places.get(vertex)!) };
}

export function corner(triangles: readonly number[], index: number): number[] {
  return triangles.filter((_, k) => k % 3 === index);
}

function extent(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity) - values.reduce((a, b) => Math.min(a, b), Infinity);
}
