import { readVertices } from "@/lib/data/maps/position_map.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { linearToPhoto } from "@/lib/geometry/color.ts";
import { drawMesh, type Shader } from "@/lib/geometry/draw_mesh.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Crop, Mesh, Vec3 } from "@/lib/types.ts";
import { cropPhoto, imageToCrop } from "@/lib/data/maps/crop.ts";
import { plaster } from "@/lib/view/drawing/draw.ts";
import { panelRow } from "@/lib/view/figures/panels.ts";
import type { SvgFigure } from "@/lib/view/figures/svg_figure.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";

export interface WireOptions {
  /** Pixels. */
  readonly width: number;
  /** Linear light. */
  readonly color: Vec3;
  /** [vertexCount, 3], linear light: what lies between the wires. */
  readonly between: Float32Array;
}

const SAMPLES = 3;

/**
 * Draws a mesh's edges over a picture, in place, those hidden behind the mesh left out, as a mesh does that is colored
 * by its samples' distances from their triangles' edges (Bærentzen et al., SIGGRAPH 2006 sketches).
 */
export function drawWireframe(mesh: Mesh, image: FloatImage, { width, color, between }: WireOptions): void {
  const { triangles } = mesh;
  const heights = triangleHeights(mesh);
  const shader: Shader = (k, { triangle, weights }, out) => {
    const corner = 3 * triangle[k]!;
    let distance = Infinity, least = Infinity;
    for (let i = 0; i < 3; i++) {
      distance = Math.min(distance, weights[3 * k + i]! * heights[corner + i]!);
      least = Math.min(least, heights[corner + i]!);
    }
    const edge = clamp((width / 2 - distance) * SAMPLES + 0.5, 0, 1);
    // Triangles that are hardly wider than their wires, edge-on ones above all, would be black.
    const share = edge * Math.min(1, least / (3 * width));
    for (let channel = 0; channel < 3; channel++) {
      let surface = 0;
      for (let i = 0; i < 3; i++) surface += weights[3 * k + i]! * between[3 * triangles[corner + i]! + channel]!;
      out[channel] = surface + (color[channel]! - surface) * share;
    }
  };
  drawMesh(mesh, image, { colors: shader, samples: SAMPLES, backfaces: false });
}

/** [triangleCount, 3], each corner's distance from the edge across from it, in pixels of the screen. */
function triangleHeights({ positions, triangles }: Mesh): Float32Array {
  const heights = new Float32Array(triangles.length);
  for (let t = 0; t < triangles.length; t += 3) {
    for (let i = 0; i < 3; i++) {
      const [a, b, c] = [0, 1, 2].map((turn) => 3 * triangles[t + (i + turn) % 3]!) as [number, number, number];
      const [x, y] = [positions[c]! - positions[b]!, positions[c + 1]! - positions[b + 1]!];
      const area = x * (positions[a + 1]! - positions[b + 1]!) - y * (positions[a]! - positions[b]!);
      heights[t + i] = Math.abs(area) / Math.max(Math.hypot(x, y), 1e-12);
    }
  }
  return heights;
}

/** A face, its mesh without the neck, which training leaves out, and its wireframe, side by side. */
export async function meshRow({ photo, map, surface }: TrackedFace): Promise<SvgFigure> {
  const mesh = { positions: readVertices(map, surface), triangles: trianglesWithoutNeck(surface) };
  const crop = meshSquare(mesh, map.size);
  const share = photo.width / map.size;
  const cropOfPhoto = { left: share * crop.left, top: share * crop.top, side: share * crop.side };
  const placed = { ...mesh, positions: imageToCrop(mesh.positions, { crop, size: PANEL }) };
  const solid = whiteImage(PANEL);
  drawMesh(placed, solid, { colors: plaster(placed), samples: SAMPLES, backfaces: false });
  const wires = whiteImage(PANEL);
  drawWireframe(placed, wires, { width: 1.1, color: INK, between: plaster(placed).map((v) => 0.55 + 0.45 * v) });
  return await panelRow([
    { picture: cropPhoto(photo, cropOfPhoto, PANEL), label: ["Face"] },
    { picture: linearToPhoto(solid), label: ["Mesh"] },
    {
      picture: linearToPhoto(wires),
      label: [
        "Wireframe",
        `${count(new Set(mesh.triangles).size)} vertices, ${count(mesh.triangles.length / 3)} triangles`,
      ],
    },
  ], { caption: "A face, the mesh of its surface, and the mesh's wireframe" });
}

/** Pixels of pictures that are shown about half as large. */
export const PANEL = 600;

/** Linear light: a dark blue. */
const INK: Vec3 = [0.006, 0.022, 0.07];

/** A white square of `size` pixels a side. */
export function whiteImage(size: number): FloatImage {
  return { width: size, height: size, rgb: new Float32Array(3 * size * size).fill(1) };
}

/** The square around a mesh's triangles, as far as the photo reaches, which is as wide and high as `size`. */
export function meshSquare({ positions, triangles }: Mesh, size: number): Crop {
  const low = [size, size], high = [0, 0];
  for (const vertex of triangles) {
    for (const axis of [0, 1]) {
      const value = positions[3 * vertex + axis]!;
      low[axis] = Math.min(low[axis]!, Math.max(0, value));
      high[axis] = Math.max(high[axis]!, Math.min(size, value));
    }
  }
  const side = Math.min(size, ROOM * Math.max(high[0]! - low[0]!, high[1]! - low[1]!));
  const start = (axis: number) => clamp((low[axis]! + high[axis]! - side) / 2, 0, size - side);
  return side > 0 ? { left: start(0), top: start(1), side } : { left: 0, top: 0, side: size };
}

/** Side of the square over the longer side of what is to be seen. */
const ROOM = 1.06;

function count(value: number): string {
  return value.toLocaleString("en-US");
}
