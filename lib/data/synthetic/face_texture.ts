import type { FaceAxes } from "@/lib/data/synthetic/face_axes.ts";
import { boundaryLoops } from "@/lib/geometry/boundary.ts";
import { closeHoles } from "@/lib/geometry/close_holes.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import type { Raster } from "@/lib/geometry/rasterize.ts";
import { sampleTexture } from "@/lib/geometry/sample_texture.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { boundsOf, distanceBetween, dot, minus, pointAt, times } from "@/lib/geometry/vectors.ts";
import { lightVisibility } from "@/lib/geometry/visibility.ts";
import type { Mesh } from "@/lib/types.ts";

/** A face's mesh without openings, and where it takes its colors from. */
export interface TexturedFace {
  /** In the photo's pixels; the first vertices are those of the mesh that was given. */
  readonly mesh: Mesh;
  /** [vertexCount], how much of the photo's own color is used, from 0 (the photo does not show it) to 1. */
  readonly trust: Float32Array;
  /** [vertexCount, 3], the place that mirrors each vertex, in the photo's pixels. */
  readonly mirrored: Float32Array;
  /** [vertexCount], of what is not trusted, how much takes the color of the place that mirrors it. */
  readonly mirrorShare: Float32Array;
  /** [vertexCount], how much brighter each vertex is than the place that mirrors it: light mostly comes from one side. */
  readonly gain: Float32Array;
  /** [vertexCount, 3], linear light: the color of what neither side shows. */
  readonly fill: Float32Array;
  /** [vertexCount], 1 hides what is behind: unseen skin fades out where the mesh ends. */
  readonly opacity: Float32Array;
}

/**
 * The photo's colors on a face's mesh. Its openings, eyes and mouth, are closed, as eyeballs and teeth are no part of
 * it. What the photo does not show, or shows at a grazing angle, takes the color of the same place on the other side of
 * the face, and where that is hidden too, of what is next to it.
 */
export function textureFace(face: Mesh, image: FloatImage, axes: FaceAxes): TexturedFace {
  const { mesh, capStart } = withoutOpenings(face);
  const { positions, triangles } = mesh;
  const trust = trustOf(mesh, image, capStart);
  const colors = new Float32Array(positions.length);
  const color = new Float32Array(3);
  for (let v = 0; v < trust.length; v++) {
    sampleTexture(image, positions[3 * v]!, positions[3 * v + 1]!, color);
    colors.set(color, 3 * v);
  }
  const mirrored = mirrorImage(positions, axes);
  const size = sizeOf(positions);
  const seen = new NearestPoints(positions, [...trust.keys()].filter((v) => trust[v]! >= TRUSTED), size / 40);
  const other = Int32Array.from(trust, (_, v) => seen.nearest(mirrored, v, SAME_PLACE * size));
  const mirrorShare = Float32Array.from(other, (o) => o < 0 ? 0 : 2 * trust[o]! - 1);
  const fill = colors.slice();
  spread(fill, { known: trust.map((value) => value >= TRUSTED ? 1 : 0), triangles, channels: 3 });
  const seenness = trust.map((value, v) => Math.max(value, v >= capStart ? 1 : 0));
  return {
    mesh,
    trust,
    mirrored,
    mirrorShare,
    gain: gains({ colors, trust, other }, triangles),
    fill,
    opacity: fadedAtEdge(mesh, seenness, FADE * size),
  };
}

/** The cosine of the angle between surface and camera where the photo's color starts to be used, and where it alone is. */
const [GRAZING, FACING] = [0.25, 0.55];
const TRUSTED = 0.5;
/** A point and its mirror image are the same place if they are no farther apart than this share of the face's size. */
const SAME_PLACE = 0.04;
/** Share of the face's size over which unseen skin fades out. */
const FADE = 0.08;

