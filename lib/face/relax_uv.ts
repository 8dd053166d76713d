import { boundaryLoops } from "@/lib/geometry/boundary.ts";
import { cross, minus, pointAt, unit } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Vec3 } from "@/lib/types.ts";

/** A surface with a UV layout without overlaps, and how its shape varies. */
export interface RelaxSurface {
  /** [vertexCount, 2]. */
  readonly uv: Float32Array;
  /** [triangleCount, 3], all turning the same way in UV space. */
  readonly triangles: Uint32Array;
  /** [vertexCount, 3]. */
  readonly mean: Float32Array;
  /** Changes of the mean, each [vertexCount, 3], with the variance of their coefficient. */
  readonly modes: readonly { readonly shape: Float32Array; readonly variance: number }[];
}

export interface RelaxOptions {
  /** Times that every vertex is moved. */
  readonly sweeps: number;
  /** Added to every edge, in the unit of the mean: parts finer than this are given room for their vertices. */
  readonly grain: number;
  /** How much more a triangle counts for each square radian that the surface folds there. */
  readonly foldWeight: number;
  readonly onProgress?: (sweepsDone: number) => void;
}

/**
 * Moves the vertices of a UV layout so that no part of the surface, in any of its shapes, is crowded into too few
 * texels: descends the texture stretch (Sander et al., 2001, "Texture mapping progressive meshes") of the expected
 * shape, squared so that the worst counts most. The outer border stays; holes are given room as if they were surface.
 * Triangles never turn over. Returns the new UVs.
 */
export function relaxUv(surface: RelaxSurface, options: RelaxOptions): Float32Array {
  const mesh = withHolesFilled(surface);
  const stretch = new Stretch(mesh, options);
  const reach = Float64Array.from(mesh.isFixed, (_, v) => 0.3 * stretch.longestEdge(v));
  for (let sweep = 0; sweep < options.sweeps; sweep++) {
    for (let i = 0; i < reach.length; i++) {
      const v = sweep % 2 === 0 ? i : reach.length - 1 - i;
      if (!mesh.isFixed[v]) reach[v] = stretch.descend(v, 2 * reach[v]!);
    }
    options.onProgress?.(sweep + 1);
  }
  return Float32Array.from(mesh.uv.subarray(0, surface.uv.length));
}

interface RelaxMesh {
  readonly uv: Float64Array;
  readonly triangles: Uint32Array;
  /** The mean first, then each mode, scaled by its standard deviation. */
  readonly shapes: readonly Float32Array[];
  /** [vertexCount], 1 on the outer border. */
  readonly isFixed: Uint8Array;
}

/** Closes every hole by a fan of triangles around a new vertex in its middle. */
function withHolesFilled({ uv, triangles, mean, modes }: RelaxSurface): RelaxMesh {
  const vertexCount = uv.length / 2;
  const width = (loop: readonly number[]) => {
    const u = loop.map((v) => uv[2 * v]!);
    return Math.max(...u) - Math.min(...u);
  };
  const [outer = [], ...holes] = boundaryLoops(triangles).toSorted((a, b) => width(b) - width(a));
  const isFixed = new Uint8Array(vertexCount + holes.length);
  for (const v of outer) isFixed[v] = 1;
  const withMiddles = (values: Float32Array, stride: number, factor = 1) => {
    const all = new Float32Array(values.length + stride * holes.length);
    values.forEach((value, i) => all[i] = factor * value);
    holes.forEach((loop, hole) => {
      for (const v of loop) {
        for (let i = 0; i < stride; i++) all[stride * (vertexCount + hole) + i]! += all[stride * v + i]! / loop.length;
      }
    });
    return all;
  };
  const fans = holes.flatMap((loop, hole) =>
    loop.flatMap((v, i) => [loop[(i + 1) % loop.length]!, v, vertexCount + hole])
  );
  return {
    uv: Float64Array.from(withMiddles(uv, 2)),
    triangles: Uint32Array.from([...triangles, ...fans]),
    shapes: [
      withMiddles(mean, 3),
      ...modes.map(({ shape, variance }) => withMiddles(shape, 3, Math.sqrt(variance))),
    ],
    isFixed,
  };
}

