import { type FloatImage, linearToSrgb } from "@/lib/geometry/color.ts";
import { vector } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import { Random } from "@/lib/random.ts";
import type { Photo, Vec3 } from "@/lib/types.ts";
import { blur, BlurScratch } from "@/lib/portrait/blur.ts";
import { compressAsJpeg, type Compression } from "@/lib/portrait/jpeg.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";

/** What stands between light and a photo. Lengths are in pixels of a 256-pixel picture. */
export interface CameraSettings {
  /** Linear luminance that the subject is brought to, before contrast. */
  readonly exposure: number;
  /** Factors of red, green and blue, linear. */
  readonly whiteBalance: Vec3;
  /** Standard deviation of the lens' blur. */
  readonly blur: number;
  /** Length and direction of the motion's blur; 0 for none. */
  readonly motion: number;
  readonly motionAngle: number;
  /** A picture of 256 pixels a side was this many times smaller once; 1 for never. See {@linkcode reductionAt}. */
  readonly reduction: number;
  /** On sRGB values: exponent, slope around the middle, and shift. */
  readonly gamma: number;
  readonly contrast: number;
  readonly lift: number;
  /** Factors of red, green and blue, on sRGB values (the paper's color channels times 0.6 to 1.4). */
  readonly gains: Vec3;
  /** 0 is gray, 1 as it was. */
  readonly saturation: number;
  /** What gray is colored with: sepia and the like. */
  readonly tone: Vec3;
  /** Standard deviation of the sensor's noise, on sRGB values, where the picture is of middle brightness. */
  readonly noise: number;
  readonly noiseSeed: number;
  /** How a lamp's flicker colors the rows that a shutter exposes one after the other; missing where none is seen. */
  readonly flicker?: Flicker | undefined;
  /** What JPEG does, one time after the other. */
  readonly compressions: readonly Compression[];
  /** How much of the difference from its surroundings a pixel is given on top; 0 for none. */
  readonly sharpening: number;
  /** Light lost in the corners. */
  readonly vignette: number;
  /** Sides that show no picture, as where a crop reaches outside, in shares of the picture: left, top, right, bottom. */
  readonly bars: readonly [number, number, number, number];
  /** sRGB. */
  readonly barColor: number;
}

/** A rolling shutter under a lamp that goes with the mains: light that comes and goes from row to row. */
export interface Flicker {
  /** Waves from the picture's top to its bottom. */
  readonly waves: number;
  /** Radians. */
  readonly phase: number;
  /** How much of red, green and blue comes and goes, 0 to 1. */
  readonly amounts: Vec3;
}

/** `isWild`: lamps may flicker, and more pictures were compressed twice. */
export function randomCamera(random: Random, { isWild }: { readonly isWild: boolean }): CameraSettings {
  const channels = (low: number, high: number) => vector(() => random.uniform(low, high));
  const isGray = random.chance(0.18);
  const bar = () => random.chance(0.5) ? random.uniform(0, 0.2) : 0;
  const grid = random.fork("grid");
  const gainSpread = random.chance(0.8) ? 0.06 : random.uniform(0.06, 0.4);
  return {
    exposure: 0.2 * 2 ** (random.normal() * 0.5),
    whiteBalance: channels(0.9, 1.1),
    blur: random.pick([0, 0.4, 0.6, 0.8, 1, 1.4, 2, 3]) * random.uniform(0.7, 1.2),
    motion: random.chance(0.1) ? random.uniform(3, 14) : 0,
    motionAngle: random.uniform(0, Math.PI),
    reduction: random.chance(0.25) ? random.uniform(1.3, 4) : 1,
    gamma: 2 ** (random.normal() * 0.2),
    contrast: random.chance(0.6) ? random.uniform(0.95, 1.25) : random.uniform(0.65, 1.6),
    lift: random.normal() * 0.04,
    gains: channels(1 - gainSpread, 1 + gainSpread),
    saturation: isGray ? 0 : random.chance(0.7) ? random.uniform(0.75, 1.15) : random.uniform(0.2, 1.5),
    tone: isGray && random.chance(0.35) ? [random.uniform(1, 1.15), 1, random.uniform(0.75, 0.98)] : [1, 1, 1],
    noise: random.chance(0.82) ? random.uniform(0, 0.014) : random.uniform(0.01, 0.05),
    noiseSeed: random.integer(0, 2 ** 30),
    flicker: isWild ? randomFlicker(random.fork("flicker")) : undefined,
    compressions: Array.from({ length: random.pick(isWild ? [0, 0, 1, 1, 1, 2, 2] : [0, 0, 0, 1, 1, 1, 2]) }, () => ({
      quality: random.integer(25, 95),
      // a crop begins anywhere in its photo
      left: 2 * grid.integer(0, 7),
      top: 2 * grid.integer(0, 7),
    })),
    sharpening: random.chance(0.25) ? random.uniform(0.2, 1.2) : 0,
    vignette: random.chance(0.2) ? random.uniform(0.1, 0.8) : 0,
    bars: random.chance(0.1) ? [bar(), bar(), bar(), bar()] : [0, 0, 0, 0],
    barColor: random.chance(0.8) ? 0 : random.integer(0, 255),
  };
}

