import { vertexNormals } from "@/lib/geometry/shading.ts";
import { lightVisibility } from "@/lib/geometry/visibility.ts";
import type { Mesh, Photo } from "@/lib/types.ts";
import { spreadColors, takeFromOtherSide } from "@/lib/view/mesh/fill_colors.ts";

export interface PhotoColorOptions {
  /** [vertexCount, 2], of a layout that is symmetric about u = 0.5: then what is hidden takes the other side's color. */
  readonly mirrorUv?: Float32Array;
}

/**
 * [vertexCount, 3], sRGB bytes: the photo's color at each vertex of a mesh in its pixels. What the photo does not show,
 * behind the nose or on the far cheek, takes the color of the same place on the other side of the face, as far as the
 * photo shows that and the mesh's UVs tell which it is, else that of the nearest vertices that have one.
 */
export function colorsFromPhoto(mesh: Mesh, photo: Photo, { mirrorUv }: PhotoColorOptions = {}): Uint8Array {
  const normals = vertexNormals(mesh);
  const visible = lightVisibility(mesh, [0, 0, 1], { normals, size: 256 });
  const colors = new Float32Array(mesh.positions.length);
  const known = new Uint8Array(visible.length);
  const trust = new Float32Array(visible.length);
  for (let v = 0; v < known.length; v++) {
    const [x, y] = [mesh.positions[3 * v]!, mesh.positions[3 * v + 1]!];
    const inside = x >= 0 && x <= photo.width && y >= 0 && y <= photo.height;
    const facing = normals[3 * v + 2]!;
    if (!inside || visible[v]! < 0.5 || facing < GRAZING) continue;
    known[v] = 1;
    trust[v] = trustOf(facing);
    for (let c = 0; c < 3; c++) colors[3 * v + c] = colorAt(photo, { x, y, channel: c });
  }
  if (mirrorUv) takeFromOtherSide({ colors, trust, known }, { uv: mirrorUv, triangles: mesh.triangles });
  spreadColors(colors, known, mesh.triangles);
  return Uint8Array.from(colors, Math.round);
}

/** Where the surface turns away more than this (as a cosine), pixels mix it with what is behind. */
const GRAZING = 0.2;
/** Where it turns away less, its color is preferred to the other side's in full. */
const FRONTAL = 0.45;

/** How far a photo's color is to be believed where the surface turns to it so, a cosine: from 0 to 1. */
export function trustOf(facing: number): number {
  return Math.min(1, Math.max(0, (facing - GRAZING) / (FRONTAL - GRAZING)));
}

export interface ColorPlace {
  /** The photo's pixels. */
  readonly x: number;
  readonly y: number;
  /** 0, 1 or 2: red, green or blue. */
  readonly channel: number;
}

/** The photo's sRGB value there, bilinear between pixels, and that of its edge outside. */
export function colorAt({ width, height, rgb }: Photo, { x, y, channel }: ColorPlace): number {
  const column = Math.min(width - 1, Math.max(0, x - 0.5));
  const row = Math.min(height - 1, Math.max(0, y - 0.5));
  const [left, top] = [Math.floor(column), Math.floor(row)];
  const at = (r: number, c: number) => rgb[3 * (Math.min(height - 1, r) * width + Math.min(width - 1, c)) + channel]!;
  const upper = at(top, left) + (at(top, left + 1) - at(top, left)) * (column - left);
  const lower = at(top + 1, left) + (at(top + 1, left + 1) - at(top + 1, left)) * (column - left);
  return upper + (lower - upper) * (row - top);
}
