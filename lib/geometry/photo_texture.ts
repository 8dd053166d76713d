import { type FloatImage, linearToPhoto } from "@/lib/geometry/color.ts";
import { interpolate, type Raster, rasterize } from "@/lib/geometry/rasterize.ts";
import { sampleTexture } from "@/lib/geometry/sample_texture.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { uvMesh } from "@/lib/geometry/uv_mesh.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { lightVisibility } from "@/lib/geometry/visibility.ts";
import type { Mesh } from "@/lib/types.ts";

/** Where a mesh in a photo's pixels takes its colors from. */
export interface PhotoTexture {
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
}

export interface PhotoTextureOptions {
  /** [vertexCount, 2], of a layout that is symmetric about u = 0.5: then what is hidden takes the other side's color. */
  readonly mirrorUv?: Float32Array | undefined;
  /** The first of the vertices that close an opening: one looks into it from the front, whatever stands before it. */
  readonly capStart?: number;
}

/**
 * The photo's colors on a mesh. What the photo does not show, or shows at a grazing angle, takes the color of the same
 * place on the other side, and where that is hidden too, of what is next to it.
 */
export function photoTexture(mesh: Mesh, image: FloatImage, options: PhotoTextureOptions = {}): PhotoTexture {
  const { mirrorUv, capStart = Infinity } = options;
  const { positions, triangles } = mesh;
  const trust = trustOfVertices(mesh, image, capStart);
  const known = Uint8Array.from(trust, (value) => value >= TRUSTED ? 1 : 0);
  const fill = colorsAt(positions, image);
  const { mirrored, mirrorShare } = mirrorUv
    ? mirroredPlaces(positions, trust, { uv: mirrorUv, triangles })
    : { mirrored: positions, mirrorShare: new Float32Array(trust.length) };
  const neighbors = neighborsOf(triangles, trust.length);
  const gain = gains(
    [fill, colorsAt(mirrored, image)],
    known.map((is, v) => is && mirrorShare[v] === 1 ? 1 : 0),
    neighbors,
  );
  spread(fill, { known, neighbors, channels: 3 });
  return { mesh, trust, mirrored, mirrorShare, gain, fill };
}

/** The cosine of the angle between surface and camera where the photo's color starts to be used, and where it alone is. */
const [GRAZING, FACING] = [0.2, 0.45];
const TRUSTED = 0.5;

/** How far a photo's color is to be believed where the surface turns to it so, a cosine: from 0 to 1. */
export function trustOf(facing: number): number {
  return smoothstep(GRAZING, FACING, facing);
}

/** Writes the color that a sample of a raster of the mesh has. */
export function textureShader(
  { mesh: { positions, triangles }, trust, mirrored, mirrorShare, gain, fill }: PhotoTexture,
  image: FloatImage,
): (k: number, raster: Pick<Raster, "triangle" | "weights">, color: Float32Array) => void {
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
    if (own === 1) return;
    sampleTexture(image, vector(mirrored, 0), vector(mirrored, 1), other);
    const [share, bright] = [scalar(mirrorShare), scalar(gain)];
    for (let axis = 0; axis < 3; axis++) {
      const rest = share * bright * other[axis]! + (1 - share) * vector(fill, axis);
      color[axis] = own * color[axis]! + (1 - own) * rest;
    }
  };
}

/** [vertexCount, 3], sRGB bytes: the colors at the vertices. */
export function vertexColors(texture: PhotoTexture, image: FloatImage): Uint8Array {
  const { trust, mirrored, mirrorShare, gain, fill, mesh: { positions } } = texture;
  const [rgb, other] = [colorsAt(positions, image), colorsAt(mirrored, image)];
  for (let i = 0; i < rgb.length; i++) {
    const v = Math.floor(i / 3), share = mirrorShare[v]!;
    const rest = share * gain[v]! * other[i]! + (1 - share) * fill[i]!;
    rgb[i] = trust[v]! * rgb[i]! + (1 - trust[v]!) * rest;
  }
  return linearToPhoto({ width: trust.length, height: 1, rgb }).rgb;
}