function randomFlicker(random: Random): Flicker | undefined {
  if (!random.chance(0.05)) return undefined;
  const amount = random.uniform(0.05, 0.35);
  return {
    waves: random.uniform(0.4, 5),
    phase: random.uniform(0, 2 * Math.PI),
    amounts: vector(() => amount * random.uniform(0.5, 1)),
  };
}

/** How many times smaller a picture of that many pixels a side was once; 1 where it was not, or hardly. */
export function reductionAt(size: number, { reduction }: Pick<CameraSettings, "reduction">): number {
  const times = reduction * Math.max(size / 256, 0.6);
  return times > 1.05 ? times : 1;
}

/** Makes photos of one size out of light. */
export class Camera {
  /** Light that is to be photographed, where no copy of it need be made. */
  readonly film: FloatImage;
  readonly #size: number;
  readonly #kernels: Kernels;
  readonly #scratch: Float32Array;
  readonly #blurScratch: BlurScratch;
  readonly #bytes: Uint8Array;
  readonly #curve: Float32Array;
  readonly #noises: Float32Array;
  /** [2, 4], what light is multiplied by, and sRGB values. */
  readonly #gains: Float32Array;

  constructor(size: number, kernels: Kernels = new Kernels(kernelBytes(size))) {
    this.#size = size;
    this.#kernels = kernels;
    this.film = { width: size, height: size, rgb: kernels.floats(3 * size * size) };
    this.#scratch = kernels.floats(3 * size * size);
    this.#blurScratch = new BlurScratch(kernels, size);
    this.#bytes = kernels.bytes(3 * size * size);
    this.#curve = kernels.floats(CURVE_STEPS);
    this.#noises = kernels.floats(gaussians);
    this.#gains = kernels.floats(8);
  }