/** Writes the color that a sample of a raster of the face has, and returns how much it hides of what is behind. */
export function faceShader(
  { mesh: { positions, triangles }, trust, mirrored, mirrorShare, gain, fill, opacity }: TexturedFace,
  image: FloatImage,
): (k: number, raster: Pick<Raster, "triangle" | "weights">, color: Float32Array) => number {
  const other = new Float32Array(3);
  return (k, { triangle, weights }, color) => {
    const corner = 3 * triangle[k]!;
    const [wa, wb, wc] = [weights[3 * k]!, weights[3 * k + 1]!, weights[3 * k + 2]!];
    const [a, b, c] = [triangles[corner]!, triangles[corner + 1]!, triangles[corner + 2]!];
    const scalar = (values: Float32Array) => wa * values[a]! + wb * values[b]! + wc * values[c]!;
    const vector = (values: Float32Array, axis: number) =>
      wa * values[3 * a + axis]! + wb * values[3 * b + axis]! + wc * values[3 * c + axis]!;
    sampleTexture(image, vector(positions, 0), vector(positions, 1), color);
    const own = scalar(trust);
    if (own < 1) {
      sampleTexture(image, vector(mirrored, 0), vector(mirrored, 1), other);
      const [share, bright] = [scalar(mirrorShare), scalar(gain)];
      for (let axis = 0; axis < 3; axis++) {
        const rest = share * bright * other[axis]! + (1 - share) * vector(fill, axis);
        color[axis] = own * color[axis]! + (1 - own) * rest;
      }
    }
    return scalar(opacity);
  };
}

function trustOf(mesh: Mesh, { width, height }: FloatImage, capStart: number): Float32Array {
  const normals = vertexNormals(mesh);
  const trust = lightVisibility(mesh, [0, 0, 1], { normals, size: 256 });
  for (let v = 0; v < trust.length; v++) {
    const [x, y] = [mesh.positions[3 * v]!, mesh.positions[3 * v + 1]!];
    const inside = x >= 0 && x <= width && y >= 0 && y <= height;
    const cosine = normals[3 * v + 2]!;
    const facing = Math.min(1, Math.max(0, (cosine - GRAZING) / (FACING - GRAZING)));
    // Lids and lips hide parts of the caps behind them; what matters there is that one looks in from the front.
    if (!inside) trust[v] = 0;
    else if (v >= capStart) trust[v] = facing;
    else trust[v]! *= facing * facing * (3 - 2 * facing);
  }
  return trust;
}

/** Eyes and mouth closed: the vertices that do it come last, from `capStart` on. */
function withoutOpenings({ positions, triangles }: Mesh): { mesh: Mesh; capStart: number } {
  const capStart = positions.length / 3;
  const closed = closeHoles(triangles, capStart);
  return { mesh: { positions: closed.extend(positions, 3), triangles: closed.triangles }, capStart };
}

function mirrorImage(positions: Float32Array, { center, across }: FaceAxes): Float32Array {
  const out = new Float32Array(positions.length);
  for (let i = 0; i < positions.length; i += 3) {
    const p = pointAt(positions, i / 3);
    out.set(minus(p, times(across, 2 * dot(minus(p, center), across))), i);
  }
  return out;
}

interface Compared {
  /** [vertexCount, 3] */
  readonly colors: Float32Array;
  readonly trust: Float32Array;
  /** [vertexCount], the vertex that mirrors each, or -1. */
  readonly other: Int32Array;
}

/** The most that one side is taken to be brighter than the other, as a natural logarithm. */
const MOST_GAIN = 0.7;

/** Compares the sides where both are seen, and takes that along, smoothly, to where one is not. */
function gains({ colors, trust, other }: Compared, triangles: Uint32Array): Float32Array {
  const light = (v: number) => 0.3 * colors[3 * v]! + 0.6 * colors[3 * v + 1]! + 0.1 * colors[3 * v + 2]! + 0.01;
  const isKnown = trust.map((value, v) => value >= TRUSTED && other[v]! >= 0 ? 1 : 0);
  const gain = trust.map((_, v) => isKnown[v] ? Math.log(light(v) / light(other[v]!)) : 0);
  const clamped = gain.map((value) => Math.min(MOST_GAIN, Math.max(-MOST_GAIN, value)));
  spread(clamped, { known: isKnown, triangles, channels: 1 });
  const all = new Uint8Array(trust.length).fill(1);
  for (let pass = 0; pass < SMOOTHING_PASSES; pass++) {
    averageNeighbors(clamped, { triangles, channels: 1, from: all, to: () => true });
  }
  return clamped.map(Math.exp);
}