/** The energy that relaxing descends: over triangles, area × (mean square stretch)², of the expected shape. */
class Stretch {
  readonly #mesh: RelaxMesh;
  /** [triangleCount, 3], expected squared length of the edge across from each corner. */
  readonly #squaredEdges: Float64Array;
  readonly #weights: Float64Array;
  /** Where the corners of each vertex start in #corners. */
  readonly #starts: Uint32Array;
  readonly #corners: Uint32Array;
  /** 1 where triangles turn from u to v, -1 where they turn the other way. */
  readonly #turn: number;
  /** The gradient at the last {@linkcode at}. */
  readonly #gradient: [number, number] = [0, 0];

  constructor(mesh: RelaxMesh, { grain, foldWeight }: RelaxOptions) {
    const { triangles, shapes, isFixed, uv } = mesh;
    this.#mesh = mesh;
    this.#squaredEdges = expectedSquaredEdges(triangles, shapes, grain);
    const folds = foldAngles(triangles, shapes[0]!);
    this.#weights = Float64Array.from({ length: triangles.length / 3 }, (_, t) => {
      const [a, b, c] = [0, 1, 2].map((i) => Math.sqrt(this.#squaredEdges[3 * t + i]!)) as [number, number, number];
      const fold = (folds[triangles[3 * t]!]! + folds[triangles[3 * t + 1]!]! + folds[triangles[3 * t + 2]!]!) / 3;
      return heronArea(a, b, c) * (1 + foldWeight * fold * fold);
    });
    this.#starts = new Uint32Array(isFixed.length + 1);
    for (const v of triangles) this.#starts[v + 1]!++;
    for (let v = 0; v < isFixed.length; v++) this.#starts[v + 1]! += this.#starts[v]!;
    this.#corners = Uint32Array.from(triangles.keys()).sort((a, b) => triangles[a]! - triangles[b]! || a - b);
    const [a, b, c] = [2 * triangles[0]!, 2 * triangles[1]!, 2 * triangles[2]!];
    this.#turn = Math.sign(
      (uv[b]! - uv[a]!) * (uv[c + 1]! - uv[a + 1]!) - (uv[b + 1]! - uv[a + 1]!) * (uv[c]! - uv[a]!),
    );
  }

  longestEdge(v: number): number {
    const { triangles, uv } = this.#mesh;
    let longest = 0;
    for (let k = this.#starts[v]!; k < this.#starts[v + 1]!; k++) {
      const corner = this.#corners[k]!;
      const next = triangles[corner % 3 === 2 ? corner - 2 : corner + 1]!;
      longest = Math.max(longest, Math.hypot(uv[2 * next]! - uv[2 * v]!, uv[2 * next + 1]! - uv[2 * v + 1]!));
    }
    return longest;
  }

  /** Moves a vertex down the gradient by this much or, where that does not help, less; returns how far. */
  descend(v: number, distance: number): number {
    const { uv } = this.#mesh;
    const [x, y] = [uv[2 * v]!, uv[2 * v + 1]!];
    const energy = this.at(v, x, y);
    const [gx, gy] = this.#gradient;
    const slope = Math.hypot(gx, gy);
    if (!(slope > 0 && slope < Infinity)) return distance;
    for (let attempt = 0; attempt < 6; attempt++, distance *= 0.4) {
      const [nextX, nextY] = [x - distance * gx / slope, y - distance * gy / slope];
      if (!(this.at(v, nextX, nextY) < energy)) continue;
      uv[2 * v] = nextX;
      uv[2 * v + 1] = nextY;
      break;
    }
    return distance;
  }

  /** The energy of a vertex's triangles were it there, Infinity where one would turn over; sets the gradient. */
  at(v: number, x: number, y: number): number {
    const { triangles, uv } = this.#mesh;
    const turn = this.#turn;
    let energy = 0;
    let gx = 0;
    let gy = 0;
    for (let k = this.#starts[v]!; k < this.#starts[v + 1]!; k++) {
      const corner = this.#corners[k]!;
      const t = Math.floor(corner / 3);
      const next = corner - 3 * t === 2 ? 3 * t : corner + 1;
      const last = corner === 3 * t ? 3 * t + 2 : corner - 1;
      const bx = uv[2 * triangles[next]!]!;
      const by = uv[2 * triangles[next]! + 1]!;
      const cx = uv[2 * triangles[last]!]!;
      const cy = uv[2 * triangles[last]! + 1]!;
      // Edges across from the vertex, from the next corner, from the last one.
      const ax = cx - bx;
      const ay = cy - by;
      const nx = x - cx;
      const ny = y - cy;
      const lx = bx - x;
      const ly = by - y;
      const area = turn * (lx * ay - ly * ax); // twice it
      if (!(area > 1e-14)) return Infinity;
      const ownEdge = this.#squaredEdges[corner]!;
      const nextEdge = this.#squaredEdges[next]!;
      const lastEdge = this.#squaredEdges[last]!;
      // The mean square stretch is the Dirichlet energy by cotangents (Pinkall and Polthier, 1993) over the area.
      const dirichlet =
        -((nx * lx + ny * ly) * ownEdge + (ax * lx + ay * ly) * nextEdge + (ax * nx + ay * ny) * lastEdge);
      const stretch = dirichlet / (area * area);
      const weight = this.#weights[t]!;
      energy += weight * stretch * stretch;
      const factor = 2 * weight * stretch / (area * area);
      const shrink = 2 * dirichlet * turn / area;
      gx += factor * ((nx - lx) * ownEdge + ax * (nextEdge - lastEdge) + shrink * ay);
      gy += factor * ((ny - ly) * ownEdge + ay * (nextEdge - lastEdge) - shrink * ax);
    }
    this.#gradient[0] = gx;
    this.#gradient[1] = gy;
    return energy;
  }
}