  /** `subject` is the luminance, linear, that the exposure is measured on. The image is used up. */
  takePhoto(image: FloatImage, { settings, subject }: { settings: CameraSettings; subject: number }): Photo {
    const size = this.#size, pixel = size / 256;
    const { rgb } = this.film;
    if (image.rgb !== rgb) rgb.set(image.rgb);
    const reduction = reductionAt(size, settings);
    if (reduction > 1) this.#reduce(rgb, reduction);
    blur(rgb, { size, sigma: settings.blur * pixel, scratch: this.#blurScratch });
    if (settings.motion * pixel > 1) this.#smear(settings.motion * pixel, settings.motionAngle);
    if (settings.vignette > 0) darkenCorners(rgb, { size, amount: settings.vignette });
    if (settings.flicker) colorRows(rgb, { size, ...settings.flicker });
    const photo = this.#develop(settings, subject);
    if (settings.sharpening > 0) sharpen(photo, settings.sharpening);
    for (const compression of settings.compressions) compressAsJpeg(photo, compression);
    if (settings.bars.some((share) => share > 0)) cover(photo, settings);
    return photo;
  }

  #develop(settings: CameraSettings, subject: number): Photo {
    const { gamma, contrast, lift, saturation, tone, gains, whiteBalance } = settings;
    // Cameras make up for dark subjects, though not wholly.
    const gain = settings.exposure * (Math.max(subject, 0.01) / 0.2) ** -0.65 / 0.2;
    const [light, values] = [this.#gains.subarray(0, 4), this.#gains.subarray(4)];
    light.set(whiteBalance.map((value) => value * gain / BRIGHTEST));
    values.set(gains.map((value, c) => value * tone[c]!));
    writeToneCurve({ gamma, contrast, lift }, this.#curve);
    this.#kernels.run.develop(
      this.film.rgb,
      this.#size ** 2,
      this.#bytes,
      light,
      this.#curve,
      CURVE_STEPS,
      saturation,
      values,
      this.#noises,
      NOISE_MASK,
      settings.noiseSeed,
      255 * settings.noise,
    );
    return { width: this.#size, height: this.#size, rgb: this.#bytes.slice() };
  }

  /** Down by this factor, averaging, and up again, between neighbors. */
  #reduce(rgb: Float32Array, factor: number): void {
    const size = this.#size, small = Math.max(16, Math.round(size / factor));
    const ratio = size / small;
    const reduced = this.#scratch;
    for (let row = 0; row < small; row++) {
      const top = Math.floor(row * ratio), bottom = Math.max(top + 1, Math.floor((row + 1) * ratio));
      for (let column = 0; column < small; column++) {
        const left = Math.floor(column * ratio), right = Math.max(left + 1, Math.floor((column + 1) * ratio));
        let r = 0, g = 0, b = 0;
        for (let y = top; y < bottom; y++) {
          for (let x = left; x < right; x++) {
            const i = 3 * (y * size + x);
            r += rgb[i]!;
            g += rgb[i + 1]!;
            b += rgb[i + 2]!;
          }
        }
        const share = 1 / ((bottom - top) * (right - left)), o = 3 * (row * small + column);
        reduced[o] = r * share;
        reduced[o + 1] = g * share;
        reduced[o + 2] = b * share;
      }
    }
    const columns = new Int32Array(size), shares = new Float64Array(size);
    for (let column = 0; column < size; column++) {
      const x = clamp((column + 0.5) / ratio - 0.5, 0, small - 1);
      columns[column] = 3 * Math.min(small - 2, x | 0);
      shares[column] = x - columns[column]! / 3;
    }
    for (let row = 0; row < size; row++) {
      const y = clamp((row + 0.5) / ratio - 0.5, 0, small - 1), y0 = Math.min(small - 2, y | 0);
      const dy = y - y0;
      for (let column = 0, o = 3 * size * row; column < size; column++, o += 3) {
        const dx = shares[column]!, i = 3 * y0 * small + columns[column]!, j = i + 3 * small;
        const r = reduced[i]! + dx * (reduced[i + 3]! - reduced[i]!);
        const g = reduced[i + 1]! + dx * (reduced[i + 4]! - reduced[i + 1]!);
        const b = reduced[i + 2]! + dx * (reduced[i + 5]! - reduced[i + 2]!);
        rgb[o] = r + dy * (reduced[j]! + dx * (reduced[j + 3]! - reduced[j]!) - r);
        rgb[o + 1] = g + dy * (reduced[j + 1]! + dx * (reduced[j + 4]! - reduced[j + 1]!) - g);
        rgb[o + 2] = b + dy * (reduced[j + 2]! + dx * (reduced[j + 5]! - reduced[j + 2]!) - b);
      }
    }
  }

  /** Averages along a line, in each pass twice as far to either side as in the pass before. */
  #smear(length: number, angle: number): void {
    const passes = 2 * Math.ceil(Math.log2(length) / 2); // an even number: the last writes to the film
    let from = this.film.rgb, to = this.#scratch;
    for (let pass = 0; pass < passes; pass++) {
      const reach = length * 2 ** (pass - passes - 1);
      const [dx, dy] = [Math.round(reach * Math.cos(angle)), Math.round(reach * Math.sin(angle))];
      this.#kernels.run.averageSides(from, this.#size, dx, dy, to);
      [from, to] = [to, from];
    }
  }
}

function darkenCorners(rgb: Float32Array, { size, amount }: { size: number; amount: number }): void {
  for (let row = 0, i = 0; row < size; row++) {
    const y = (2 * row + 1) / size - 1;
    for (let column = 0; column < size; column++, i += 3) {
      const x = (2 * column + 1) / size - 1;
      const share = 1 - amount * Math.min(1, 0.5 * (x * x + y * y));
      rgb[i]! *= share;
      rgb[i + 1]! *= share;
      rgb[i + 2]! *= share;
    }
  }
}

function colorRows(rgb: Float32Array, { size, waves, phase, amounts }: Flicker & { readonly size: number }): void {
  for (let row = 0, i = 0; row < size; row++) {
    const wave = Math.sin(2 * Math.PI * waves * (row + 0.5) / size + phase);
    const [red, green, blue] = vector((c) => 1 + amounts[c] * wave);
    for (const end = i + 3 * size; i < end; i += 3) {
      rgb[i]! *= red;
      rgb[i + 1]! *= green;
      rgb[i + 2]! *= blue;
    }
  }
}

/** Unsharp masking by the four neighbors. */
function sharpen({ width, height, rgb }: Photo, amount: number): void {
  const from = rgb.slice(), row = 3 * width;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + 3; i < y * row + row - 3; i++) {
      const around = (from[i - 3]! + from[i + 3]! + from[i - row]! + from[i + row]!) / 4;
      rgb[i] = clamp(from[i]! + amount * (from[i]! - around), 0, 255);
    }
  }
}