function colorsAt(places: Float32Array, image: FloatImage): Float32Array {
  const colors = new Float32Array(places.length);
  for (let i = 0; i < places.length; i += 3) {
    sampleTexture(image, places[i]!, places[i + 1]!, colors.subarray(i, i + 3));
  }
  return colors;
}

function trustOfVertices(mesh: Mesh, { width, height }: FloatImage, capStart: number): Float32Array {
  const normals = vertexNormals(mesh);
  const trust = lightVisibility(mesh, [0, 0, 1], { normals, size: 256 });
  for (let v = 0; v < trust.length; v++) {
    const [x, y] = [mesh.positions[3 * v]!, mesh.positions[3 * v + 1]!];
    const inside = x >= 0 && x <= width && y >= 0 && y <= height;
    const facing = inside ? trustOf(normals[3 * v + 2]!) : 0;
    trust[v] = v >= capStart ? facing : trust[v]! * facing;
  }
  return trust;
}

/** The trust from which on the other side's color is better than that of what is next to a place. */
const WORTH = 0.1;
/** Texels a side: about three between the vertices of a face. */
const UV_SIZE = 512;
/** Where to look for a point: the center of its own texel is outside of the layout where it lies on an edge. */
const beside = [[0, 0], [-1, 0], [0, -1], [-1, -1]] as const;

/** For each vertex, the place whose UV is mirrored about u = 0.5, and how much to take of its color. */
function mirroredPlaces(
  positions: Float32Array,
  trust: Float32Array,
  { uv, triangles }: { readonly uv: Float32Array; readonly triangles: Uint32Array },
): Pick<PhotoTexture, "mirrored" | "mirrorShare"> {
  const flat = uvMesh({ uv, triangles }, UV_SIZE);
  const raster = rasterize(flat, { width: UV_SIZE, height: UV_SIZE });
  const mirrored = positions.slice(), mirrorShare = new Float32Array(trust.length), share = new Float32Array(1);
  const texelAt = (value: number) => Math.min(UV_SIZE - 1, Math.max(0, Math.floor(value)));
  for (let v = 0; v < trust.length; v++) {
    const [x, y] = [UV_SIZE - flat.positions[3 * v]!, flat.positions[3 * v + 1]!];
    const texel = beside.map(([dx, dy]) => texelAt(y + dy) * UV_SIZE + texelAt(x + dx)).find((k) =>
      raster.triangle[k]! >= 0
    );
    if (texel === undefined) continue;
    interpolate(raster, texel, { triangles, values: positions }, mirrored.subarray(3 * v, 3 * v + 3));
    interpolate(raster, texel, { triangles, values: trust }, share);
    mirrorShare[v] = Math.min(1, share[0]! / WORTH);
  }
  return { mirrored, mirrorShare };
}

/** The most that one side is taken to be brighter than the other, as a natural logarithm. */
const MOST_GAIN = 0.7;
/** Shares of the vertices that both sides must show for their difference to count not at all, and in full. */
const [FEW, ENOUGH] = [0.05, 0.2];

/**
 * Compares the sides where both are seen, and takes that along, smoothly, to where one is not. From the side, the little
 * that both show, such as the nose's ridge with its highlights, is no guide.
 */
function gains(
  [own, other]: readonly [Float32Array, Float32Array],
  known: Uint8Array,
  neighbors: Neighbors,
): Float32Array {
  const light = (colors: Float32Array, v: number) =>
    0.3 * colors[3 * v]! + 0.6 * colors[3 * v + 1]! + 0.1 * colors[3 * v + 2]! + 0.01;
  const share = known.reduce((sum, is) => sum + is, 0) / known.length;
  const weight = Math.min(1, Math.max(0, (share - FEW) / (ENOUGH - FEW)));
  const gain = Float32Array.from(known, (is, v) => is ? weight * Math.log(light(own, v) / light(other, v)) : 0);
  const clamped = gain.map((value) => Math.min(MOST_GAIN, Math.max(-MOST_GAIN, value)));
  spread(clamped, { known, neighbors, channels: 1 });
  const from = new Uint8Array(known.length).fill(1), to = Uint32Array.from(known.keys());
  for (let pass = 0; pass < SMOOTHING_PASSES; pass++) {
    averageNeighbors(clamped, { neighbors, channels: 1, from, to });
  }
  return clamped.map(Math.exp);
}

