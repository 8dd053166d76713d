import type { FloatImage } from "@/lib/geometry/color.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";
import type { Raster } from "@/lib/geometry/rasterize.ts";
import { ease } from "@/lib/geometry/smoothstep.ts";
import { vector } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import { randomColor } from "@/lib/portrait/appearance.ts";
import { blur, BlurScratch } from "@/lib/portrait/blur.ts";
import { fillShape } from "@/lib/portrait/shapes.ts";
import { type Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";

interface Canvas extends FloatImage {
  /** [height, width], at least 0 where nothing need be painted. */
  readonly covered?: Int32Array;
}

/** Fills square images with something a face might stand before. */
export class Backdrop {
  readonly #half: FloatImage;
  readonly #scratch: BlurScratch;

  /** For images of this many pixels a side, an even number. */
  constructor(size: number, kernels: Kernels = new Kernels(6 * size * size + 50_000)) {
    const side = size / 2;
    this.#half = { width: side, height: side, rgb: kernels.floats(3 * side * side) };
    this.#scratch = new BlurScratch(kernels, side);
  }

  /** Leaves pixels as they are that something will be drawn over: those of a raster of the image's size. */
  paint({ width, height, rgb }: FloatImage, random: Random, raster?: Pick<Raster, "triangle">): void {
    const image: Canvas = { width, height, rgb, ...raster && { covered: raster.triangle } };
    // What is out of focus needs no detail.
    const isSharp = random.chance(0.3);
    const canvas: Canvas = isSharp ? image : this.#half;
    const palette = randomPalette(random);
    const isPlain = random.chance(0.15);
    fillSmoothly(canvas, random, { palette, cells: isPlain ? 1 : random.pick([1, 2, 3, 5, 8, 16, 32]) });
    if (!isPlain && random.chance(0.4)) addTexture(canvas, random);
    if (!isPlain && random.chance(0.7)) addClutter(canvas, random, palette);
    if (isSharp) return;
    const { width: size, rgb: pixels } = canvas;
    blur(pixels, { size, sigma: random.uniform(0, 5) * size / 256, scratch: this.#scratch });
    enlarge(canvas, image);
    if (random.chance(0.15)) addClutter(image, random, palette);
  }
}

/** To twice the size, between neighbors. */
function enlarge({ width: size, rgb }: FloatImage, { rgb: to, covered }: Canvas): void {
  const row = 3 * size;
  const blend = new Float32Array(row + 6); // a row between two, its ends repeated
  for (let y = 0; y < 2 * size; y++) {
    const near = (y >> 1) * row;
    const far = clamp((y >> 1) + (y & 1 ? 1 : -1), 0, size - 1) * row;
    for (let i = 0; i < row; i++) blend[i + 3] = 0.75 * rgb[near + i]! + 0.25 * rgb[far + i]!;
    blend.copyWithin(0, 3, 6);
    blend.copyWithin(row + 3, row, row + 3);
    for (let i = 0, k = 2 * y * size; i < row; i += 3, k += 2) {
      if (covered && covered[k]! >= 0 && covered[k + 1]! >= 0) continue;
      const o = 3 * k;
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
function randomPalette(random: Random): Vec3[] {
  const base = random.pick<() => Vec3>([
    () => gray(random),
    () => gray(random),
    () => [random.uniform(0.01, 0.15), random.uniform(0.03, 0.3), random.uniform(0.005, 0.08)],
    () => [random.uniform(0.1, 0.5), random.uniform(0.2, 0.6), random.uniform(0.4, 0.95)],
    () => [random.uniform(0.05, 0.5), random.uniform(0.04, 0.35), random.uniform(0.02, 0.22)],
    () => randomColor(random),
  ]);
  const spread = random.uniform(0.05, 1);
  const first = base();
  return Array.from({ length: 5 }, () => {
    const other = random.chance(0.75) ? base() : gray(random);
    return vector((c) => first[c] + spread * (other[c] - first[c]));
  });
}

function gray(random: Random): Vec3 {
  const level = random.next() ** 1.6 * 0.95;
  return [level * random.uniform(0.9, 1.05), level * random.uniform(0.93, 1.03), level * random.uniform(0.9, 1.1)];
}

/** Random colors on a grid of cells, blended between. */
function fillSmoothly(
  { width, height, rgb, covered }: Canvas,
  random: Random,
  { palette, cells }: { palette: readonly Vec3[]; cells: number },
): void {
  const across = cells + 1;
  const grid = new Float32Array(3 * across * across);
  for (let i = 0; i < across * across; i++) {
    const brightness = random.uniform(0.6, 1.3);
    const color = random.pick(palette);
    for (let c = 0; c < 3; c++) grid[3 * i + c] = color[c]! * brightness;
  }
  const isSharp = cells > 2 && random.chance(0.2);
  const columns = new Int32Array(width), shares = new Float64Array(width);
  for (let column = 0; column < width; column++) {
    const x = (column + 0.5) / width * cells;
    columns[column] = 3 * (x | 0);
    shares[column] = isSharp ? 0 : ease(x - (x | 0));
  }
  for (let row = 0; row < height; row++) {
    const y = (row + 0.5) / height * cells, y0 = y | 0, v = isSharp ? 0 : ease(y - y0);
    for (let column = 0, k = row * width; column < width; column++, k++) {
      if (covered && covered[k]! >= 0) continue;
      const u = shares[column]!;
      const i = 3 * y0 * across + columns[column]!, j = i + 3 * across, o = 3 * k;
      const red = grid[i]! + u * (grid[i + 3]! - grid[i]!), redBelow = grid[j]! + u * (grid[j + 3]! - grid[j]!);
      const green = grid[i + 1]! + u * (grid[i + 4]! - grid[i + 1]!);
      const greenBelow = grid[j + 1]! + u * (grid[j + 4]! - grid[j + 1]!);
      const blue = grid[i + 2]! + u * (grid[i + 5]! - grid[i + 2]!);
      const blueBelow = grid[j + 2]! + u * (grid[j + 5]! - grid[j + 2]!);
      rgb[o] = red + v * (redBelow - red);
      rgb[o + 1] = green + v * (greenBelow - green);
      rgb[o + 2] = blue + v * (blueBelow - blue);
    }
  }
}

/** Bricks, slats, boards: waves across the picture, and grain. */
function addTexture({ width, height, rgb, covered }: Canvas, random: Random): void {
  const waves = Array.from({ length: random.integer(1, 3) }, () => {
    const angle = random.chance(0.6) ? random.pick([0, Math.PI / 2]) : random.uniform(0, Math.PI);
    const frequency = random.uniform(8, 80) / width;
    const x = Math.cos(angle) * frequency, y = Math.sin(angle) * frequency, phase = random.uniform(0, 6);
    const columns = Array.from({ length: width }, (_, column) => x * column + phase);
    return {
      sines: Float64Array.from(columns, Math.sin),
      cosines: Float64Array.from(columns, Math.cos),
      y,
      strength: random.uniform(0.05, 0.35),
    };
  });
  const isSquare = random.chance(0.4);
  const shades = new Float64Array(width);
  for (let row = 0; row < height; row++) {
    shades.fill(1);
    for (const { sines, cosines, y, strength } of waves) {
      // The sine of a sum: one of rows and one of columns.
      const sine = Math.sin(y * row), cosine = Math.cos(y * row);
      for (let column = 0; column < width; column++) {
        const wave = sines[column]! * cosine + cosines[column]! * sine;
        shades[column]! += strength * (isSquare ? (wave > 0.6 ? -1 : 0.3) : wave);
      }
    }
    for (let column = 0, k = row * width; column < width; column++, k++) {
      if (covered && covered[k]! >= 0) continue;
      const shade = shades[column]!;
      rgb[3 * k]! *= shade;
      rgb[3 * k + 1]! *= shade;
      rgb[3 * k + 2]! *= shade;
    }
  }
}

/** Boxes, lamps, poles, other people. */
function addClutter(image: Canvas, random: Random, palette: readonly Vec3[]): void {
  const { width } = image;
  const count = random.integer(1, 14);
  const size = random.uniform(0.05, 0.4) * width;
  for (let i = 0; i < count; i++) {
    const color = random.chance(0.6) ? random.pick(palette) : gray(random);
    const to = vector((c) => color[c] * random.uniform(0.5, 1.4));
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
      ...image.covered && { covered: image.covered },
    });
  }
}
