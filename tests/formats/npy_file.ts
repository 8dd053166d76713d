/** A version 1 file of float32, as numpy.save writes it. */
export function npyFile(values: readonly number[], shape: readonly number[], fortran = false): Uint8Array {
  const length = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '<f4', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${length}, }`.padEnd(117) +
    "\n";
  const bytes = new Uint8Array(128 + 4 * values.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(Float32Array.from(values).buffer), 128);
  return bytes;
}
