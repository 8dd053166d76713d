/** NumPy's file of float32s in this shape, row-major (format version 1.0). */
export function encodeNpy(values: Float32Array, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  if (values.length !== shape.reduce((product, length) => product * length, 1)) {
    throw new TypeError(`Cannot write ${values.length} numbers as an array of shape [${shape}]`);
  }
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10; // data begins at a multiple of 64
  const bytes = new Uint8Array(10 + length + values.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, length & 255, length >> 8]);
  bytes.set(new TextEncoder().encode(text.padEnd(length - 1) + "\n"), 10);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + length);
  return bytes;
}
