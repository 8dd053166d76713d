import type { FloatImage } from "@/lib/geometry/color.ts";
import { type Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";
import { blur } from "@/lib/data/blur.ts";
import { fillShape } from "@/lib/data/shapes.ts";

/** Fills square images with something a face might stand before. */
export class Backdrop {
  readonly #half: FloatImage;
  readonly #scratch: Float32Array;

  /** For images of this many pixels a side, an even number. */
  constructor(size: number) {
    const side = size / 2;
    this.#half = { width: side, height: side, rgb: new Float32Array(3 * side * side) };
    this.#scratch = new Float32Array(3 * side * side);
  }

  paint(image: FloatImage, random: Random): void {
    // What is out of focus needs no detail.
    const isSharp = random.chance(0.3);
    const canvas = isSharp ? image : this.#half;
    const palette = drawPalette(random);
    const isPlain = random.chance(0.15);
    fillSmoothly(canvas, random, { palette, cells: isPlain ? 1 : random.pick([1, 2, 3, 5, 8, 16, 32]) });
    if (!isPlain && random.chance(0.4)) addTexture(canvas, random);
    if (!isPlain && random.chance(0.7)) addClutter(canvas, random, palette);
    if (isSharp) return;
    const { width: size, rgb } = canvas;
    blur(rgb, { size, sigma: random.uniform(0, 5) * size / 256, scratch: this.#scratch });
    enlarge(canvas, image);
    if (random.chance(0.15)) addClutter(image, random, palette);
  }
}

/** To twice the size, between neighbors. */
function enlarge({ width: size, rgb }: FloatImage, { rgb: to }: FloatImage): void {
  const row = 3 * size;
  const blend = new Float32Array(row + 6); // a row between two, its ends repeated
  for (let y = 0; y < 2 * size; y++) {
    const near = (y >> 1) * row;
    const far = Math.min(size - 1, Math.max(0, (y >> 1) + (y & 1 ? 1 : -1))) * row;
    for (let i = 0; i < row; i++) blend[i + 3] = 0.75 * rgb[near + i]! + 0.25 * rgb[far + i]!;
    blend.copyWithin(0, 3, 6);
    blend.copyWithin(row + 3, row, row + 3);
    for (let i = 0, o = 2 * y * row; i < row; i += 3, o += 6) {
      const r = 0.75 * blend[i + 3]!, g = 0.75 * blend[i + 4]!, b = 0.75 * blend[i + 5]!;
      to[o] = r + 0.25 * blend[i]!;
      to[o + 1] = g + 0.25 * blend[i + 1]!;
      to[o + 2] = b + 0.25 * blend[i + 2]!;
      to[o + 3] = r + 0.25 * blend[i + 6]!;
      to[o + 4] = g + 0.25 * blend[i + 7]!;
      to[o + 5] = b + 0.25 * blend[i + 8]!;
    }
  }
}

/** Colors that occur together: grays, foliage, sky, rooms, or anything. */
function drawPalette(random: Random): Vec3[] {
  const base = random.pick<() => Vec3>([
    () => gray(random),
    () => gray(random),
    () => [random.uniform(0.01, 0.15), random.uniform(0.03, 0.3), random.uniform(0.005, 0.08)],
    () => [random.uniform(0.1, 0.5), random.uniform(0.2, 0.6), random.uniform(0.4, 0.95)],
    () => [random.uniform(0.05, 0.5), random.uniform(0.04, 0.35), random.uniform(0.02, 0.22)],
    () => [random.next() ** 2, random.next() ** 2, random.next() ** 2],
  ]);
  const spread = random.uniform(0.05, 1);
  const first = base();
  return Array.from({ length: 5 }, () => {
    const other = random.chance(0.75) ? base() : gray(random);
    return first.map((value, c) => value + spread * (other[c]! - value)) as unknown as Vec3;
  });
}

function gray(random: Random): Vec3 {
  const level = random.next() ** 1.6 * 0.95;
  return [level * random.uniform(0.9, 1.05), level * random.uniform(0.93, 1.03), level * random.uniform(0.9, 1.1)];
}

/** Random colors on a grid of cells, blended between. */
function fillSmoothly(
  { width, height, rgb }: FloatImage,
  random: Random,
  { palette, cells }: { palette: readonly Vec3[]; cells: number },
): void {
  const across = cells + 1;
  const grid = new Float32Array(3 * across * across);
  for (let i = 0; i < across * across; i++) {
    const brightness = random.uniform(0.6, 1.3);
    random.pick(palette).forEach((value, c) => grid[3 * i + c] = value * brightness);
  }
  const isSharp = cells > 2 && random.chance(0.2);
  for (let row = 0; row < height; row++) {
    const y = (row + 0.5) / height * cells, y0 = y | 0, v = isSharp ? 0 : ease(y - y0);
    for (let column = 0; column < width; column++) {
      const x = (column + 0.5) / width * cells, x0 = x | 0, u = isSharp ? 0 : ease(x - x0);
      const i = 3 * (y0 * across + x0), j = i + 3 * across, o = 3 * (row * width + column);
      for (let c = 0; c < 3; c++) {
        const upper = grid[i + c]! + u * (grid[i + 3 + c]! - grid[i + c]!);
        const lower = grid[j + c]! + u * (grid[j + 3 + c]! - grid[j + c]!);
        rgb[o + c] = upper + v * (lower - upper);
      }
    }
  }
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Bricks, slats, boards: waves across the picture, and grain. */
function addTexture({ width, height, rgb }: FloatImage, random: Random): void {
  const waves = Array.from({ length: random.integer(1, 3) }, () => {
    const angle = random.chance(0.6) ? random.pick([0, Math.PI / 2]) : random.uniform(0, Math.PI);
    const frequency = random.uniform(8, 80) / width;
    return [Math.cos(angle) * frequency, Math.sin(angle) * frequency, random.uniform(0, 6), random.uniform(0.05, 0.35)];
  });
  const isSquare = random.chance(0.4);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let shade = 1;
      for (let w = 0; w < waves.length; w++) {
        const [x, y, phase, strength] = waves[w]!;
        const wave = Math.sin(x! * column + y! * row + phase!);
        shade += strength! * (isSquare ? (wave > 0.6 ? -1 : 0.3) : wave);
      }
      const i = 3 * (row * width + column);
      rgb[i]! *= shade;
      rgb[i + 1]! *= shade;
      rgb[i + 2]! *= shade;
    }
  }
}

/** Boxes, lamps, poles, other people. */
function addClutter(image: FloatImage, random: Random, palette: readonly Vec3[]): void {
  const { width } = image;
  const count = random.integer(1, 14);
  const size = random.uniform(0.05, 0.4) * width;
  for (let i = 0; i < count; i++) {
    const color = random.chance(0.6) ? random.pick(palette) : gray(random);
    const to = color.map((value) => value * random.uniform(0.5, 1.4)) as unknown as Vec3;
    const kind = random.pick(["box", "box", "ellipse", "capsule"] as const);
    fillShape(image, {
      kind,
      x: random.uniform(-0.1, 1.1) * width,
      y: random.uniform(-0.1, 1.1) * width,
      halfWidth: size * random.uniform(0.1, 1.5) + 1,
      halfHeight: size * random.uniform(0.1, 1) + 1,
      angle: random.chance(0.7) ? random.pick([0, Math.PI / 2]) + random.normal() * 0.05 : random.uniform(0, Math.PI),
    }, {
      from: color,
      to,
      opacity: random.chance(0.8) ? 1 : 0.5,
      softness: random.uniform(1, 5),
      round: random.chance(0.3) ? 0.8 : 0,
    });
  }
}