const SMOOTHING_PASSES = 60;

/** The vertices beside each vertex, once for each triangle that both are of. */
interface Neighbors {
  /** [vertexCount + 1], where each vertex's begin, and the end. */
  readonly starts: Uint32Array;
  readonly list: Uint32Array;
}

function neighborsOf(triangles: Uint32Array, vertexCount: number): Neighbors {
  const starts = new Uint32Array(vertexCount + 1);
  for (const v of triangles) starts[v + 1]! += 2;
  for (let v = 0; v < vertexCount; v++) starts[v + 1]! += starts[v]!;
  const list = new Uint32Array(2 * triangles.length), ends = starts.slice();
  for (let k = 0; k < triangles.length; k++) {
    const v = triangles[k]!, start = k - k % 3;
    list[ends[v]!++] = triangles[start + (k + 1) % 3]!;
    list[ends[v]!++] = triangles[start + (k + 2) % 3]!;
  }
  return { starts, list };
}

interface Spreading {
  /** [vertexCount], 1 where there is a value. */
  readonly known: Uint8Array;
  readonly neighbors: Neighbors;
  /** Numbers of a vertex. */
  readonly channels: 1 | 3;
}

/** Fills unknown vertices by rings, from the known ones outwards, then evens them out; all are 0 where none is known. */
function spread(values: Float32Array, { known, neighbors, channels }: Spreading): void {
  for (let i = 0; i < values.length; i++) if (known[Math.floor(i / channels)] === 0) values[i] = 0;
  const unknown = Uint32Array.from(known.keys()).filter((v) => known[v] === 0);
  const filled = known.slice();
  for (let empty = unknown; empty.length > 0;) {
    const reached = averageNeighbors(values, { neighbors, channels, from: filled, to: empty });
    if (reached.length === 0) break;
    for (const v of reached) filled[v] = 1;
    empty = empty.filter((v) => filled[v] === 0);
  }
  for (let pass = 0; pass < SMOOTHING_PASSES; pass++) {
    averageNeighbors(values, { neighbors, channels, from: filled, to: unknown });
  }
}

interface Averaging extends Pick<Spreading, "neighbors" | "channels"> {
  /** [vertexCount], 1 where a vertex counts. */
  readonly from: Uint8Array;
  /** The vertices to change. */
  readonly to: Uint32Array;
}

/** Each vertex becomes the mean of its neighbors as they were, where it has any; gives those that did. */
function averageNeighbors(
  values: Float32Array,
  { neighbors: { starts, list }, channels, from, to }: Averaging,
): Uint32Array {
  const means = new Float32Array(channels * to.length), changed = new Uint32Array(to.length);
  let count = 0;
  for (const v of to) {
    let found = 0, red = 0, green = 0, blue = 0; // or of one channel the first
    for (let k = starts[v]!, end = starts[v + 1]!; k < end; k++) {
      const other = list[k]!;
      if (from[other] === 0) continue;
      found++;
      red += values[channels * other]!;
      if (channels === 1) continue;
      green += values[3 * other + 1]!;
      blue += values[3 * other + 2]!;
    }
    if (found === 0) continue;
    means[channels * count] = red / found;
    if (channels === 3) {
      means[3 * count + 1] = green / found;
      means[3 * count + 2] = blue / found;
    }
    changed[count++] = v;
  }
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < channels; c++) values[channels * changed[i]! + c] = means[channels * i + c]!;
  }
  return changed.subarray(0, count);
}
