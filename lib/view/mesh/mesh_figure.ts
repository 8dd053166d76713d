import { thinTriangles } from "@/lib/geometry/thin_mesh.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";
import type { Mesh } from "@/lib/types.ts";
import { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";
import { Turntable } from "@/lib/view/mesh/turntable.ts";

/** How far the first view is turned to the side, in radians, so that depth shows. */
const FIRST_TURN = 20 * DEGREE;
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
  const trace = meshTrace(mesh, colors, { vertexCount, sign: -1 });
  const lengths = [trace.x, trace.y, trace.z].map(extent);
  const [x, y, z] = lengths.map((length) => SIZE * length / Math.max(...lengths, Number.MIN_VALUE));
  const hidden = { visible: false };
  return new PlotlyFigure(
    {
      data: [{
        ...trace,
        lighting: { ambient: 0.95, diffuse: 0.3, specular: 0.02, roughness: 0.9 }, // the photo's own light is in the colors
        lightposition: { x: 0, y: -1000, z: 300 },
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

export interface TraceOptions {
  readonly vertexCount: number;
  /** Sign of the mesh's y and z in Plotly's axes: 1, or −1 where the face is to stand upright and look along Plotly's −y. */
  readonly sign: 1 | -1;
}

/** Plotly's trace of a mesh, with fewer vertices where it has too many: its z axis, which points up, has the mesh's y. */
export function meshTrace(mesh: Mesh, colors: Uint8Array, { vertexCount, sign }: TraceOptions) {
  const { vertices, triangles } = withoutUnused(thinTriangles(mesh, { vertexCount, colors }));
  const coordinate = (axis: number) => vertices.map((v) => Math.round(mesh.positions[3 * v + axis]! * 10) / 10);
  const corner = (index: number) => triangles.filter((_, k) => k % 3 === index);
  return {
    type: "mesh3d",
    x: coordinate(0),
    y: coordinate(2).map((z) => sign * z),
    z: coordinate(1).map((y) => sign * y),
    ...{ i: corner(0), j: corner(1), k: corner(2) },
    vertexcolor: vertices.map((v) => `#${colors.subarray(3 * v, 3 * v + 3).toHex()}`),
    flatshading: false,
    hoverinfo: "skip",
  };
}

/** The vertices that triangles use, and the triangles by their places among those: Plotly fits its view to all it gets. */
function withoutUnused(triangles: Uint32Array): { vertices: number[]; triangles: number[] } {
  const places = new Map<number, number>();
  for (const vertex of triangles) if (!places.has(vertex)) places.set(vertex, places.size);
  return { vertices: [...places.keys()], triangles: Array.from(triangles, (vertex) => places.get(vertex)!) };
}

function extent(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity) - values.reduce((a, b) => Math.min(a, b), Infinity);
}
