import type { Random } from "@/lib/random.ts";
import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { hairlineHeight, headAxis, smoothstep } from "@/lib/face/fields.ts";
import { materialNames } from "@/lib/face/morphable_model.ts";
import { placeInImage, type Placement, rotatePoints } from "@/lib/geometry/transforms.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";

/** How the hair, or what is worn over it, covers a head; lengths and heights in face units. */
export interface HairStyle {
  readonly kind: "none" | "hair" | "cap" | "beanie";
  /** Of the hairline in front, over the middle one. */
  readonly line: number;
  /** How far the hairline goes back at the temples. */
  readonly recession: number;
  /** How far hair stands off the skull on top, at the sides and behind. */
  readonly volume: readonly [number, number, number];
  /** Height of the ends, at the sides and behind. Ends at the hairline where it is above that. */
  readonly ends: number;
  /** Azimuth from which it hangs down, radians. */
  readonly curtain: number;
  /** Height of the fringe's ends, and the azimuths between which it falls. */
  readonly fringe: number;
  readonly fringeFrom: number;
  readonly fringeTo: number;
  /** Unevenness of the ends, of the surface, and waves along the strands. */
  readonly ragged: number;
  readonly clumps: number;
  readonly waves: number;
  /** Contrast of the strands. */
  readonly strands: number;
  /** How much of the scalp hair hides where its own mesh does not. */
  readonly roots: number;
  readonly seed: number;
}

export function drawHairStyle(random: Random): HairStyle {
  const style = {
    kind: "hair" as HairStyle["kind"],
    line: random.normal() * 0.05,
    recession: random.chance(0.25) ? random.uniform(0.1, 0.4) : random.uniform(0, 0.1),
    volume: [random.uniform(0.02, 0.16), random.uniform(0.01, 0.07), random.uniform(0.03, 0.12)] as [
      number,
      number,
      number,
    ],
    ends: 9,
    curtain: 1.3,
    fringe: 9,
    fringeFrom: 0,
    fringeTo: 0,
    ragged: random.uniform(0.01, 0.12),
    clumps: random.uniform(0.1, 0.5),
    waves: random.chance(0.4) ? random.uniform(0.01, 0.06) : 0,
    strands: random.uniform(0.15, 0.6),
    roots: 0.9,
    seed: random.integer(0, 2 ** 20),
  };
  const kind = random.next();
  if (kind < 0.14) return { ...style, kind: "none", roots: random.chance(0.4) ? 0 : random.uniform(0.05, 0.9) };
  if (kind < 0.2) return { ...style, ...drawCap(random) };
  if (random.chance(0.42)) { // a fringe
    const [middle, half] = random.chance(0.5) ? [0, 1.1] : [random.normal() * 0.5, random.uniform(0.4, 0.9)];
    style.fringe = random.uniform(0.28, 0.75);
    style.fringeFrom = middle - half;
    style.fringeTo = middle + half;
  }
  if (kind < 0.5) return style; // short
  if (kind < 0.58) { // a ball of curls
    const volume = random.uniform(0.15, 0.6);
    return {
      ...style,
      volume: [volume, volume * 0.8, volume],
      clumps: random.uniform(0.3, 0.9),
      waves: 0.05,
      strands: 0.3,
    };
  }
  const long = random.chance(0.6);
  const volume = random.uniform(0.04, 0.2);
  return {
    ...style,
    volume: [random.uniform(0.04, 0.2), volume, volume],
    ends: long ? random.uniform(-2.6, -1.3) : random.uniform(-1.2, -0.3),
    curtain: random.chance(0.65) ? random.uniform(0.85, 1.35) : random.uniform(1.6, 2.1),
    recession: 0,
    ragged: random.uniform(0.03, 0.35),
  };
}

