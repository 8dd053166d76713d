/** Bits of a place's fraction of a pixel, and of a weight: the largest that products of 16-bit numbers leave room for. */
const FRACTION: i64 = 32;
const WEIGHT: i32 = 14;
/** Pixels from the picture that are as good as any further ones. */
const FAR: f64 = 1e8;

/**
 * Seen through a similarity: bytes [fromHeight + 2, fromWidth + 2, 3], whose outermost pixels are black, into bytes [height,
 * width, 3]. The target's (x, y) shows (c x - s y + dx, s x + c y + dy) of the picture within that border, in pixels; of
 * each pixel, samples² places are averaged.
 */
export function warpPixels(
  from: usize, fromWidth: i32, fromHeight: i32, to: usize, width: i32, height: i32,
  c: f64, s: f64, dx: f64, dy: f64, samples: i32,
): void {
  const stride = <usize>(3 * (fromWidth + 2));
  const right = <u64>(fromWidth + 1) << FRACTION, bottom = <u64>(fromHeight + 1) << FRACTION;
  const step = 1 / <f64>samples;
  const acrossX = fixed(c), acrossY = fixed(s), stepX = fixed(c * step), stepY = fixed(s * step);
  const weight = f32x4.splat(<f32>(step * step / <f64>(1 << WEIGHT))), half = f32x4.splat(0.5);
  for (let row: i32 = 0; row < height; row++) {
    const targetX = 0.5 * step, targetY = <f64>row + 0.5 * step;
    // in steps from the center of the border's first pixel
    let pixelX = fixed(c * targetX - s * targetY + dx + 0.5), pixelY = fixed(s * targetX + c * targetY + dy + 0.5);
    for (let column: i32 = 0; column < width; column++, to += 3, pixelX += acrossX, pixelY += acrossY) {
      let sum = f32x4.splat(0);
      let lineX = pixelX, lineY = pixelY;
      for (let line: i32 = 0; line < samples; line++, lineX -= stepY, lineY += stepX) {
        let x = lineX, y = lineY;
        for (let sample: i32 = 0; sample < samples; sample++, x += stepX, y += stepY) {
          if (<u64>x >= right || <u64>y >= bottom) continue;
          const at = from + <usize>(y >> FRACTION) * stride + <usize>(3 * (x >> FRACTION));
          const u = <i32>(x >> (FRACTION - <i64>WEIGHT)) & ((1 << WEIGHT) - 1);
          const weights = i32x4.splat((1 << WEIGHT) - u | u << 16);
          const v = f32x4.splat(<f32>(<u32>y) * <f32>(1 / <f64>(<i64>1 << FRACTION)));
          const upper = between(at, weights), lower = between(at + stride, weights);
          sum = f32x4.add(sum, f32x4.add(upper, f32x4.mul(v, f32x4.sub(lower, upper))));
        }
      }
      const levels = i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.mul(sum, weight), half));
      const words = i16x8.narrow_i32x4_s(levels, levels);
      v128.store32_lane(to, i8x16.narrow_i16x8_u(words, words), 0); // the next pixel is written after it
    }
  }
}

function fixed(pixels: f64): i64 {
  return <i64>(max(-FAR, min(FAR, pixels)) * <f64>(<i64>1 << FRACTION));
}

/** Red, green and blue of two pixels side by side, each times its weight. */
function between(at: usize, weights: v128): v128 {
  const two = v128.load64_zero(at), right = i64x2.shr_u(two, 24);
  const pairs = v128.shuffle<u8>(two, right, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  return f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(pairs), weights));
}

/**
 * Light f32 [side, side, 3] into [size, size, 3]: the target's pixel (column, row) shows the place (xx column + xy row + x0,
 * yx column + yy row + y0), in steps from the center of the first pixel; beyond the edge, what is nearest on it.
 */
export function warpLight(
  from: usize, side: i32, to: usize, size: i32, xx: f32, xy: f32, x0: f32, yx: f32, yy: f32, y0: f32,
): void {
  const stride = <usize>(12 * side), most = <f32>(side - 1), last = side - 2;
  for (let row: i32 = 0; row < size; row++) {
    for (let column: i32 = 0; column < size; column++, to += 12) {
      const x = min(max(xx * <f32>column + xy * <f32>row + x0, 0), most);
      const y = min(max(yx * <f32>column + yy * <f32>row + y0, 0), most);
      const left = min(<i32>x, last), top = min(<i32>y, last);
      const u = f32x4.splat(x - <f32>left), v = f32x4.splat(y - <f32>top);
      const at = from + <usize>top * stride + <usize>(12 * left);
      const a = v128.load(at), b = v128.load(at, 12), c = v128.load(at + stride), d = v128.load(at + stride, 12);
      const upper = f32x4.add(a, f32x4.mul(u, f32x4.sub(b, a))), lower = f32x4.add(c, f32x4.mul(u, f32x4.sub(d, c)));
      v128.store(to, f32x4.add(upper, f32x4.mul(v, f32x4.sub(lower, upper)))); // the next pixel is written after it
    }
  }
}
