import { type FloatImage, linearToSrgb } from "@/lib/geometry/color.ts";
import { Random } from "@/lib/random.ts";
import type { Photo, Vec3 } from "@/lib/types.ts";
import { blur } from "@/lib/data/blur.ts";
import { compressAsJpeg } from "@/lib/data/jpeg.ts";

/** What stands between light and a photo. Lengths are in pixels of a 256-pixel picture. */
export interface CameraSettings {
  /** Linear luminance that the subject is brought to, before contrast. */
  readonly exposure: number;
  /** Of red, green and blue, linear. */
  readonly whiteBalance: Vec3;
  /** Standard deviation of the lens' blur. */
  readonly blur: number;
  /** Length and direction of the motion's blur; 0 for none. */
  readonly motion: number;
  readonly motionAngle: number;
  /** The picture was this many times smaller once; 1 for never. */
  readonly reduction: number;
  /** On sRGB values: exponent, slope around the middle, and shift. */
  readonly gamma: number;
  readonly contrast: number;
  readonly lift: number;
  /** Of red, green and blue, on sRGB values (the paper's color channels times 0.6 to 1.4). */
  readonly gains: Vec3;
  /** 0 is gray, 1 as it was. */
  readonly saturation: number;
  /** What gray is colored with: sepia and the like. */
  readonly tone: Vec3;
  /** Standard deviation of the sensor's noise, on sRGB values, and its size in pixels. */
  readonly noise: number;
  readonly noiseSeed: number;
  /** Of JPEG; 0 for none. */
  readonly quality: number;
}

export function drawCamera(random: Random): CameraSettings {
  const channels = (low: number, high: number): Vec3 => [
    random.uniform(low, high),
    random.uniform(low, high),
    random.uniform(low, high),
  ];
  const isGray = random.chance(0.13);
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
    quality: random.chance(0.55) ? random.integer(25, 95) : 0,
  };
}

/** Makes photos of one size out of light. */
export class Camera {
  readonly #size: number;
  readonly #scratch: Float32Array;

  constructor(size: number) {
    this.#size = size;
    this.#scratch = new Float32Array(3 * size * size);
  }