function drawCap(random: Random): Partial<HairStyle> {
  const volume = random.uniform(0.05, 0.14);
  const shared = { volume: [volume * 1.5, volume, volume] as const, ragged: 0, clumps: 0.03, recession: 0, waves: 0 };
  return random.chance(0.5)
    ? { ...shared, kind: "beanie", line: random.uniform(-0.35, -0.05), strands: random.uniform(0, 0.3) }
    : { ...shared, kind: "cap", line: random.uniform(-0.35, -0.12), strands: 0.04 };
}

const COLUMNS = 120;
const SKULL_ROWS = 14;
const HANGING_ROWS = 12;
const ROWS = SKULL_ROWS + HANGING_ROWS;
const RAYS = 48;
const FARTHEST_POLAR = 150 * Math.PI / 180;

/** Vertices of {@linkcode HairRig.shape}, and where their strand lies: columns go around the head. */
export const hairVertexCount = (COLUMNS + 1) * ROWS;

/** Puts hair on the heads of one model: a sheet from the crown down to the hair's ends, all around the head. */
export class HairRig {
  /** [n, 3] */
  readonly triangles: Uint32Array;
  /** [hairVertexCount, 3], outward, in image space after {@linkcode HairRig.shape}. */
  readonly normals = new Float32Array(3 * hairVertexCount);
  /** [hairVertexCount, 3], along the strands, likewise. */
  readonly tangents = new Float32Array(3 * hairVertexCount);
  /** [hairVertexCount], from 0 in the depth of the hair to 1. */
  readonly openness = new Float32Array(hairVertexCount);
  readonly #atlas: FaceAtlas;
  /** [COLUMNS + 1, RAYS], the model's triangle where a ray from the head's middle leaves it, or -1. */
  readonly #hits: Int32Array;
  readonly #weights: Float32Array;
  /** [COLUMNS + 1, RAYS, 3], in face units, of the mean face. */
  readonly #mean: Float32Array;
  readonly #points: Float32Array;
  readonly #fallback: Float32Array;
  /** [COLUMNS + 1], how far the head reaches out beside the ears. */
  readonly #reach: Float32Array;
  readonly #axis: { readonly y: number; readonly z: number };

