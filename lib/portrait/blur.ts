import type { Kernels } from "@/lib/geometry/kernels.ts";

/** What {@linkcode blur} needs for images of up to this many pixels a side. */
export class BlurScratch {
  readonly lines: Float32Array;
  readonly half: Float32Array;

  constructor(readonly kernels: Kernels, size: number) {
    this.lines = kernels.floats(9 * size);
    this.half = kernels.floats(3 * (size >> 1) ** 2);
  }
}

/** From here on, images are blurred at half their size. */
const LARGE_VARIANCE = 1.7;
/** What halving an image and doubling it again adds. */
const RESIZING_VARIANCE = 1;
/** The most variance of one pass of the kernel (w, 1 - 2w, w), which adds 2w. */
const MOST_PER_PASS = 0.6;

/**
 * Blurs a [size, size, 3] image in the kernels' memory in place, as a Gaussian of this standard deviation, in pixels,
 * nearly does; the border repeats.
 */
export function blur(
  rgb: Float32Array,
  { size, sigma, scratch: { kernels: { run }, lines, half } }: {
    readonly size: number;
    readonly sigma: number;
    readonly scratch: BlurScratch;
  },
): void {
  if (sigma < 0.2) return;
  const pass = (image: Float32Array, side: number, variance: number) => {
    const passes = Math.ceil(variance / MOST_PER_PASS);
    run.blend(image, side, variance / (2 * passes), passes, lines);
  };
  const variance = sigma * sigma;
  if (variance < LARGE_VARIANCE || size % 2 === 1) return pass(rgb, size, variance);
  run.halve(rgb, size, half);
  pass(half, size / 2, (variance - RESIZING_VARIANCE) / 4);
  run.double(half, size / 2, rgb, lines);
}
