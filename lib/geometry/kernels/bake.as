/** Room for x, y and z; the fourth lane is left as it is. */
const THREE: v128 = i32x4(-1, -1, -1, 0);

/** Each of n texels with a triangle, its corners' places in surface u32 [n, 3] weighted f32 [n, 3], into map, z less `farthest`. */
export function interpolateTexels(
  map: usize, n: i32, triangle: usize, corners: usize, weights: usize, surface: usize, farthest: f32,
): void {
  const shift = f32x4(0, 0, farthest, 0);
  for (let texel: i32 = 0; texel < n; texel++, corners += 12, weights += 12, map += 12) {
    if (load<i32>(triangle + <usize>(4 * texel)) < 0) continue;
    const a = v128.load(surface + <usize>(4 * load<u32>(corners)));
    const b = v128.load(surface + <usize>(4 * load<u32>(corners, 4)));
    const c = v128.load(surface + <usize>(4 * load<u32>(corners, 8)));
    const ab = f32x4.add(f32x4.mul(v128.load32_splat(weights), a), f32x4.mul(v128.load32_splat(weights, 4), b));
    // The next texel's x is written after it.
    v128.store(map, f32x4.sub(f32x4.add(ab, f32x4.mul(v128.load32_splat(weights, 8), c)), shift));
  }
}

/**
 * Moves the four texels that each of n vertices is read from, from `first` on by `step` ±1, as little as will do,
 * towards reading `share` of the way to the vertex.
 */
export function fitTexels(
  map: usize, size: i32, texel: usize, weights: usize, surface: usize, farthest: f32,
  n: i32, first: i32, step: i32, share: f32,
): void {
  const shift = f32x4(0, 0, farthest, 0), down = <usize>(12 * size);
  for (let i: i32 = 0, v = first; i < n; i++, v += step) {
    const weight = weights + <usize>(16 * v);
    const w0 = v128.load32_splat(weight), w1 = v128.load32_splat(weight, 4);
    const w2 = v128.load32_splat(weight, 8), w3 = v128.load32_splat(weight, 12);
    const squares = f32x4.add(
      f32x4.add(f32x4.mul(w0, w0), f32x4.mul(w1, w1)),
      f32x4.add(f32x4.mul(w2, w2), f32x4.mul(w3, w3)),
    );
    const at = map + <usize>(12 * load<u32>(texel + <usize>(4 * v))), below = at + down;
    const a = v128.load(at), b = v128.load(at, 12), c = v128.load(below), d = v128.load(below, 12);
    const read = f32x4.add(
      f32x4.add(f32x4.mul(w0, a), f32x4.mul(w1, b)),
      f32x4.add(f32x4.mul(w2, c), f32x4.mul(w3, d)),
    );
    const wanted = f32x4.sub(v128.load(surface + <usize>(12 * v)), shift);
    const off = f32x4.mul(f32x4.div(f32x4.splat(share), squares), f32x4.sub(wanted, read));
    const move = v128.and(off, THREE);
    v128.store(at, f32x4.add(a, f32x4.mul(w0, move)));
    v128.store(at, f32x4.add(b, f32x4.mul(w1, move)), 12);
    v128.store(below, f32x4.add(c, f32x4.mul(w2, move)));
    v128.store(below, f32x4.add(d, f32x4.mul(w3, move)), 12);
  }
}

/** Gives each of n texels that is not valid u8 the position of its nearest one u32. */
export function fillTexels(map: usize, n: i32, valid: usize, nearest: usize): void {
  for (let texel: i32 = 0; texel < n; texel++) {
    if (load<u8>(valid + <usize>texel)) continue;
    const from = map + <usize>(12 * load<u32>(nearest + <usize>(4 * texel)));
    const to = map + <usize>(12 * texel);
    store<u64>(to, load<u64>(from));
    store<f32>(to, load<f32>(from, 8), 8);
  }
}
