import { type FloatImage, linearToPhoto } from "@/lib/geometry/color.ts";
import { type Raster, rasterize } from "@/lib/geometry/rasterize.ts";
import { sampleTexture } from "@/lib/geometry/sample_texture.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { uvMesh } from "@/lib/geometry/uv_mesh.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { lightVisibility } from "@/lib/geometry/visibility.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Mesh } from "@/lib/types.ts";

/** Where a mesh in a photo's pixels takes its colors from. */
export interface PhotoTexture {
  readonly mesh: Mesh;
  /** [vertexCount], how much of the photo's own color is used, from 0 (the photo does not show it) to 1. */
  readonly trust: Float32Array;
  /** [vertexCount, 3], the place that mirrors each vertex, in the photo's pixels. */
  readonly mirrored: Float32Array;
  /** [vertexCount, 3], linear light: the photo's color there. */
  readonly mirroredColors: Float32Array;
  /** [vertexCount], how much of what is not trusted takes its details from the place that mirrors it. */
  readonly mirrorShare: Float32Array;
  /** [vertexCount, 3], linear light: the color of what is not trusted. */
  readonly fill: Float32Array;
  /** [vertexCount, 3], linear light: the colors at the vertices. */
  readonly colors: Float32Array;
}

export interface PhotoTextureOptions {
  /** [vertexCount, 2], of a layout that is symmetric about u = 0.5: then what is hidden takes the other side's color. */
  readonly mirrorUv?: Float32Array | undefined;
  /** The first of the vertices that close an opening: one looks into it from the front, whatever stands before it. */
  readonly capStart?: number;
}

/**
 * The photo's colors on a mesh. What the photo does not show, or shows at a grazing angle, goes on from the colors beside
 * it, and changes from place to place as the other side does where that is seen, so that no seam shows, whichever side the
 * light comes from (Pérez et al., Poisson Image Editing, SIGGRAPH 2003, equation 3, of logarithms of light on a mesh).
 */
export function photoTexture(
  { positions, triangles }: Mesh,
  image: FloatImage,
  options: PhotoTextureOptions = {},
): PhotoTexture {
  return photoTextures({ triangles, vertexCount: positions.length / 3 }, options)(positions, image);
}

/**
 * As {@linkcode photoTexture}, of many meshes of the same triangles: what these alone say is worked out once. Given the
 * texture of the same face a moment before, what is not trusted goes on from how it was then, in less time.
 */
export function photoTextures(
  { triangles, vertexCount }: { readonly triangles: Uint32Array; readonly vertexCount: number },
  { mirrorUv, capStart = Infinity }: PhotoTextureOptions = {},
): (positions: Float32Array, image: FloatImage, before?: PhotoTexture) => PhotoTexture {
  const neighbors = neighborsOf(triangles, vertexCount);
  const across = mirrorUv && mirrorPlaces({ uv: mirrorUv, triangles });
  return (positions, image, before) => {
    const mesh = { positions, triangles };
    const trust = trustOfVertices(mesh, image, capStart);
    const known = Uint8Array.from(trust, (value) => value >= TRUSTED ? 1 : 0);
    const { mirrored, mirrorShare } = across
      ? mirroredVertices(positions, trust, across)
      : { mirrored: positions, mirrorShare: new Float32Array(vertexCount) };
    const own = colorsAt(positions, image);
    const mirroredColors = across ? colorsAt(mirrored, image) : own;
    const guide = { values: mirroredColors.map(toLog), shares: mirrorShare };
    const values = own.map((color, i) => toLog(before && known[Math.floor(i / 3)] === 0 ? before.colors[i]! : color));
    const fill = spread(values, { known, neighbors, guide, isBegun: before !== undefined }).map(fromLog);
    const colors = own.map((color, i) => {
      const share = trust[Math.floor(i / 3)]!;
      return share * color + (1 - share) * fill[i]!;
    });
    return { mesh, trust, mirrored, mirroredColors, mirrorShare, fill, colors };
  };
}

