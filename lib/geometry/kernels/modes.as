/**
 * Sums of modes times amounts, added to mean f32 [16 · blocks], into out. Modes are i8 [blocks, pairs, 16, 2]: of two modes
 * the same sixteen numbers, by turns. Amounts are i16 [pairs, 2]; `unit` is what a product of 1 means.
 */
export function sumModes(
  out: usize, mean: usize, blocks: i32, modes: usize, amounts: usize, pairs: i32, unit: f32,
): void {
  const units = f32x4.splat(unit);
  for (let block: i32 = 0; block < blocks; block++, out += 64, mean += 64) {
    let a = i32x4.splat(0), b = a, c = a, d = a;
    for (let pair: i32 = 0; pair < pairs; pair++, modes += 32) {
      const amount = v128.load32_splat(amounts + <usize>(4 * pair));
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(modes), amount));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(modes, 8), amount));
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(modes, 16), amount));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(modes, 24), amount));
    }
    addTo(out, mean, a, units, 0);
    addTo(out, mean, b, units, 16);
    addTo(out, mean, c, units, 32);
    addTo(out, mean, d, units, 48);
  }
}

function addTo(out: usize, mean: usize, sum: v128, units: v128, offset: usize): void {
  const change = f32x4.mul(units, f32x4.convert_i32x4_s(sum));
  v128.store(out + offset, f32x4.add(v128.load(mean + offset), change));
}
