import { onceEach } from "@/lib/once_each.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";
import { type ReadingTexels, readingTexels, type UvLayout } from "@/lib/data/maps/uv_layout.ts";
import { type LandmarkConvention, landmarkUv } from "@/lib/face/landmarks.ts";
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
 */
export function bakePositionMap(layout: UvLayout, surface: Float32Array): PositionMap {
  return bake(layout, surface, farthestDepth(surface));
}

/** A {@linkcode bakePositionMap} whose z is not moved: what is made of a sum is the sum of what is made of its parts. */
export function bakeTexels(layout: UvLayout, surface: Float32Array): PositionMap {
  return bake(layout, surface, 0);
}

function bake(layout: UvLayout, surface: Float32Array, farthest: number): PositionMap {
  const { size, reading: { texel: { length: vertexCount } } } = layout;
  if (surface.length !== 3 * vertexCount) {
    throw new TypeError(`Cannot bake ${surface.length / 3} vertices into a map: the layout has ${vertexCount}`);
  }
  const out = new Float32Array(3 * size * size);
  bakerOf(layout).bake(surface, { farthest, out });
  return { size, positions: out };
}

const bakerOf = onceEach((layout: UvLayout) => new Baker(layout));

/** A layout and room for a map in the memory of kernels. */
class Baker {
  readonly #size: number;
  readonly #kernels: Kernels;
  readonly #layout: Pick<UvLayout, "triangle" | "weights" | "corners" | "valid" | "nearest" | "reading">;
  readonly #surface: Float32Array;
  readonly #map: Float32Array;

  constructor({ size, triangle, weights, corners, valid, nearest, reading }: UvLayout) {
    const vertexCount = reading.texel.length;
    const kernels = this.#kernels = new Kernels(48 * size * size + 36 * vertexCount + 10_000);
    this.#size = size;
    this.#layout = {
      triangle: kernels.ints(triangle),
      weights: kernels.floats(weights),
      corners: kernels.words(corners),
      valid: kernels.bytes(valid),
      nearest: kernels.words(nearest),
      reading: { texel: kernels.words(reading.texel), weights: kernels.floats(reading.weights) },
    };
    this.#surface = kernels.floats(3 * vertexCount);
    this.#map = kernels.floats(3 * size * size);
  }

  bake(surface: Float32Array, { farthest, out }: { readonly farthest: number; readonly out: Float32Array }): void {
    const { run } = this.#kernels, size = this.#size, texels = size * size;
    const { triangle, corners, weights, valid, nearest, reading } = this.#layout;
    const map = this.#map, vertices = this.#surface, count = reading.texel.length;
    this.#surface.set(surface);
    run.interpolateTexels(map, texels, triangle, corners, weights, vertices, farthest);
    PASSES.forEach((share, pass) => {
      const [first, step] = pass % 2 === 1 ? [count - 1, -1] : [0, 1];
      const { texel, weights } = reading;
      run.fitTexels(map, size, texel, weights, vertices, farthest, count, first, step, share);
    });
    run.fillTexels(map, texels, valid, nearest);
    out.set(this.#map);
  }
}

/** Undoes {@linkcode bakePositionMap}: [surface vertexCount, 3], in crop pixels. */
export function readVertices(map: PositionMap, surface: Pick<FaceSurface, "uv">): Float32Array {
  return readTexels(map, readingTexels(surface.uv, map.size));
}

/** Vertices, [vertexCount, 3], from the texels that they are read from, for whoever reads many maps. */
export function readTexels({ size, positions }: PositionMap, { texel, weights }: ReadingTexels): Float32Array {
  const down = 3 * size;
  const vertices = new Float32Array(3 * texel.length);
  for (let v = 0, i = 0, w = 0; v < texel.length; v++, w += 4) {
    const w0 = weights[w]!, w1 = weights[w + 1]!, w2 = weights[w + 2]!, w3 = weights[w + 3]!;
    for (let k = 3 * texel[v]!, end = k + 3; k < end; k++, i++) {
      vertices[i] = w0 * positions[k]! + w1 * positions[k + 3]! + w2 * positions[k + down]! +
        w3 * positions[k + down + 3]!;
    }
  }
  return vertices;
}

/** [68, 3], in crop pixels, in Multi-PIE order; in the surface's default convention unless one is named. */
export function readLandmarks(
  map: PositionMap,
  surface: Pick<FaceSurface, "uv" | "landmarks">,
  convention?: LandmarkConvention,
): Float32Array {
  return readVertices(map, { uv: landmarkUv(surface, convention) });
}

/** The least z of points, [n, 3]: what is 0 in a position map. */
export function farthestDepth(surface: Float32Array): number {
  let farthest = Infinity;
  for (let i = 2; i < surface.length; i += 3) if (surface[i]! < farthest) farthest = surface[i]!;
  return farthest;
}

/**
 * How positions become what a network gives, mostly in [0, 1]. "paper" divides by 1.1 crop sides, which leaves nothing
 * left of or above the crop; "centered" has room for half a crop side on every side. "prnet" is "paper" as PRNet's
 * release has it, whose pixels have their middles, not their edges, at whole numbers.
 */
export type PositionEncoding = "paper" | "centered" | "prnet";

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
  const { scale, offsets: [x, y, z] } = positionScale(options);
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
  const { scale, offsets: [x, y, z] } = positionScale(options);
  for (let i = 0; i < encoded.length; i += 3) {
    out[i] = (encoded[i]! - x) / scale;
    out[i + 1] = (encoded[i + 1]! - y) / scale;
    out[i + 2] = (encoded[i + 2]! - z) / scale;
  }
  return out;
}

/** Encoded is scale · pixels + offsets, for x, y and z. */
export function positionScale({ size, encoding }: EncodingOptions): { scale: number; offsets: Vec3 } {
  if (encoding !== "centered") {
    const scale = 1 / (PAPER_HEADROOM * size);
    const offset = encoding === "prnet" ? -0.5 * scale : 0;
    return { scale, offsets: [offset, offset, 0] };
  }
  const middle = 0.5 - 0.5 / CENTERED_SPAN; // the crop's center is at 0.5
  return { scale: 1 / (CENTERED_SPAN * size), offsets: [middle, middle, 0] };
}