/** Added to light before its logarithm is taken: in the dark, noise would be large there. */
const DARK = 0.02;
const toLog = (light: number) => Math.log(light + DARK);
const fromLog = (value: number) => Math.max(0, Math.exp(value) - DARK);

/** The cosine of the angle between surface and camera where the photo's color starts to be used, and where it alone is. */
const [GRAZING, FACING] = [0.2, 0.45];
const TRUSTED = 0.5;

/** Writes the color that a sample of a raster of the mesh has. */
export function textureShader(
  { mesh: { positions, triangles }, trust, mirrored, mirroredColors, mirrorShare, fill }: PhotoTexture,
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
    const share = scalar(mirrorShare);
    for (let axis = 0; axis < 3; axis++) {
      const detail = (other[axis]! + DARK) / (vector(mirroredColors, axis) + DARK); // between vertices
      const rest = vector(fill, axis) * (1 + share * (Math.min(detail, MOST_DETAIL) - 1));
      color[axis] = own * color[axis]! + (1 - own) * rest;
    }
  };
}

const MOST_DETAIL = 3;

/** [vertexCount, 3], sRGB bytes: the colors at the vertices. */
export function vertexColors({ colors, trust }: PhotoTexture): Uint8Array {
  return linearToPhoto({ width: trust.length, height: 1, rgb: colors }).rgb;
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
    const facing = inside ? smoothstep(GRAZING, FACING, normals[3 * v + 2]!) : 0;
    trust[v] = v >= capStart ? facing : trust[v]! * facing;
  }
  return trust;
}

/** The trust from which on the other side's details are taken as they are. */
const WORTH = 0.5;
/** Texels a side: about three between the vertices of a face. */
const UV_SIZE = 512;
/** Where to look for a point: the center of its own texel is outside of the layout where it lies on an edge. */
const beside = [[0, 0], [-1, 0], [0, -1], [-1, -1]] as const;

/** For each vertex that has one, the place whose UV is mirrored about u = 0.5: three vertices and their shares. */
function mirrorPlaces({ uv, triangles }: { readonly uv: Float32Array; readonly triangles: Uint32Array }): MeshPlaces {
  const flat = uvMesh({ uv, triangles }, UV_SIZE);
  const raster = rasterize(flat, { width: UV_SIZE, height: UV_SIZE });
  const texelAt = (value: number) => clamp(Math.floor(value), 0, UV_SIZE - 1);
  const places: MeshPlaces = {
    vertices: new Uint32Array(uv.length / 2 * 3),
    weights: new Float32Array(uv.length / 2 * 3),
  };
  for (let v = 0; v < uv.length / 2; v++) {
    const [x, y] = [UV_SIZE - flat.positions[3 * v]!, flat.positions[3 * v + 1]!];
    const texel = beside.map(([dx, dy]) => texelAt(y + dy) * UV_SIZE + texelAt(x + dx)).find((k) =>
      raster.triangle[k]! >= 0
    );
    if (texel === undefined) continue;
    const corner = 3 * raster.triangle[texel]!;
    places.vertices.set(triangles.subarray(corner, corner + 3), 3 * v);
    places.weights.set(raster.weights.subarray(3 * texel, 3 * texel + 3), 3 * v);
  }
  return places;
}

/** Places on a mesh, each between three of its vertices; one whose weights are 0 is nowhere. */
interface MeshPlaces {
  /** [count, 3] */
  readonly vertices: Uint32Array;
  /** [count, 3] */
  readonly weights: Float32Array;
}

/** Where each vertex's mirror image lies, itself where it has none, and how much to take of its color. */
function mirroredVertices(
  positions: Float32Array,
  trust: Float32Array,
  { vertices, weights }: MeshPlaces,
): Pick<PhotoTexture, "mirrored" | "mirrorShare"> {
  const mirrored = positions.slice(), mirrorShare = new Float32Array(trust.length);
  for (let i = 0; i < positions.length; i += 3) {
    const [a, b, c] = [vertices[i]!, vertices[i + 1]!, vertices[i + 2]!];
    const [wa, wb, wc] = [weights[i]!, weights[i + 1]!, weights[i + 2]!];
    if (wa + wb + wc === 0) continue;
    for (let axis = 0; axis < 3; axis++) {
      mirrored[i + axis] = wa * positions[3 * a + axis]! + wb * positions[3 * b + axis]! +
        wc * positions[3 * c + axis]!;
    }
    mirrorShare[i / 3] = smoothstep(0, WORTH, wa * trust[a]! + wb * trust[b]! + wc * trust[c]!);
  }
  return { mirrored, mirrorShare };
}

