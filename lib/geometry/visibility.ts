import { emptyRaster, type Raster, rasterize } from "@/lib/geometry/rasterize.ts";
import type { Seen } from "@/lib/geometry/seen_vertices.ts";
import { entriesOf, rotatePoints } from "@/lib/geometry/transforms.ts";
import { boundsOf } from "@/lib/geometry/vectors.ts";
import type { Mat3, Mesh, Vec3 } from "@/lib/types.ts";

export interface VisibilityOptions {
  /** [vertexCount, 3], of length 1. */
  readonly normals: Float32Array;
  /** Side of the depth map that is drawn as the light sees the mesh; a shadow's edge is about one of its pixels wide. */
  readonly size?: number;
  /** Whether triangles that turn their back to the light cast shadows; those of a closed mesh in image space need not. */
  readonly backfaces?: boolean;
  /** The vertices that are asked about; all where it is missing. */
  readonly seen?: Seen;
  readonly scratch?: VisibilityScratch;
  readonly out?: Float32Array;
}

/** Buffers that calls for the same mesh may share. */
export interface VisibilityScratch {
  readonly positions: Float32Array;
  readonly raster: Raster;
}

/** Depth-map pixels by which a vertex is lifted along its normal, so that its own triangles do not shade it. */
const LIFT = 1.5;

/**
 * How much of a light far away each vertex sees, from 0 (in shadow, or turned away) to 1, by a shadow map (Williams,
 * 1978). The direction leads to the light and has length 1; it, the mesh and the normals share any one frame.
 */
export function lightVisibility(mesh: Mesh, direction: Vec3, options: VisibilityOptions): Float32Array {
  const { normals, size = 128, backfaces = true, seen } = options;
  const { positions } = mesh;
  const out = options.out ?? new Float32Array(positions.length / 3);
  const scratch = options.scratch ?? visibilityScratch(mesh, size);
  const turned = rotatePoints(positions, lightFrame(direction), scratch.positions);
  const { left, top, scale } = fitToMap(turned, size);
  for (let i = 0; i < turned.length; i += 3) {
    turned[i] = (turned[i]! - left) * scale;
    turned[i + 1] = (turned[i + 1]! - top) * scale;
    turned[i + 2]! *= scale;
  }
  const raster = { width: size, height: size, backfaces, out: scratch.raster };
  const { depth } = rasterize({ ...mesh, positions: turned }, raster);

  const [m00, m01, m02, m10, m11, m12, m20, m21, m22] = entriesOf(lightFrame(direction));
  const list = seen?.list;
  const count = list ? list.length : turned.length / 3;
  for (let n = 0; n < count; n++) {
    const v = list ? list[n]! : n;
    const i = 3 * v;
    const nx = normals[i]!;
    const ny = normals[i + 1]!;
    const nz = normals[i + 2]!;
    const cosine = m20 * nx + m21 * ny + m22 * nz;
    if (!(cosine > 0)) {
      out[v] = 0;
      continue;
    }
    const x = turned[i]! + LIFT * (m00 * nx + m01 * ny + m02 * nz) - 0.5;
    const y = turned[i + 1]! + LIFT * (m10 * nx + m11 * ny + m12 * nz) - 0.5;
    const z = turned[i + 2]! + LIFT * (1 + cosine);
    const column = Math.min(Math.max(Math.floor(x), 0), size - 2);
    const row = Math.min(Math.max(Math.floor(y), 0), size - 2);
    const k = row * size + column;
    // The four nearest pixels vote (percentage-closer filtering, Reeves et al., 1987).
    const upper = mix(lit(depth[k]!, z), lit(depth[k + 1]!, z), x - column);
    const lower = mix(lit(depth[k + size]!, z), lit(depth[k + size + 1]!, z), x - column);
    out[v] = Math.min(1, Math.max(0, mix(upper, lower, y - row)));
  }
  return out;
}

function lit(nearest: number, z: number): number {
  return z >= nearest ? 1 : 0;
}

function mix(a: number, b: number, amount: number): number {
  return a + (b - a) * amount;
}

/** Memory for depths of `size` × `size` pixels, and for all of the mesh's vertices. */
export function visibilityScratch({ positions }: Mesh, size: number): VisibilityScratch {
  return { positions: new Float32Array(positions.length), raster: emptyRaster({ width: size, height: size }) };
}

/** Rows are two axes across the light and its direction. */
function lightFrame([x, y, z]: Vec3): Mat3 {
  // Duff et al., Building an Orthonormal Basis, Revisited (JCGT 2017)
  const sign = z >= 0 ? 1 : -1;
  const a = -1 / (sign + z);
  const b = x * y * a;
  return new Float64Array([1 + sign * x * x * a, sign * b, -sign * x, b, sign + y * y * a, -y, x, y, z]);
}

/** So that all points, with two pixels around, lie in a map of this size. */
function fitToMap(points: Float32Array, size: number): { left: number; top: number; scale: number } {
  const { low: [left, top], high: [right, bottom] } = boundsOf(points);
  const side = Math.max(right - left, bottom - top);
  const scale = side > 0 ? (size - 4) / side : 1;
  return { left: left - 2 / scale, top: top - 2 / scale, scale };
}

export interface OcclusionOptions {
  readonly normals: Float32Array;
  /** Directions looked in, spread over the sphere. */
  readonly directions?: number;
  /** Side of the depth map drawn for each. */
  readonly size?: number;
}

/**
 * The share of its surroundings that each vertex sees, weighted by the cosine to its normal: 1 on a convex surface, near
 * 0 deep in a fold. [vertexCount]. Compute it once for a mesh and keep it: a hundred directions take a hundred shadow maps.
 */
export function ambientOcclusion(mesh: Mesh, { normals, directions = 96, size = 128 }: OcclusionOptions): Float32Array {
  const count = mesh.positions.length / 3;
  const seen = new Float32Array(count);
  const total = new Float32Array(count);
  const scratch = visibilityScratch(mesh, size);
  const visibility = new Float32Array(count);
  for (const direction of sphereDirections(directions)) {
    lightVisibility(mesh, direction, { normals, size, scratch, out: visibility });
    for (let v = 0; v < count; v++) {
      const i = 3 * v;
      const cosine = direction[0] * normals[i]! + direction[1] * normals[i + 1]! + direction[2] * normals[i + 2]!;
      if (!(cosine > 0)) continue;
      seen[v]! += cosine * visibility[v]!;
      total[v]! += cosine;
    }
  }
  return seen.map((sum, v) => total[v]! > 0 ? sum / total[v]! : 1);
}

/** Evenly spread, on a spiral of golden-angle steps. */
function sphereDirections(count: number): Vec3[] {
  const goldenAngle = Math.PI * (3 - Math.sqrt(5));
  return Array.from({ length: count }, (_, i): Vec3 => {
    const z = 1 - (2 * i + 1) / count;
    const radius = Math.sqrt(1 - z * z);
    return [radius * Math.cos(i * goldenAngle), radius * Math.sin(i * goldenAngle), z];
  });
}
