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
  /** [vertexCount, 3], linear light: the photo's color there. */
  readonly mirroredColors: Float32Array;
  /** [vertexCount], how much of what is not trusted takes its details from the place that mirrors it. */
  readonly mirrorShare: Float32Array;
  /** [vertexCount, 3], linear light: the color of what is not trusted. */
  readonly fill: Float32Array;
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
export function photoTexture(mesh: Mesh, image: FloatImage, options: PhotoTextureOptions = {}): PhotoTexture {
  const { mirrorUv, capStart = Infinity } = options;
  const { positions, triangles } = mesh;
  const trust = trustOfVertices(mesh, image, capStart);
  const known = Uint8Array.from(trust, (value) => value >= TRUSTED ? 1 : 0);
  const { mirrored, mirrorShare } = mirrorUv
    ? mirroredPlaces(positions, trust, { uv: mirrorUv, triangles })
    : { mirrored: positions, mirrorShare: new Float32Array(trust.length) };
  const mirroredColors = colorsAt(mirrored, image);
  const neighbors = neighborsOf(triangles, trust.length);
  const guide = { values: mirroredColors.map(toLog), shares: mirrorShare };
  const fill = spread(colorsAt(positions, image).map(toLog), { known, neighbors, guide }).map(fromLog);
  return { mesh, trust, mirrored, mirroredColors, mirrorShare, fill };
}

/** Added to light before its logarithm is taken: in the dark, noise would be large there. */
const DARK = 0.02;
const toLog = (light: number) => Math.log(light + DARK);
const fromLog = (value: number) => Math.max(0, Math.exp(value) - DARK);

/** The cosine of the angle between surface and camera where the photo's color starts to be used, and where it alone is. */
const [GRAZING, FACING] = [0.2, 0.45];
const TRUSTED = 0.5;

/** How far a photo's color is to be believed where the surface turns to it so, a cosine: from 0 to 1. */
export function trustOf(facing: number): number {
  return smoothstep(GRAZING, FACING, facing);
}

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
export function vertexColors({ trust, fill, mesh: { positions } }: PhotoTexture, image: FloatImage): Uint8Array {
  const rgb = colorsAt(positions, image).map((own, i) => {
    const share = trust[Math.floor(i / 3)]!;
    return share * own + (1 - share) * fill[i]!;
  });
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

/** The trust from which on the other side's details are taken as they are. */
const WORTH = 0.5;
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
    mirrorShare[v] = smoothstep(0, WORTH, share[0]!);
  }
  return { mirrored, mirrorShare };
}

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
  /** [vertexCount], 1 where there are values. */
  readonly known: Uint8Array;
  readonly neighbors: Neighbors;
  readonly guide: Guide;
}

/** What values differ by from vertex to vertex where none is known. */
interface Guide {
  /** [vertexCount, 3] */
  readonly values: Float32Array;
  /** [vertexCount], from 0 (values do not differ) to 1 (they differ as these do). */
  readonly shares: Float32Array;
}

const SMOOTHING_PASSES = 60;

/**
 * Fills unknown vertices of [vertexCount, 3] by rings, from the known ones outwards, then evens out how they differ from
 * the guide; gives the same array. All are those of no light where none is known.
 */
function spread(values: Float32Array, { known, neighbors, guide }: Spreading): Float32Array {
  const unknown = Uint32Array.from(known.keys()).filter((v) => known[v] === 0);
  for (const v of unknown) values.fill(toLog(0), 3 * v, 3 * v + 3);
  const filled = known.slice();
  for (let empty = unknown; empty.length > 0;) {
    const reached = followNeighbors(values, { neighbors, guide, from: filled, to: empty });
    if (reached.length === 0) break;
    for (const v of reached) filled[v] = 1;
    empty = empty.filter((v) => filled[v] === 0);
  }
  for (let pass = 0; pass < SMOOTHING_PASSES; pass++) {
    followNeighbors(values, { neighbors, guide, from: filled, to: unknown });
  }
  return values;
}

interface Following extends Pick<Spreading, "neighbors" | "guide"> {
  /** [vertexCount], 1 where a vertex counts. */
  readonly from: Uint8Array;
  /** The vertices to change. */
  readonly to: Uint32Array;
}

/** How strongly a vertex that differs as the guide does is also drawn to it, beside one neighbor. */
const PULL = 0.2;
/** The most that such a vertex may be off the guide: what is next to it may be a highlight, or the background. */
const MOST_OFF = 2;

/**
 * Each vertex becomes what its neighbors as they were, where it has any, say on average that it is: what they are, and what
 * the guide differs by. Gives those that did.
 */
function followNeighbors(
  values: Float32Array,
  { neighbors: { starts, list }, guide, from, to }: Following,
): Uint32Array {
  const means = new Float32Array(3 * to.length), changed = new Uint32Array(to.length);
  let count = 0;
  for (const v of to) {
    const ownShare = guide.shares[v]!, pull = PULL * ownShare, most = MOST_OFF / ownShare;
    for (let c = 0; c < 3; c++) {
      const own = guide.values[3 * v + c]!;
      let weight = pull, off = 0; // of the guide
      for (let k = starts[v]!, end = starts[v + 1]!; k < end; k++) {
        const other = list[k]!;
        if (from[other] === 0) continue;
        const share = Math.min(ownShare, guide.shares[other]!);
        weight++;
        off += values[3 * other + c]! - share * guide.values[3 * other + c]! - (1 - share) * own;
      }
      means[3 * count + c] = own + Math.min(most, Math.max(-most, off / weight));
      if (c === 2 && weight > pull) changed[count++] = v;
    }
  }
  for (let i = 0; i < count; i++) values.set(means.subarray(3 * i, 3 * i + 3), 3 * changed[i]!);
  return changed.subarray(0, count);
}
