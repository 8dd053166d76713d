/**
 * Blurs a [size, size, 3] image in place, as a Gaussian of this standard deviation nearly does; the border repeats.
 * `scratch` is as large as the image.
 */
export function blur(
  rgb: Float32Array,
  { size, sigma, scratch }: { size: number; sigma: number; scratch: Float32Array },
): void {
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
    const end = start + row;
    for (let i = start + 3; i < end - 3; i++) to[i] = weight * (from[i - 3]! + from[i + 3]!) + middle * from[i]!;
    for (let c = 0; c < 3; c++) {
      to[start + c] = (1 - weight) * from[start + c]! + weight * from[start + 3 + c]!;
      to[end - 3 + c] = (1 - weight) * from[end - 3 + c]! + weight * from[end - 6 + c]!;
    }
  }
}

function blendDown(from: Float32Array, to: Float32Array, size: number, weight: number): void {
  const middle = 1 - 2 * weight, row = 3 * size, last = from.length - row;
  for (let i = row; i < last; i++) to[i] = weight * (from[i - row]! + from[i + row]!) + middle * from[i]!;
  for (let i = 0; i < row; i++) {
    to[i] = (1 - weight) * from[i]! + weight * from[i + row]!;
    to[last + i] = (1 - weight) * from[last + i]! + weight * from[last - row + i]!;
  }
}

function boxAcross(from: Float32Array, to: Float32Array, size: number, radius: number): void {
  const share = 1 / (2 * radius + 1), row = 3 * size;
  for (let start = 0; start < from.length; start += row) {
    const end = start + row - 3;
    for (let c = 0; c < 3; c++) {
      let sum = (radius + 1) * from[start + c]!;
      for (let k = 1; k <= radius; k++) sum += from[Math.min(end, start + 3 * k) + c]!;
      for (let i = start; i <= end; i += 3) {
        to[i + c] = sum * share;
        const entering = i + 3 * (radius + 1), leaving = i - 3 * radius;
        sum += from[(entering > end ? end : entering) + c]! - from[(leaving < start ? start : leaving) + c]!;
      }
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
      to[start + i] = sums[i]! * share;
      sums[i]! += from[entering + i]! - from[leaving + i]!;
    }
  }
}