  /** `subject` is the luminance, linear, that the exposure is measured on. The image is used up. */
  takePhoto(image: FloatImage, { settings, subject }: { settings: CameraSettings; subject: number }): Photo {
    const size = this.#size, pixel = size / 256;
    const { rgb } = image;
    const reduction = settings.reduction * Math.max(pixel, 0.6);
    if (reduction > 1.05) this.#reduce(rgb, reduction);
    blur(rgb, { size, sigma: settings.blur * pixel, scratch: this.#scratch });
    if (settings.motion * pixel > 1) this.#smear(rgb, settings.motion * pixel, settings.motionAngle);
    const photo = this.#develop(rgb, settings, subject);
    if (settings.quality > 0) compressAsJpeg(photo, settings.quality);
    return photo;
  }

  #develop(rgb: Float32Array, settings: CameraSettings, subject: number): Photo {
    const { gamma, contrast, lift, saturation, tone, gains, whiteBalance } = settings;
    // Cameras make up for dark subjects, though not wholly.
    const gain = settings.exposure * (Math.max(subject, 0.01) / 0.2) ** -0.65 / 0.2;
    const [w0, w1, w2] = whiteBalance.map((value) => value * gain / BRIGHTEST) as unknown as Vec3;
    const [k0, k1, k2] = gains.map((value, c) => value * tone[c]!) as unknown as Vec3;
    const curve = toneCurve(gamma, contrast, lift);
    const bytes = new Uint8Array(rgb.length);
    const deviation = settings.noise * 255, shared = deviation * 0.7;
    for (let start = 0; start < rgb.length; start += PATCH) {
      // A new place in the table every 16 pixels: patterns would show.
      let noise = (Math.imul(settings.noiseSeed + start, 0x9e3779b1) >>> 12) & NOISE_MASK;
      const end = start + PATCH < rgb.length ? start + PATCH : rgb.length;
      for (let i = start; i < end; i += 3, noise += 4) {
        const r = curve[curveStep(rgb[i]! * w0)]!;
        const g = curve[curveStep(rgb[i + 1]! * w1)]!;
        const b = curve[curveStep(rgb[i + 2]! * w2)]!;
        const gray = 0.299 * r + 0.587 * g + 0.114 * b;
        const first = gaussians[noise]!;
        const base = gray - saturation * gray, common = first * shared;
        bytes[i] = toByte((base + saturation * r) * k0 + common + deviation * gaussians[noise + 1]!);
        bytes[i + 1] = toByte((base + saturation * g) * k1 + common + deviation * gaussians[noise + 2]!);
        bytes[i + 2] = toByte((base + saturation * b) * k2 + common + deviation * gaussians[noise + 3]!);
      }
    }
    return { width: this.#size, height: this.#size, rgb: bytes };
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
      const x = Math.min(small - 1, Math.max(0, (column + 0.5) / ratio - 0.5));
      columns[column] = 3 * Math.min(small - 2, x | 0);
      shares[column] = x - columns[column]! / 3;
    }
    for (let row = 0; row < size; row++) {
      const y = Math.min(small - 1, Math.max(0, (row + 0.5) / ratio - 0.5)), y0 = Math.min(small - 2, y | 0);
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

  /** Averages along a line. */
  #smear(rgb: Float32Array, length: number, angle: number): void {
    const size = this.#size, steps = Math.ceil(length);
    const before = this.#scratch;
    before.set(rgb);
    const dx = Math.cos(angle) * length / steps, dy = Math.sin(angle) * length / steps;
    const shifts = Array.from({ length: steps + 1 }, (_, s) => [
      Math.round(dx * (s - steps / 2)),
      Math.round(dy * (s - steps / 2)),
    ]);
    const share = 1 / shifts.length;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let r = 0, g = 0, b = 0;
        for (let s = 0; s < shifts.length; s++) {
          const x = Math.min(size - 1, Math.max(0, column + shifts[s]![0]!));
          const y = Math.min(size - 1, Math.max(0, row + shifts[s]![1]!));
          const i = 3 * (y * size + x);
          r += before[i]!;
          g += before[i + 1]!;
          b += before[i + 2]!;
        }
        const o = 3 * (row * size + column);
        rgb[o] = r * share;
        rgb[o + 1] = g * share;
        rgb[o + 2] = b * share;
      }
    }
  }
}

const CURVE_STEPS = 1024;
/** Light beyond this is white. */
const BRIGHTEST = 1.6;

/** Of light over {@linkcode BRIGHTEST}. */
function curveStep(share: number): number {
  return share <= 0 ? 0 : share >= 1 ? CURVE_STEPS - 1 : (Math.sqrt(share) * (CURVE_STEPS - 1)) | 0;
}

/** sRGB values from 0 to 255 at even steps of the light's square root. */
function toneCurve(gamma: number, contrast: number, lift: number): Float32Array {
  const curve = new Float32Array(CURVE_STEPS);
  for (let step = 0; step < CURVE_STEPS; step++) {
    const light = (step / (CURVE_STEPS - 1)) ** 2 * BRIGHTEST;
    // Film and cameras roll off towards white instead of clipping.
    const rolled = light < 0.6 ? light : 0.6 + 0.4 * Math.tanh((light - 0.6) / 0.4);
    const value = linearToSrgb(rolled) ** gamma;
    curve[step] = 255 * ((value - 0.5) * contrast + 0.5 + lift);
  }
  return curve;
}

/** Numbers of the image, 16 pixels, that take noise from one place. */
const PATCH = 48;
const NOISE_MASK = 0xffff;
/** Those after the last place begin again with the first. */
const gaussians = (() => {
  const random = new Random("camera noise");
  const values = Float32Array.from({ length: NOISE_MASK + 1 }, () => random.normal());
  return Float32Array.from({ length: values.length + 2 * PATCH }, (_, i) => values[i & NOISE_MASK]!);
})();

function toByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value | 0;
}