/** The vertices beside each vertex. */
interface Neighbors {
  /** [vertexCount + 1], where each vertex's begin, and the end. */
  readonly starts: Uint32Array;
  readonly list: Uint32Array;
  /** How many triangles both are of. */
  readonly counts: Uint8Array;
}

function neighborsOf(triangles: Uint32Array, vertexCount: number): Neighbors {
  const starts = new Uint32Array(vertexCount + 1);
  for (const v of triangles) starts[v + 1]! += 2;
  for (let v = 0; v < vertexCount; v++) starts[v + 1]! += starts[v]!;
  const all = new Uint32Array(2 * triangles.length), ends = starts.slice();
  for (let k = 0; k < triangles.length; k++) {
    const v = triangles[k]!, start = k - k % 3;
    all[ends[v]!++] = triangles[start + (k + 1) % 3]!;
    all[ends[v]!++] = triangles[start + (k + 2) % 3]!;
  }
  const list = new Uint32Array(all.length), counts = new Uint8Array(all.length);
  let end = 0;
  for (let v = 0; v < vertexCount; v++) {
    const own = all.subarray(starts[v], starts[v + 1]).sort();
    starts[v] = end;
    for (let k = 0; k < own.length; k++) {
      if (own[k] !== own[k - 1]) list[end++] = own[k]!;
      counts[end - 1]!++;
    }
  }
  starts[vertexCount] = end;
  return { starts, list: list.slice(0, end), counts: counts.slice(0, end) };
}

interface Spreading {
  /** [vertexCount], 1 where there are values. */
  readonly known: Uint8Array;
  readonly neighbors: Neighbors;
  readonly guide: Guide;
  /** Whether the others have values that are nearly right. */
  readonly isBegun: boolean;
}

/** What values differ by from vertex to vertex where none is known. */
interface Guide {
  /** [vertexCount, 3] */
  readonly values: Float32Array;
  /** [vertexCount], from 0 (values do not differ) to 1 (they differ as these do). */
  readonly shares: Float32Array;
}

/** How often values are evened out, from nothing and from those of a moment before. */
const [PASSES, MORE_PASSES] = [60, 8];

/**
 * Fills unknown vertices of [vertexCount, 3] by rings, from the known ones outwards, then evens out how they differ from
 * the guide; gives the same array. All are those of no light where none is known.
 */
function spread(values: Float32Array, { known, neighbors, guide, isBegun }: Spreading): Float32Array {
  const unknown = Uint32Array.from(known.keys()).filter((v) => known[v] === 0);
  const filled = isBegun
    ? new Uint8Array(known.length).fill(1)
    : fillByRings(values, { known, neighbors, guide, unknown });
  const all = offers(unknown, { from: filled, neighbors, guide });
  for (let pass = 0; pass < (isBegun ? MORE_PASSES : PASSES); pass++) follow(values, all);
  return values;
}

/** Gives, [vertexCount], 1 where there are values now. */
function fillByRings(
  values: Float32Array,
  { known, neighbors, guide, unknown }: Omit<Spreading, "isBegun"> & { readonly unknown: Uint32Array },
): Uint8Array {
  for (const v of unknown) values.fill(toLog(0), 3 * v, 3 * v + 3);
  const filled = known.slice();
  for (let empty = unknown; empty.length > 0;) {
    const reached = follow(values, offers(empty, { from: filled, neighbors, guide }));
    if (reached.length === 0) break;
    for (const v of reached) filled[v] = 1;
    empty = empty.filter((v) => filled[v] === 0);
  }
  return filled;
}