  constructor(atlas: FaceAtlas) {
    this.#atlas = atlas;
    this.#axis = headAxis(atlas.landmarks);
    const count = (COLUMNS + 1) * RAYS;
    this.#hits = new Int32Array(count).fill(-1);
    this.#weights = new Float32Array(3 * count);
    this.#mean = new Float32Array(3 * count);
    this.#points = new Float32Array(3 * count);
    this.#castRays();
    this.#fallback = this.#mean.map((value, i) => value * atlas.unit + atlas.origin[i % 3]!);
    this.#reach = Float32Array.from({ length: COLUMNS + 1 }, (_, column) => {
      let reach = 0;
      for (let ray = 0; ray < RAYS; ray++) {
        const i = 3 * (column * RAYS + ray);
        const [x, y, z] = [this.#mean[i]!, this.#mean[i + 1]!, this.#mean[i + 2]! - this.#axis.z];
        if (y > -0.5) reach = Math.max(reach, Math.hypot(x, z));
      }
      return reach;
    });
    this.triangles = gridTriangles();
  }

  /**
   * Writes the hair's vertices, [hairVertexCount, 3], into `out`, in image space; `positions` are the model's vertices
   * there and `placement` is how they came there.
   */
  shape(
    style: HairStyle,
    { positions, placement }: { positions: Float32Array; placement: Placement },
    out: Float32Array,
  ): void {
    this.#followSkull(positions, placement);
    const { strandNoise, bumps } = hairNoise(style.seed);
    const pixels = this.#atlas.unit * placement.scale;
    const frame = headFrame(placement);
    for (let column = 0; column <= COLUMNS; column++) {
      const azimuth = azimuthOf(column);
      const wrapped = column % COLUMNS;
      const noise = strandNoise[wrapped]!;
      const uneven = style.kind === "hair" ? 0.035 * noise : 0;
      const line = this.#rayAtHeight(column, lineHeight(style, azimuth) + uneven);
      const ends = this.#endsOf(style, azimuth, noise);
      const volumeAt = (polar: number) => volumeOf(style, azimuth, polar);
      const lineHeightHere = this.#heightAt(column, line);
      const hangs = ends < lineHeightHere - 0.02;
      for (let row = 0; row < ROWS; row++) {
        const vertex = column * ROWS + row;
        const onSkull = Math.min(1, row / (SKULL_ROWS - 1));
        const down = Math.max(0, row - SKULL_ROWS + 1) / HANGING_ROWS;
        const ray = onSkull * line;
        const bump = 1 + style.clumps * bumps[wrapped * ROWS + Math.min(row, SKULL_ROWS)]!;
        const taper = hangs ? 1 : 0.06 + 0.94 * smoothstep(1, 0.7, onSkull);
        this.#place(vertex, {
          column,
          ray,
          style,
          down,
          ends,
          lineHeightHere,
          offset: volumeAt(ray) * bump * taper,
          pixels,
          frame,
          out,
        });
        this.openness[vertex] = (0.55 + 0.45 * smoothstep(0, 0.5, bump - 0.5)) * (1 - 0.25 * down);
      }
    }
    this.#followStrands(out);
  }

  #place(
    vertex: number,
    { column, ray, style, down, ends, lineHeightHere, offset, pixels, frame, out }: {
      column: number;
      ray: number;
      style: HairStyle;
      down: number;
      ends: number;
      lineHeightHere: number;
      offset: number;
      pixels: number;
      frame: Float64Array;
      out: Float32Array;
    },
  ): void {
    const azimuth = azimuthOf(column);
    const front = Math.abs(azimuth) < style.curtain - 0.25;
    let skullRay = ray, dx = 0, dy = 0, dz = 0;
    const sin = Math.sin(azimuth), cos = Math.cos(azimuth);
    const length = lineHeightHere - ends;
    if (down > 0 && length > 0) {
      if (style.kind === "cap") {
        dz = down * 0.5 * Math.max(0, cos - 0.45) * 1.6;
        dy = -down * 0.12;
      } else if (front) {
        skullRay = this.#rayAtHeight(column, lineHeightHere - down * length);
        offset = Math.max(0.025, offset * (1 - 0.7 * down));
      } else {
        const i = 3 * (column * RAYS + Math.min(RAYS - 1, Math.floor(ray)));
        const radius = Math.hypot(this.#mean[i]!, this.#mean[i + 2]! - this.#axis.z);
        // Over the ears, but not beside the neck.
        const grow = Math.max(0, this.#reach[column]! - radius + 0.03) * smoothstep(2.3, 1.7, Math.abs(azimuth)) *
          smoothstep(0, Math.min(0.9, 0.55 / length), down);
        const wave = style.waves * Math.sin(9 * down * length + 3 * Math.sin(column * 0.7));
        dx = sin * (grow + wave);
        dz = cos * (grow + wave);
        dy = -down * length;
      }
    }
    const low = Math.floor(skullRay), part = skullRay - low;
    const i = 3 * (column * RAYS + low), j = low + 1 < RAYS ? i + 3 : i;
    const p = this.#points;
    // Outward from the axis, less steep towards the hair's ends.
    const polar = skullRay / RAYS * FARTHEST_POLAR;
    const ny = Math.cos(polar) * (1 - down), flat = Math.sqrt(Math.max(0, 1 - ny * ny));
    const nx = sin * flat, nz = cos * flat;
    const x = dx + nx * offset, y = dy + ny * offset, z = dz + nz * offset;
    out[3 * vertex] = p[i]! + part * (p[j]! - p[i]!) + pixels * (frame[0]! * x + frame[1]! * y + frame[2]! * z);
    out[3 * vertex + 1] = p[i + 1]! + part * (p[j + 1]! - p[i + 1]!) +
      pixels * (frame[3]! * x + frame[4]! * y + frame[5]! * z);
    out[3 * vertex + 2] = p[i + 2]! + part * (p[j + 2]! - p[i + 2]!) +
      pixels * (frame[6]! * x + frame[7]! * y + frame[8]! * z);
    this.normals[3 * vertex] = frame[0]! * nx + frame[1]! * ny + frame[2]! * nz;
    this.normals[3 * vertex + 1] = frame[3]! * nx + frame[4]! * ny + frame[5]! * nz;
    this.normals[3 * vertex + 2] = frame[6]! * nx + frame[7]! * ny + frame[8]! * nz;
  }

  #followStrands(hair: Float32Array): void {
    for (let vertex = 0; vertex < hairVertexCount; vertex++) {
      const row = vertex % ROWS;
      const from = 3 * (row === 0 ? vertex : vertex - 1), to = 3 * (row === ROWS - 1 ? vertex : vertex + 1);
      const x = hair[to]! - hair[from]!, y = hair[to + 1]! - hair[from + 1]!, z = hair[to + 2]! - hair[from + 2]!;
      const scale = 1 / (Math.sqrt(x * x + y * y + z * z) || 1);
      this.tangents[3 * vertex] = x * scale;
      this.tangents[3 * vertex + 1] = y * scale;
      this.tangents[3 * vertex + 2] = z * scale;
    }
  }

  #endsOf(style: HairStyle, azimuth: number, noise: number): number {
    const line = lineHeight(style, azimuth);
    if (style.kind === "cap") return Math.abs(azimuth) < 1.1 ? line - 0.5 : line;
    if (style.kind === "beanie") return line;
    const ragged = style.ragged * noise;
    const inFringe = smoothstep(style.fringeFrom - 0.12, style.fringeFrom + 0.12, azimuth) *
      smoothstep(style.fringeTo + 0.12, style.fringeTo - 0.12, azimuth);
    const fringe = style.fringeTo > style.fringeFrom && inFringe > 0
      ? line - Math.max(0, line - style.fringe) * inFringe + ragged
      : line;
    const inCurtain = smoothstep(style.curtain - 0.15, style.curtain + 0.15, Math.abs(azimuth));
    const curtain = line - Math.max(0, line - style.ends) * inCurtain + (inCurtain > 0 ? ragged : 0);
    return Math.min(line, fringe, curtain);
  }

  /** The points where rays leave this head, in image space. */
  #followSkull(positions: Float32Array, placement: Placement): void {
    const points = placeInImage(this.#fallback, placement, this.#points);
    const { triangles } = this.#atlas.model;
    for (let k = 0; k < this.#hits.length; k++) {
      const t = 3 * this.#hits[k]!;
      if (t < 0) continue;
      const a = 3 * triangles[t]!, b = 3 * triangles[t + 1]!, c = 3 * triangles[t + 2]!;
      const wa = this.#weights[3 * k]!, wb = this.#weights[3 * k + 1]!, wc = this.#weights[3 * k + 2]!;
      for (let axis = 0; axis < 3; axis++) {
        points[3 * k + axis] = wa * positions[a + axis]! + wb * positions[b + axis]! + wc * positions[c + axis]!;
      }
    }
  }

  #heightAt(column: number, ray: number): number {
    const low = Math.min(RAYS - 2, Math.floor(ray)), part = ray - low;
    const i = 3 * (column * RAYS + low) + 1;
    return this.#mean[i]! + part * (this.#mean[i + 3]! - this.#mean[i]!);
  }

  /** Where, counted in rays from the crown, the head first comes down to this height. */
  #rayAtHeight(column: number, height: number): number {
    for (let ray = 1; ray < RAYS; ray++) {
      const here = this.#mean[3 * (column * RAYS + ray) + 1]!;
      if (here > height) continue;
      const before = this.#mean[3 * (column * RAYS + ray - 1) + 1]!;
      return ray - 1 + (before > here ? Math.min(1, Math.max(0, (before - height) / (before - here))) : 1);
    }
    return RAYS - 1;
  }

  /** Looks from the head's middle outwards: azimuth across, polar angle down, the outermost skin seen. */
  #castRays(): void {
    const { model, points, textureSize } = this.#atlas;
    const [skin, scalp] = [materialNames.indexOf("skin"), materialNames.indexOf("scalp")];
    const start = 3 * textureSize ** 2;
    const vertexCount = model.mean.length / 3;
    const { y: y0, z: z0 } = this.#axis;
    const around = new Float32Array(3 * 2 * vertexCount);
    for (let v = 0; v < vertexCount; v++) {
      const [x, y, z] = [points[start + 3 * v]!, points[start + 3 * v + 1]! - y0, points[start + 3 * v + 2]! - z0];
      const radius = Math.hypot(x, y, z);
      const column = COLUMNS * (0.5 + Math.atan2(x, z) / (2 * Math.PI));
      const row = RAYS * Math.acos(y / radius) / FARTHEST_POLAR;
      around.set([column + 0.5, row + 0.5, radius], 3 * v);
      around.set([column + 0.5 + (column < COLUMNS / 2 ? COLUMNS : 0), row + 0.5, radius], 3 * (vertexCount + v));
    }
    const shown: number[] = [], origin: number[] = [];
    for (let t = 0; t < model.materials.length; t++) {
      if (model.materials[t] !== skin && model.materials[t] !== scalp) continue;
      const corners = [0, 1, 2].map((corner) => model.triangles[3 * t + corner]!);
      const across = corners.map((v) => around[3 * v]!);
      const wraps = Math.max(...across) - Math.min(...across) > COLUMNS / 2;
      shown.push(...corners.map((v) => wraps ? v + vertexCount : v));
      origin.push(t);
    }
    const raster = rasterize({ positions: around, triangles: Uint32Array.from(shown) }, {
      width: COLUMNS + 1,
      height: RAYS,
    });
    for (let column = 0; column <= COLUMNS; column++) {
      const azimuth = azimuthOf(column);
      for (let ray = 0; ray < RAYS; ray++) {
        const k = column * RAYS + ray;
        // Both ends are the same seam; only the last is drawn whole.
        const cell = ray * (COLUMNS + 1) + (column || COLUMNS);
        const hit = raster.triangle[cell]!;
        const polar = ray / RAYS * FARTHEST_POLAR;
        const radius = hit < 0 ? 0.95 : raster.depth[cell]!;
        this.#mean.set([
          radius * Math.sin(polar) * Math.sin(azimuth),
          y0 + radius * Math.cos(polar),
          z0 + radius * Math.sin(polar) * Math.cos(azimuth),
        ], 3 * k);
        if (hit < 0) continue;
        this.#hits[k] = origin[hit]!;
        this.#weights.set(raster.weights.subarray(3 * cell, 3 * cell + 3), 3 * k);
      }
    }
  }
}

