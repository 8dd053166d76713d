export interface BlurOptions {
  /** Pixels a side. */
  readonly size: number;
  /** Standard deviation, pixels. */
  readonly sigma: number;
  /** As large as the image. */
  readonly scratch: Float32Array;
}

/** Blurs a [size, size, 3] image in place, as a Gaussian of this standard deviation nearly does; the border repeats. */
export function blur(rgb: Float32Array, { size, sigma, scratch }: BlurOptions): void {
  if (sigma < 0.2) return;
  if (sigma < SMALL_SIGMA) {
    // Passes of the kernel (w, 1 - 2w, w), each of which adds 2w to the variance.
    const passes = Math.ceil(sigma * sigma / 0.6);
    const weight = sigma * sigma / (2 * passes);
    for (let pass = 0; pass < passes; pass++) {
      blendAcross(rgb, scratch, size, weight);
      blendDown(scratch, rgb, size, weight);
    }
    return;
  }
  // Three box filters come close to a Gaussian (Wells, 1986); of radius r, each adds r (r + 1) / 3 to the variance.
  const variance = sigma * sigma;
  const radius = Math.floor((Math.sqrt(4 * variance + 1) - 1) / 2);
  const wider = Math.round((variance - radius * (radius + 1)) / (2 * (radius + 1) / 3));
  for (let pass = 0; pass < 3; pass++) {
    boxAcross(rgb, scratch, size, radius + (pass < wider ? 1 : 0));
    boxDown(scratch, rgb, size, radius + (pass < wider ? 1 : 0));
  }
}

const SMALL_SIGMA = 1.3;

function blendAcross(from: Float32Array, to: Float32Array, size: number, weight: number): void {
  const middle = 1 - 2 * weight, row = 3 * size;
  for (let start = 0; start < from.length; start += row) {
    const end = start + row - 3;
    // Of the pixel before and the pixel itself; each number is read once.
    let red0 = from[start]!, green0 = from[start + 1]!, blue0 = from[start + 2]!;
    let red1 = red0, green1 = green0, blue1 = blue0;
    for (let i = start; i < end; i += 3) {
      const red2 = from[i + 3]!, green2 = from[i + 4]!, blue2 = from[i + 5]!;
      to[i] = weight * (red0 + red2) + middle * red1;
      to[i + 1] = weight * (green0 + green2) + middle * green1;
      to[i + 2] = weight * (blue0 + blue2) + middle * blue1;
      red0 = red1;
      green0 = green1;
      blue0 = blue1;
      red1 = red2;
      green1 = green2;
      blue1 = blue2;
    }
    to[end] = weight * (red0 + red1) + middle * red1;
    to[end + 1] = weight * (green0 + green1) + middle * green1;
    to[end + 2] = weight * (blue0 + blue1) + middle * blue1;
  }
}

/** Two rows at a time, which share what they read. */
function blendDown(from: Float32Array, to: Float32Array, size: number, weight: number): void {
  const middle = 1 - 2 * weight, row = 3 * size, last = from.length - row;
  for (let upper = 0; upper <= last; upper += 2 * row) {
    const above = Math.max(0, upper - row),
      lower = Math.min(last, upper + row),
      below = Math.min(last, upper + 2 * row);
    for (let i = 0; i < row; i++) {
      const a = from[upper + i]!, b = from[lower + i]!;
      to[upper + i] = weight * (from[above + i]! + b) + middle * a;
      to[lower + i] = weight * (a + from[below + i]!) + middle * b;
    }
  }
}

function boxAcross(from: Float32Array, to: Float32Array, size: number, radius: number): void {
  const share = 1 / (2 * radius + 1), row = 3 * size;
  for (let start = 0; start < from.length; start += row) {
    const end = start + row - 3;
    let red = (radius + 1) * from[start]!, green = (radius + 1) * from[start + 1]!;
    let blue = (radius + 1) * from[start + 2]!;
    for (let k = 1; k <= radius; k++) {
      const i = Math.min(end, start + 3 * k);
      red += from[i]!;
      green += from[i + 1]!;
      blue += from[i + 2]!;
    }
    for (let i = start; i <= end; i += 3) {
      to[i] = red * share;
      to[i + 1] = green * share;
      to[i + 2] = blue * share;
      const next = i + 3 * (radius + 1), before = i - 3 * radius;
      const entering = next > end ? end : next, leaving = before < start ? start : before;
      red += from[entering]! - from[leaving]!;
      green += from[entering + 1]! - from[leaving + 1]!;
      blue += from[entering + 2]! - from[leaving + 2]!;
    }
  }
}

function boxDown(from: Float32Array, to: Float32Array, size: number, radius: number): void {
  const share = 1 / (2 * radius + 1), row = 3 * size, last = from.length - row;
  const sums = new Float64Array(row);
  for (let i = 0; i < row; i++) {
    sums[i] = (radius + 1) * from[i]!;
    for (let k = 1; k <= radius; k++) sums[i]! += from[Math.min(last, k * row) + i]!;
  }
  for (let start = 0; start <= last; start += row) {
    const entering = Math.min(last, start + (radius + 1) * row), leaving = Math.max(0, start - radius * row);
    for (let i = 0; i < row; i++) {
      const sum = sums[i]!;
      to[start + i] = sum * share;
      sums[i] = sum + (from[entering + i]! - from[leaving + i]!);
    }
  }
}
