import { placedAxes, placeInImage, type Placement } from "@/lib/geometry/transforms.ts";
import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { onceEach } from "@/lib/once_each.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { endsHeight, type HairStyle, lineHeight, volumeAt } from "@/lib/portrait/hair_style.ts";
import { azimuthOf, COLUMNS, polarOf, RAYS, Skull } from "@/lib/portrait/skull.ts";
import { type HairNoise, hairNoise, strandTexture } from "@/lib/portrait/strands.ts";

/** Rows of the hair's mesh from the crown to the hairline, and from there to the ends. */
const SKULL_ROWS = 12;
const HANGING_ROWS = 8;
const ROWS = SKULL_ROWS + HANGING_ROWS;

/** Vertices of {@linkcode HairRig.shape}: columns go around the head, [COLUMNS + 1, ROWS]. */
export const hairVertexCount = (COLUMNS + 1) * ROWS;

/** [n, 3], counter-clockwise seen from outside. */
export const hairTriangles = Uint32Array.from(
  Array.from({ length: COLUMNS * (ROWS - 1) }, (_, i) => {
    const a = Math.floor(i / (ROWS - 1)) * ROWS + i % (ROWS - 1), b = a + ROWS;
    return [a, a + 1, b, b, a + 1, b + 1];
  }).flat(),
);

/** The strands of the hair, and where among them a vertex lies, in texels. */
export const strands = {
  texture: strandTexture({ columns: 1024, rows: 16 }),
  place: (vertex: number): [number, number] => [Math.floor(vertex / ROWS) * 8, vertex % ROWS * 16 / ROWS],
};

const NOISES = 8;

const skullOf = onceEach((atlas: FaceAtlas) => new Skull(atlas));

/** Puts hair on the heads of one model: a sheet from the crown down to the hair's ends, all around the head. */
export class HairRig {
  /** [hairVertexCount, 3], outward, in image space after {@linkcode HairRig.shape}. */
  readonly normals = new Float32Array(3 * hairVertexCount);
  /** [hairVertexCount, 3], along the strands, likewise. */
  readonly tangents = new Float32Array(3 * hairVertexCount);
  /** [hairVertexCount], from 0 in the depth of the hair to 1. */
  readonly openness = new Float32Array(hairVertexCount);
  readonly #atlas: FaceAtlas;
  readonly #skull: Skull;
  readonly #noises: readonly HairNoise[];
  /** [COLUMNS + 1, RAYS, 3], where the skull is. */
  readonly #points = new Float32Array(3 * (COLUMNS + 1) * RAYS);

