import { readingTexels, type UvLayout } from "@/lib/data/uv_layout.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import type { PositionMap, Vec3 } from "@/lib/types.ts";

/**
 * How much of its error each vertex takes back in each pass of {@linkcode bakePositionMap}; the last passes share out
 * what vertices that crowd one texel cannot all have. Kaczmarz's method, relaxed; chosen by the largest error left.
 */
const PASSES = [1, 0.7, 0.5];

/**
 * The position map of a surface, z moved so that its farthest vertex is at 0.
 *
 * A texel starts at its own point of the surface, and is then moved, by parts of a pixel, so that reading the map at
 * the vertices gives the vertices: bilinear reading rounds off edges and folds otherwise.
 *
 * @param surface [surface vertexCount, 3], x, y, z in crop pixels
 * @param out a map of this layout to write into
 */
export function bakePositionMap(
  layout: UvLayout,
  surface: Float32Array,
  out: PositionMap = { size: layout.size, positions: new Float32Array(3 * layout.size * layout.size) },
): PositionMap {
  const vertexCount = layout.reading.texel.length;
  if (surface.length !== 3 * vertexCount || out.size !== layout.size) {
    throw new TypeError(
      `Cannot bake ${surface.length / 3} vertices into a map of ${out.size} texels a side: ` +
        `the layout has ${vertexCount} vertices and ${layout.size} texels`,
    );
  }
  const farthest = farthestDepth(surface);
  interpolate(layout, surface, farthest, out.positions);
  PASSES.forEach((share, pass) => fitVertices(layout, surface, { farthest, share, backwards: pass % 2 === 1, out }));
  fillRest(layout, out.positions);
  return out;
}

/** Undoes {@linkcode bakePositionMap}: [surface vertexCount, 3], in crop pixels. */
export function readVertices(map: PositionMap, surface: Pick<FaceSurface, "uv">): Float32Array {
  const { texel, weights } = readingTexels(surface.uv, map.size);
  const [right, down] = [3, 3 * map.size];
  const vertices = new Float32Array(3 * texel.length);
  for (let v = 0; v < texel.length; v++) {
    for (let axis = 0; axis < 3; axis++) {
      const k = 3 * texel[v]! + axis;
      vertices[3 * v + axis] = weights[4 * v]! * map.positions[k]! + weights[4 * v + 1]! * map.positions[k + right]! +
        weights[4 * v + 2]! * map.positions[k + down]! + weights[4 * v + 3]! * map.positions[k + right + down]!;
    }
  }
  return vertices;
}

/** [68, 3], in crop pixels, in Multi-PIE order. */
export function readLandmarks(
  map: PositionMap,
  { uv, landmarks }: Pick<FaceSurface, "uv" | "landmarks">,
): Float32Array {
  const landmarkUv = Float32Array.from({ length: 2 * landmarks.length }, (_, i) => uv[2 * landmarks[i >> 1]! + i % 2]!);
  return readVertices(map, { uv: landmarkUv });
}

function farthestDepth(surface: Float32Array): number {
  let farthest = Infinity;
  for (let i = 2; i < surface.length; i += 3) if (surface[i]! < farthest) farthest = surface[i]!;
  return farthest;
}

function interpolate(layout: UvLayout, surface: Float32Array, farthest: number, map: Float32Array): void {
  const { triangle, weights, corners } = layout;
  for (let texel = 0, k = 0; texel < triangle.length; texel++, k += 3) {
    if (triangle[texel]! < 0) continue;
    const a = corners[k]!, b = corners[k + 1]!, c = corners[k + 2]!;
    const wa = weights[k]!, wb = weights[k + 1]!, wc = weights[k + 2]!;
    map[k] = wa * surface[a]! + wb * surface[b]! + wc * surface[c]!;
    map[k + 1] = wa * surface[a + 1]! + wb * surface[b + 1]! + wc * surface[c + 1]!;
    map[k + 2] = wa * surface[a + 2]! + wb * surface[b + 2]! + wc * surface[c + 2]! - farthest;
  }
}

function fillRest({ valid, nearest }: UvLayout, map: Float32Array): void {
  for (let texel = 0; texel < valid.length; texel++) {
    if (valid[texel]) continue;
    const k = 3 * nearest[texel]!;
    map[3 * texel] = map[k]!;
    map[3 * texel + 1] = map[k + 1]!;
    map[3 * texel + 2] = map[k + 2]!;
  }
}

