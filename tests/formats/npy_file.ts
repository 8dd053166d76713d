/** A version 1 file of float32, as numpy.save writes it. */
export function npyFile(values: readonly number[], shape: readonly number[], fortran = false): Uint8Array {
  const length = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '<f4', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${length}, }`;
  const start = Math.max(128, 64 * Math.ceil((10 + text.length + 1) / 64));
  const bytes = new Uint8Array(start + 4 * values.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (start - 10) & 255, (start - 10) >> 8]);
  bytes.set(new TextEncoder().encode(text.padEnd(start - 11) + "\n"), 10);
  bytes.set(new Uint8Array(Float32Array.from(values).buffer), start);
  return bytes;
}
