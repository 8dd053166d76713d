/** Blurs [size, size, 3] in place by the kernel (w, 1 - 2w, w) across and down, this often; lines holds three rows. */
export function blend(rgb: usize, size: i32, weight: f32, passes: i32, lines: usize): void {
  const row = <usize>(12 * size), w = f32x4.splat(weight), m = f32x4.splat(1 - 2 * weight);
  for (let pass: i32 = 0; pass < passes; pass++) {
    let above = lines, here = lines, below = lines + row, free = lines + 2 * row;
    blendAcross(rgb, here, size, weight);
    for (let y: i32 = 0; y < size; y++) {
      const to = rgb + <usize>y * row;
      if (y + 1 < size) blendAcross(to + row, below, size, weight);
      else below = here;
      for (let i: usize = 0; i < row; i += 16) {
        const around = f32x4.add(v128.load(above + i), v128.load(below + i));
        v128.store(to + i, f32x4.add(f32x4.mul(w, around), f32x4.mul(m, v128.load(here + i))));
      }
      const old = y == 0 ? free : above;
      above = here;
      here = below;
      below = old;
    }
  }
}

function blendAcross(from: usize, to: usize, size: i32, weight: f32): void {
  const w = f32x4.splat(weight), m = f32x4.splat(1 - 2 * weight), end = <usize>(12 * size);
  for (let i: usize = 0; i < 12; i += 4) {
    const first = load<f32>(from + i), last = load<f32>(from + end - 12 + i);
    store<f32>(to + i, weight * (first + load<f32>(from + i, 12)) + (1 - 2 * weight) * first);
    store<f32>(to + end - 12 + i, weight * (last + load<f32>(from + end - 24 + i)) + (1 - 2 * weight) * last);
  }
  for (let i: usize = 12; i < end - 12; i += 16) {
    const at = min(i, end - 28);
    const around = f32x4.add(v128.load(from + at - 12), v128.load(from + at + 12));
    v128.store(to + at, f32x4.add(f32x4.mul(w, around), f32x4.mul(m, v128.load(from + at))));
  }
}

/** Means of 2×2 pixels of [size, size, 3]; the size is even. */
export function halve(from: usize, size: i32, to: usize): void {
  const row = <usize>(12 * size), quarter = f32x4.splat(0.25);
  for (let y: i32 = 0; y < size; y += 2) {
    for (let x: i32 = 0; x < size; x += 2, to += 12) {
      const at = from + <usize>y * row + <usize>(12 * x);
      const upper = f32x4.add(v128.load(at), v128.load(at, 12));
      const lower = f32x4.add(v128.load(at + row), v128.load(at + row, 12));
      v128.store(to, f32x4.mul(f32x4.add(upper, lower), quarter));
    }
  }
}

/** [size, size, 3] at twice the size, between neighbors; `line` holds a row with a pixel more at either end. */
export function double(from: usize, size: i32, to: usize, line: usize): void {
  const row = <usize>(12 * size), w = f32x4.splat(0.25), m = f32x4.splat(0.75);
  for (let y: i32 = 0; y < 2 * size; y++) {
    const near = from + <usize>(y >> 1) * row;
    const far = from + <usize>min(max((y >> 1) + (y & 1 ? 1 : -1), 0), size - 1) * row;
    for (let i: usize = 0; i < row; i += 16) {
      v128.store(line + 12 + i, f32x4.add(f32x4.mul(m, v128.load(near + i)), f32x4.mul(w, v128.load(far + i))));
    }
    memory.copy(line, line + 12, 12);
    memory.copy(line + 12 + row, line + row, 12);
    for (let i: usize = 0; i < row; i += 12, to += 24) {
      const here = f32x4.mul(m, v128.load(line + i, 12));
      v128.store(to, f32x4.add(here, f32x4.mul(w, v128.load(line + i))));
      v128.store(to, f32x4.add(here, f32x4.mul(w, v128.load(line + i, 24))), 12);
    }
  }
}

/** The mean of the pixels of [size, size, 3] that lie this far to either side of each; the border repeats. */
export function averageSides(from: usize, size: i32, dx: i32, dy: i32, to: usize): void {
  const half = f32x4.splat(0.5);
  for (let y: i32 = 0; y < size; y++) {
    const one = from + <usize>(12 * size * min(max(y + dy, 0), size - 1));
    const other = from + <usize>(12 * size * min(max(y - dy, 0), size - 1));
    for (let x: i32 = 0; x < size; x++, to += 12) {
      const a = v128.load(one + <usize>(12 * min(max(x + dx, 0), size - 1)));
      const b = v128.load(other + <usize>(12 * min(max(x - dx, 0), size - 1)));
      v128.store(to, f32x4.mul(f32x4.add(a, b), half));
    }
  }
}

/** Pixels that take noise from one place. */
const PATCH: i32 = 16;

/**
 * Light [n, 3] f32 to sRGB bytes: times `light` [4], by the tone curve [steps], mixed with its gray, times `gains`
 * [4], plus noise of this deviation at middle gray, more where it is dark and less where it is bright, 0.7 of it shared by the
 * channels. `noises` [mask + 1 + 64].
 */
export function develop(
  rgb: usize, n: i32, bytes: usize, light: usize, curve: usize, steps: i32, saturation: f32, gains: usize,
  noises: usize, mask: i32, seed: i32, deviation: f32,
): void {
  const most = f32x4.splat(<f32>(steps - 1)), zero = f32x4.splat(0), one = f32x4.splat(1);
  const scale = v128.load(light), gain = v128.load(gains);
  const amounts = f32x4(deviation, deviation, deviation, 0), shared = f32x4.splat(deviation * 0.7);
  for (let start: i32 = 0; start < n; start += PATCH) {
    // A new place in the table every 16 pixels: patterns would show.
    let noise = noises + <usize>(4 * (((seed + 3 * start) * <i32>0x9e3779b1 >>> 12) & mask));
    const end = min(n, start + PATCH);
    for (let k = start; k < end; k++, noise += 16) {
      const share = f32x4.min(f32x4.max(f32x4.mul(v128.load(rgb + <usize>(12 * k)), scale), zero), one);
      const step = i32x4.trunc_sat_f32x4_s(f32x4.mul(f32x4.sqrt(share), most));
      const r = load<f32>(curve + <usize>(4 * i32x4.extract_lane(step, 0)));
      const g = load<f32>(curve + <usize>(4 * i32x4.extract_lane(step, 1)));
      const b = load<f32>(curve + <usize>(4 * i32x4.extract_lane(step, 2)));
      const gray: f32 = 0.299 * r + 0.587 * g + 0.114 * b;
      const tone = f32x4.add(
        f32x4.splat(gray - saturation * gray),
        f32x4.mul(f32x4.splat(saturation), f32x4(r, g, b, 0)),
      );
      const four = v128.load(noise);
      const grain = f32x4.mul(
        f32x4.splat(<f32>1.5 - gray * <f32>(1.0 / 255.0)),
        f32x4.add(
          f32x4.mul(v128.shuffle<f32>(four, four, 0, 0, 0, 0), shared),
          f32x4.mul(v128.shuffle<f32>(four, four, 1, 2, 3, 3), amounts),
        ),
      );
      const value = i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.mul(tone, gain), grain));
      const words = i16x8.narrow_i32x4_s(value, value);
      v128.store32_lane(bytes + <usize>(3 * k), i8x16.narrow_i16x8_u(words, words), 0);
    }
  }
}