/** 0 in front, growing towards +x. */
function azimuthOf(column: number): number {
  return 2 * Math.PI * (column / COLUMNS - 0.5);
}

function lineHeight(style: HairStyle, azimuth: number): number {
  const side = Math.abs(azimuth);
  if (style.kind === "cap" || style.kind === "beanie") return 0.66 + style.line - 0.25 * smoothstep(0.8, 2.2, side);
  const front = smoothstep(1.2, 0.7, side);
  const temple = Math.exp(-(((side - 0.55) / 0.3) ** 2));
  return hairlineHeight(azimuth) + style.line * front + style.recession * (temple + 0.6 * front);
}

function volumeOf({ volume: [top, side, back] }: HairStyle, azimuth: number, ray: number): number {
  const polar = ray / RAYS * FARTHEST_POLAR;
  const upper = smoothstep(1.35, 0.5, polar);
  const behind = smoothstep(1.4, 2.4, Math.abs(azimuth));
  return upper * top + (1 - upper) * (side + behind * (back - side));
}

/** Columns are the image-space directions of the head's x, y and z, of length 1. */
function headFrame({ rotation }: Placement): Float64Array {
  const axes = rotatePoints(new Float32Array([1, 0, 0, 0, 1, 0, 0, 0, 1]), rotation);
  return new Float64Array([
    axes[0]!,
    axes[3]!,
    axes[6]!,
    -axes[1]!,
    -axes[4]!,
    -axes[7]!,
    axes[2]!,
    axes[5]!,
    axes[8]!,
  ]);
}