  constructor(atlas: FaceAtlas) {
    this.#atlas = atlas;
    this.#skull = skullOf(atlas);
    this.#noises = Array.from({ length: NOISES }, (_, seed) => hairNoise(seed, { columns: COLUMNS, rows: ROWS }));
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
    const axes = placedAxes(placement, this.#atlas.unit * placement.scale);
    this.#skull.follow(positions, placement, this.#points);
    if (style.kind === "hood") {
      const eyes = placeInImage(Float32Array.from(this.#atlas.origin), placement); // face units begin between the eyes
      this.#shapeHood(style, { axes, eyes, extent: extentOf(this.#points, axes, eyes) }, out);
    } else this.#shapeHair(style, axes, out);
    this.#followStrands(out);
  }

  #shapeHair(style: HairStyle, axes: Float64Array, to: Float32Array): void {
    const skull = this.#skull, points = this.#points, normals = this.normals;
    const { ends: uneven, bumps } = this.#noises[style.seed % NOISES]!;
    const toNormal = 1 / Math.hypot(axes[0]!, axes[3]!, axes[6]!);
    for (let column = 0; column <= COLUMNS; column++) {
      const azimuth = azimuthOf(column), sin = Math.sin(azimuth), cos = Math.cos(azimuth);
      const noise = uneven[column % COLUMNS]!;
      const line = skull.rayAtHeight(column, lineHeight(style, azimuth) + (style.kind === "hair" ? 0.035 * noise : 0));
      const begin = skull.heightAt(column, line);
      const length = Math.max(0, begin - endsHeight(style, azimuth, noise));
      const hangs = length > 0.02;
      const fall = fallOf(style, azimuth);
      // How far hair that hangs down must come out to pass over the ears; not so beside the neck.
      const radius = skull.radiusAt(column, Math.min(RAYS - 1, Math.floor(line)));
      const toEars = Math.max(0, skull.reachOf(column) - radius + 0.03) * smoothstep(2.3, 1.7, Math.abs(azimuth));
      for (let row = 0; row < ROWS; row++) {
        const vertex = column * ROWS + row;
        const onSkull = Math.min(1, row / (SKULL_ROWS - 1));
        const down = Math.max(0, row - SKULL_ROWS + 1) / HANGING_ROWS;
        const bump = 1 + style.clumps * bumps[(column % COLUMNS) * ROWS + Math.min(row, SKULL_ROWS)]!;
        const taper = hangs ? 1 : 0.06 + 0.94 * smoothstep(1, 0.7, onSkull);
        let ray = onSkull * line;
        let offset = volumeAt(style, azimuth, polarOf(ray)) * bump * taper;
        let out = 0, up = 0, ahead = 0; // from the skull there, in face units
        if (hangs && down > 0) {
          if (fall === "brim") {
            up = -0.12 * down;
            ahead = 0.8 * down * Math.max(0, cos - 0.45);
          } else if (fall === "forehead") {
            ray = skull.rayAtHeight(column, begin - down * length);
            offset = Math.max(0.025, offset * (1 - 0.7 * down));
          } else {
            out = toEars * smoothstep(0, Math.min(0.9, 0.55 / length), down) +
              style.waves * Math.sin(9 * down * length + 3 * Math.sin(column * 0.7));
            up = -down * length;
          }
        }
        // Outward from the axis, less steeply towards the hair's ends.
        const ny = Math.cos(polarOf(ray)) * (1 - down), flat = Math.sqrt(Math.max(0, 1 - ny * ny));
        const nx = sin * flat, nz = cos * flat;
        const x = sin * out + nx * offset, y = up + ny * offset, z = ahead + cos * out + nz * offset;
        const low = Math.floor(ray), part = ray - low;
        const i = 3 * (column * RAYS + low), j = low + 1 < RAYS ? i + 3 : i;
        for (let axis = 0, k = 0; axis < 3; axis++, k += 3) {
          const surface = points[i + axis]! + part * (points[j + axis]! - points[i + axis]!);
          to[3 * vertex + axis] = surface + axes[k]! * x + axes[k + 1]! * y + axes[k + 2]! * z;
          normals[3 * vertex + axis] = toNormal * (axes[k]! * nx + axes[k + 1]! * ny + axes[k + 2]! * nz);
        }
        this.openness[vertex] = (0.55 + 0.45 * smoothstep(0, 0.5, bump - 0.5)) * (1 - 0.25 * down);
      }
    }
  }

  /** Cloth around the face, from its edge before the ears over the head and down to the shoulders. */
  #shapeHood(
    { line, clumps, seed }: HairStyle,
    { axes, eyes, extent }: { axes: Float64Array; eyes: Float32Array; extent: Extent },
    out: Float32Array,
  ): void {
    const wide = 1.1 * extent.side, high = 1.26 * (extent.top - 0.2), deep = 1.48 * (extent.front + 0.85);
    for (let column = 0; column <= COLUMNS; column++) {
      const around = 2 * Math.PI * column / COLUMNS; // from the top of the face over its side
      const sin = Math.sin(around), cos = Math.cos(around);
      const [upper, lower] = [Math.max(0, cos), Math.max(0, -cos)];
      // On an ellipsoid about the head, by the angle from straight ahead: the edge, to straight behind.
      const edge = 1 - (0.5 + 0.4 * line) * upper ** 2 + 0.1 * lower ** 2;
      for (let row = 0; row < ROWS; row++) {
        const vertex = column * ROWS + row, t = row / (ROWS - 1);
        const ahead = edge + (Math.PI - edge) * t;
        // Heads are boxier than ellipsoids.
        const swell = 1 + 0.4 * (upper * sin) ** 2 + 0.08 * Math.min(1, 3 * t) +
          0.08 * clumps * Math.sin(7 * around + seed + 9 * t);
        const x = (wide + 0.1 * lower * t) * Math.sin(ahead) * sin * swell;
        const y = 0.2 + (cos > 0 ? high : 1.72) * Math.sin(ahead) * cos * swell - 1.4 * lower * t;
        const z = -0.85 + (1.22 + (deep - 1.22) * upper) * Math.cos(ahead) * swell + 0.42 * lower * (1 - t);
        for (let axis = 0; axis < 3; axis++) {
          const k = 3 * axis;
          out[3 * vertex + axis] = eyes[axis]! + axes[k]! * x + axes[k + 1]! * y + axes[k + 2]! * z;
        }
        const length = Math.hypot(x, y - 0.2, z + 0.85);
        this.#setNormal(vertex, axes, x / length, (y - 0.2) / length, (z + 0.85) / length);
        this.openness[vertex] = 0.4 + 0.6 * smoothstep(0, 0.2, t);
      }
    }
  }

  /** Takes a direction of length 1 in the head's axes. */
  #setNormal(vertex: number, axes: Float64Array, x: number, y: number, z: number): void {
    const scale = 1 / Math.hypot(axes[0]!, axes[3]!, axes[6]!);
    for (let axis = 0; axis < 3; axis++) {
      const k = 3 * axis;
      this.normals[3 * vertex + axis] = scale * (axes[k]! * x + axes[k + 1]! * y + axes[k + 2]! * z);
    }
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
}

/** Where hair goes that hangs past its line. */
function fallOf({ kind, curtain }: HairStyle, azimuth: number): "brim" | "forehead" | "down" {
  if (kind === "cap") return "brim";
  return Math.abs(azimuth) < curtain - 0.25 ? "forehead" : "down";
}

/** How far a head reaches from between its eyes, in face units. */
interface Extent {
  readonly side: number;
  readonly top: number;
  /** The forehead's reach. */
  readonly front: number;
}

function extentOf(points: Float32Array, axes: Float64Array, eyes: Float32Array): Extent {
  const squared = axes[0]! ** 2 + axes[3]! ** 2 + axes[6]! ** 2;
  let [side, top, front] = [0, 0, -Infinity];
  for (let i = 0; i < points.length; i += 3) {
    const d = [0, 1, 2].map((axis) => points[i + axis]! - eyes[axis]!);
    const [x, y, z] = [0, 1, 2].map((k) => (d[0]! * axes[k]! + d[1]! * axes[k + 3]! + d[2]! * axes[k + 6]!) / squared);
    if (y! > -0.3) side = Math.max(side, Math.abs(x!));
    if (y! > 0.6) front = Math.max(front, z!);
    top = Math.max(top, y!);
  }
  return { side, top, front };
}