function cover({ width, height, rgb }: Photo, { bars, barColor }: Pick<CameraSettings, "bars" | "barColor">): void {
  const [left, top, right, bottom] = bars;
  for (let row = 0; row < height; row++) {
    const isBar = row < top * height || row >= (1 - bottom) * height;
    const start = 3 * width * row, end = start + 3 * width;
    rgb.fill(barColor, start, isBar ? end : start + 3 * Math.round(left * width));
    rgb.fill(barColor, end - 3 * Math.round(right * width), end);
  }
}

/** What a camera takes up of its kernels' memory. */
export function kernelBytes(size: number): number {
  return 48 * size * size + 500_000;
}

const CURVE_STEPS = 1024;
/** Light beyond this is white. */
const BRIGHTEST = 1.6;

/** sRGB values from 0 to 255 at even steps of the light's square root. */
function writeToneCurve(
  { gamma, contrast, lift }: Pick<CameraSettings, "gamma" | "contrast" | "lift">,
  curve: Float32Array,
): void {
  for (let step = 0; step < CURVE_STEPS; step++) {
    const light = (step / (CURVE_STEPS - 1)) ** 2 * BRIGHTEST;
    // Film and cameras roll off towards white instead of clipping.
    const rolled = light < 0.6 ? light : 0.6 + 0.4 * Math.tanh((light - 0.6) / 0.4);
    const value = linearToSrgb(rolled) ** gamma;
    curve[step] = 255 * ((value - 0.5) * contrast + 0.5 + lift);
  }
}

const NOISE_MASK = 0xffff;
/** A patch of 16 pixels takes 64 in a row: those after the last place begin again with the first. */
const gaussians = (() => {
  const random = new Random("camera noise");
  const values = Float32Array.from({ length: NOISE_MASK + 1 }, () => random.normal());
  return Float32Array.from({ length: values.length + 64 }, (_, i) => values[i & NOISE_MASK]!);
})();