function gridTriangles(): Uint32Array {
  const triangles: number[] = [];
  for (let column = 0; column < COLUMNS; column++) {
    for (let row = 0; row + 1 < ROWS; row++) {
      const a = column * ROWS + row, b = a + ROWS;
      triangles.push(a, a + 1, b, b, a + 1, b + 1);
    }
  }
  return Uint32Array.from(triangles);
}

const noiseCache = new Map<number, { strandNoise: Float32Array; bumps: Float32Array }>();
const NOISE_VARIANTS = 8;

/** Per column and per vertex, from -1 to 1. */
function hairNoise(seed: number): { strandNoise: Float32Array; bumps: Float32Array } {
  const variant = seed % NOISE_VARIANTS;
  let noise = noiseCache.get(variant);
  if (!noise) {
    let state = variant + 1;
    const next = () => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
      return ((state ^ (state >>> 13)) >>> 0) / 2 ** 31 - 1;
    };
    const strandNoise = Float32Array.from({ length: COLUMNS }, next);
    const phases = Array.from({ length: 12 }, next);
    const bumps = Float32Array.from({ length: COLUMNS * ROWS }, (_, i) => {
      const angle = 2 * Math.PI * Math.floor(i / ROWS) / COLUMNS, row = i % ROWS;
      let sum = 0;
      for (let k = 0; k < 6; k++) {
        const turns = [2, 3, 5, 9, 14, 23][k]!;
        sum += Math.sin(turns * angle + 6 * phases[k]! + row * (0.25 + 0.3 * phases[k + 6]!)) / (1 + 0.3 * k);
      }
      return 0.45 * sum;
    });
    noise = { strandNoise, bumps };
    noiseCache.set(variant, noise);
  }
  return noise;
}