/** Moves the four texels of each vertex, as little as will do, towards reading `share` of the way to the vertex. */
function fitVertices(
  { size, reading: { texel, weights } }: UvLayout,
  surface: Float32Array,
  { farthest, share, backwards, out }: { farthest: number; share: number; backwards: boolean; out: PositionMap },
): void {
  const map = out.positions;
  const down = 3 * size;
  const count = texel.length;
  for (let i = 0; i < count; i++) {
    const v = backwards ? count - 1 - i : i;
    const w0 = weights[4 * v]!;
    const w1 = weights[4 * v + 1]!;
    const w2 = weights[4 * v + 2]!;
    const w3 = weights[4 * v + 3]!;
    const step = share / (w0 * w0 + w1 * w1 + w2 * w2 + w3 * w3);
    // x, y and z of the upper left, upper right, lower left and lower right texel.
    const a = 3 * texel[v]!, b = a + 3, c = a + down, d = c + 3;
    const ax = map[a]!, bx = map[b]!, cx = map[c]!, dx = map[d]!;
    const ay = map[a + 1]!, by = map[b + 1]!, cy = map[c + 1]!, dy = map[d + 1]!;
    const az = map[a + 2]!, bz = map[b + 2]!, cz = map[c + 2]!, dz = map[d + 2]!;
    const moveX = step * (surface[3 * v]! - (w0 * ax + w1 * bx + w2 * cx + w3 * dx));
    const moveY = step * (surface[3 * v + 1]! - (w0 * ay + w1 * by + w2 * cy + w3 * dy));
    const moveZ = step * (surface[3 * v + 2]! - farthest - (w0 * az + w1 * bz + w2 * cz + w3 * dz));
    map[a] = ax + w0 * moveX;
    map[a + 1] = ay + w0 * moveY;
    map[a + 2] = az + w0 * moveZ;
    map[b] = bx + w1 * moveX;
    map[b + 1] = by + w1 * moveY;
    map[b + 2] = bz + w1 * moveZ;
    map[c] = cx + w2 * moveX;
    map[c + 1] = cy + w2 * moveY;
    map[c + 2] = cz + w2 * moveZ;
    map[d] = dx + w3 * moveX;
    map[d + 1] = dy + w3 * moveY;
    map[d + 2] = dz + w3 * moveZ;
  }
}

/**
 * How positions become what a network gives, mostly in [0, 1]. "paper" divides by 1.1 crop sides, which leaves nothing
 * left of or above the crop; "centered" has room for half a crop side on every side.
 */
export type PositionEncoding = "paper" | "centered";

/** Encoded 1 is this many crop sides (PRNet's code, `MaxPos`). */
const PAPER_HEADROOM = 1.1;
/** Encoded 0 to 1 spans this many crop sides. */
const CENTERED_SPAN = 2;

export interface EncodingOptions {
  /** The crop's side, in the pixels that positions are in. */
  readonly size: number;
  readonly encoding: PositionEncoding;
}

/** Positions are [n, 3] in crop pixels. `out` may be `positions`. */
export function encodePositions(
  positions: Float32Array,
  options: EncodingOptions,
  out: Float32Array = new Float32Array(positions.length),
): Float32Array {
  const { scale, offsets: [x, y, z] } = encodingOf(options);
  for (let i = 0; i < positions.length; i += 3) {
    out[i] = positions[i]! * scale + x;
    out[i + 1] = positions[i + 1]! * scale + y;
    out[i + 2] = positions[i + 2]! * scale + z;
  }
  return out;
}

/** Undoes {@linkcode encodePositions}. `out` may be `encoded`. */
export function decodePositions(
  encoded: Float32Array,
  options: EncodingOptions,
  out: Float32Array = new Float32Array(encoded.length),
): Float32Array {
  const { scale, offsets: [x, y, z] } = encodingOf(options);
  for (let i = 0; i < encoded.length; i += 3) {
    out[i] = (encoded[i]! - x) / scale;
    out[i + 1] = (encoded[i + 1]! - y) / scale;
    out[i + 2] = (encoded[i + 2]! - z) / scale;
  }
  return out;
}

function encodingOf({ size, encoding }: EncodingOptions): { scale: number; offsets: Vec3 } {
  if (encoding === "paper") return { scale: 1 / (PAPER_HEADROOM * size), offsets: [0, 0, 0] };
  const middle = 0.5 - 0.5 / CENTERED_SPAN; // the crop's center is at 0.5
  return { scale: 1 / (CENTERED_SPAN * size), offsets: [middle, middle, 0] };
}