/** How strongly a vertex that differs as the guide does is also drawn to it, beside one neighbor. */
const PULL = 0.2;
/** The most that such a vertex may be off the guide: what is next to it may be a highlight, or the background. */
const MOST_OFF = 2;

/** What the neighbors of vertices say that these are, but for the neighbors' own values: those may change. */
interface Offers {
  /** The vertices that have neighbors with values. */
  readonly to: Uint32Array;
  /** [to.length + 1], where each one's begin, and the end. */
  readonly starts: Uint32Array;
  readonly neighbors: Uint32Array;
  /** [neighbors.length], weight of each neighbor's value in the mean. */
  readonly shares: Float32Array;
  /** [to.length, 3], what the guide adds to that mean. */
  readonly offsets: Float32Array;
  /** [to.length, 3], the guide's own values. */
  readonly guides: Float32Array;
  /** [to.length], how far a vertex may be off the guide. */
  readonly most: Float32Array;
}

/**
 * Each vertex is what its neighbors say on average that it is: what they are, and what the guide differs by.
 *
 * @param to the vertices that are asked about
 * @param from [vertexCount], 1 where a vertex counts
 */
function offers(
  to: Uint32Array,
  { from, neighbors: { starts, list, counts }, guide }: Pick<Spreading, "neighbors" | "guide"> & {
    readonly from: Uint8Array;
  },
): Offers {
  const most = to.reduce((sum, v) => sum + starts[v + 1]! - starts[v]!, 0);
  const made = {
    to: new Uint32Array(to.length),
    starts: new Uint32Array(to.length + 1),
    neighbors: new Uint32Array(most),
    shares: new Float32Array(most),
    offsets: new Float32Array(3 * to.length),
    guides: new Float32Array(3 * to.length),
    most: new Float32Array(to.length),
  };
  let count = 0, end = 0;
  for (const v of to) {
    const ownShare = guide.shares[v]!, first = end;
    let weight = PULL * ownShare;
    for (let k = starts[v]!; k < starts[v + 1]!; k++) {
      if (from[list[k]!] === 0) continue;
      made.neighbors[end] = list[k]!;
      weight += made.shares[end++] = counts[k]!;
    }
    if (end === first) continue;
    for (let k = first; k < end; k++) made.shares[k]! /= weight;
    for (let c = 0; c < 3; c++) {
      const own = guide.values[3 * v + c]!;
      let offset = own;
      for (let k = first; k < end; k++) {
        const other = made.neighbors[k]!, share = Math.min(ownShare, guide.shares[other]!);
        offset -= made.shares[k]! * (share * guide.values[3 * other + c]! + (1 - share) * own);
      }
      made.offsets[3 * count + c] = offset;
      made.guides[3 * count + c] = own;
    }
    made.most[count] = MOST_OFF / ownShare;
    made.to[count++] = v;
    made.starts[count] = end;
  }
  return { ...made, to: made.to.subarray(0, count) };
}

/** Vertices become what their neighbors as they were say; gives those vertices. */
function follow(values: Float32Array, { to, starts, neighbors, shares, offsets, guides, most }: Offers): Uint32Array {
  const means = new Float32Array(3 * to.length);
  for (let n = 0, i = 0; n < to.length; n++, i += 3) {
    let red = offsets[i]!, green = offsets[i + 1]!, blue = offsets[i + 2]!;
    for (let k = starts[n]!, end = starts[n + 1]!; k < end; k++) {
      const share = shares[k]!, other = 3 * neighbors[k]!;
      red += share * values[other]!;
      green += share * values[other + 1]!;
      blue += share * values[other + 2]!;
    }
    means[i] = within(red, guides[i]!, most[n]!);
    means[i + 1] = within(green, guides[i + 1]!, most[n]!);
    means[i + 2] = within(blue, guides[i + 2]!, most[n]!);
  }
  for (let n = 0; n < to.length; n++) values.set(means.subarray(3 * n, 3 * n + 3), 3 * to[n]!);
  return to;
}

function within(value: number, middle: number, reach: number): number {
  return clamp(value, middle - reach, middle + reach);
}