/** 1 but for unseen vertices so near to the mesh's outer edge. */
function fadedAtEdge({ positions, triangles }: Mesh, seenness: Float32Array, width: number): Float32Array {
  const distance = new Float64Array(seenness.length).fill(Infinity);
  for (const v of boundaryLoops(triangles)[0] ?? []) distance[v] = 0;
  for (let grown = true; grown;) {
    grown = false;
    for (let k = 0; k < triangles.length; k++) {
      const v = triangles[k]!, w = triangles[k % 3 === 2 ? k - 2 : k + 1]!;
      const length = distanceBetween(pointAt(positions, v), pointAt(positions, w));
      for (const [a, b] of [[v, w], [w, v]] as const) {
        if (!(distance[a]! + length < Math.min(distance[b]!, width))) continue;
        distance[b] = distance[a]! + length;
        grown = true;
      }
    }
  }
  return seenness.map((value, v) => Math.max(value, Math.min(1, distance[v]! / width)));
}

const SMOOTHING_PASSES = 60;

interface Spreading {
  /** [vertexCount], 1 where there is a value. */
  readonly known: ArrayLike<number>;
  readonly triangles: Uint32Array;
  /** Numbers of a vertex. */
  readonly channels: number;
}

/** Fills unknown vertices by rings, from the known ones outwards, then evens them out. */
function spread(values: Float32Array, { known, triangles, channels }: Spreading): void {
  const filled = Uint8Array.from(known);
  for (let grown = true; grown;) {
    const before = filled.slice();
    grown = averageNeighbors(values, {
      ...{ triangles, channels },
      from: before,
      to: (v) => before[v] === 0,
      done: filled,
    });
  }
  for (let pass = 0; pass < SMOOTHING_PASSES; pass++) {
    averageNeighbors(values, { triangles, channels, from: filled, to: (v) => known[v] === 0 });
  }
}

interface Averaging extends Pick<Spreading, "triangles" | "channels"> {
  readonly from: Uint8Array;
  readonly to: (vertex: number) => boolean;
  /** Marked where a value was written. */
  readonly done?: Uint8Array;
}

/** Each vertex becomes the mean of its neighbors; whether any was there to be changed. */
function averageNeighbors(values: Float32Array, { triangles, channels, from, to, done }: Averaging): boolean {
  const sums = new Float64Array(values.length);
  const counts = new Uint32Array(values.length / channels);
  for (let k = 0; k < triangles.length; k++) {
    const v = triangles[k]!;
    if (!to(v)) continue;
    const start = k - k % 3;
    for (const other of [triangles[start + (k + 1) % 3]!, triangles[start + (k + 2) % 3]!]) {
      if (from[other] === 0) continue;
      counts[v]!++;
      for (let c = 0; c < channels; c++) sums[channels * v + c]! += values[channels * other + c]!;
    }
  }
  let isAny = false;
  counts.forEach((count, v) => {
    if (count === 0) return;
    isAny = true;
    if (done) done[v] = 1;
    for (let c = 0; c < channels; c++) values[channels * v + c] = sums[channels * v + c]! / count;
  });
  return isAny;
}

/** The diagonal of the box around points. */
function sizeOf(positions: Float32Array): number {
  const { low, high } = boundsOf(positions);
  return distanceBetween(low, high);
}

/** Points in cubes of one side, to find near ones. */
class NearestPoints {
  readonly #cells = new Map<string, number[]>();

  constructor(readonly positions: Float32Array, vertices: readonly number[], readonly side: number) {
    for (const v of vertices) {
      const key = [0, 1, 2].map((axis) => Math.floor(positions[3 * v + axis]! / side)).join();
      const cell = this.#cells.get(key);
      if (cell) cell.push(v);
      else this.#cells.set(key, [v]);
    }
  }

  /** The point nearest to the v-th of others, [n, 3]; -1 where none is within the distance. */
  nearest(others: Float32Array, v: number, within: number): number {
    const [x, y, z] = [others[3 * v]!, others[3 * v + 1]!, others[3 * v + 2]!];
    const reach = Math.ceil(within / this.side);
    const [i, j, k] = [x, y, z].map((value) => Math.floor(value / this.side)) as [number, number, number];
    let [found, least] = [-1, within];
    for (let a = i - reach; a <= i + reach; a++) {
      for (let b = j - reach; b <= j + reach; b++) {
        for (let c = k - reach; c <= k + reach; c++) {
          for (const w of this.#cells.get(`${a},${b},${c}`) ?? []) {
            const { positions } = this;
            const distance = Math.hypot(positions[3 * w]! - x, positions[3 * w + 1]! - y, positions[3 * w + 2]! - z);
            if (distance < least) [found, least] = [w, distance];
          }
        }
      }
    }
    return found;
  }
}