const STRAND_COLUMNS = 1024;
const STRAND_ROWS = 16;

/** Brightness of strands, mean 1: [STRAND_ROWS, STRAND_COLUMNS], with one column for a part of {@linkcode HairRig}'s. */
export const strandTexture = {
  columns: STRAND_COLUMNS,
  rows: STRAND_ROWS,
  perHairColumn: STRAND_COLUMNS / 128,
  rowsPerHairRow: STRAND_ROWS / ROWS,
  hairRows: ROWS,
  values: makeStrands(),
};

function makeStrands(): Float32Array {
  let state = 7;
  const next = () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 31 - 1;
  };
  const values = new Float32Array(STRAND_COLUMNS * STRAND_ROWS);
  for (const width of [1, 2, 4, 9, 21]) {
    const knots = Float32Array.from({ length: Math.ceil(STRAND_COLUMNS / width) }, next);
    const drift = next() * 3;
    for (let row = 0; row < STRAND_ROWS; row++) {
      for (let column = 0; column < STRAND_COLUMNS; column++) {
        const at = (column + drift * row + STRAND_COLUMNS) / width;
        const low = Math.floor(at), part = at - low;
        const value = knots[low % knots.length]! * (1 - part) + knots[(low + 1) % knots.length]! * part;
        values[row * STRAND_COLUMNS + column]! += value * (width < 3 ? 0.5 : 0.42);
      }
    }
  }
  return values;
}