/** A mode with an independent coefficient of mean 0 adds its own squared edges times the coefficient's variance. */
function expectedSquaredEdges(triangles: Uint32Array, shapes: readonly Float32Array[], grain: number): Float64Array {
  const squared = new Float64Array(triangles.length).fill(grain * grain);
  for (const shape of shapes) {
    for (let corner = 0; corner < triangles.length; corner++) {
      const t = corner - corner % 3;
      const [a, b] = [3 * triangles[t + (corner + 1) % 3]!, 3 * triangles[t + (corner + 2) % 3]!];
      squared[corner]! += (shape[a]! - shape[b]!) ** 2 + (shape[a + 1]! - shape[b + 1]!) ** 2 +
        (shape[a + 2]! - shape[b + 2]!) ** 2;
    }
  }
  return squared;
}

/** [vertexCount], radians: how far the triangles around a vertex bend away from their neighbors, on average. */
function foldAngles(triangles: Uint32Array, positions: Float32Array): Float64Array {
  const vertexCount = positions.length / 3;
  const normals = faceNormals(triangles, positions);
  const across = new Map<number, number>();
  triangles.forEach((from, corner) => {
    const t = Math.floor(corner / 3);
    across.set(from * vertexCount + triangles[3 * t + (corner + 1) % 3]!, t);
  });
  const sums = new Float64Array(vertexCount);
  const counts = new Float64Array(vertexCount);
  for (let t = 0; t < triangles.length / 3; t++) {
    const corners = triangles.subarray(3 * t, 3 * t + 3);
    let sharpest = 0;
    for (let i = 0; i < 3; i++) {
      const other = across.get(corners[(i + 1) % 3]! * vertexCount + corners[i]!);
      if (other === undefined) continue;
      let cosine = 0;
      for (let axis = 0; axis < 3; axis++) cosine += normals[3 * t + axis]! * normals[3 * other + axis]!;
      sharpest = Math.max(sharpest, Math.acos(clamp(cosine, -1, 1)));
    }
    for (const v of corners) {
      sums[v]! += sharpest;
      counts[v]!++;
    }
  }
  return sums.map((sum, v) => sum / Math.max(1, counts[v]!));
}

/** [triangleCount, 3], of length 1, or 0 for triangles without area. */
function faceNormals(triangles: Uint32Array, positions: Float32Array): Float64Array {
  const normals = new Float64Array(triangles.length);
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = pointAt(triangles, t / 3).map((vertex) => pointAt(positions, vertex)) as [Vec3, Vec3, Vec3];
    normals.set(unit(cross(minus(b, a), minus(c, a))), t);
  }
  return normals;
}

/** The area of a triangle with these sides; 0 where they do not meet. */
function heronArea(a: number, b: number, c: number): number {
  const half = (a + b + c) / 2;
  return Math.sqrt(Math.max(0, half * (half - a) * (half - b) * (half - c)));
}
