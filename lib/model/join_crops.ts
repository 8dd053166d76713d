import type { Photo } from "@/lib/types.ts";

/**
 * The bytes of all crops, one after the other: [crops, size, size, 3], as a network takes them. Throws a TypeError where one
 * has another size, and a RangeError where there is none.
 */
export function joinCrops(crops: readonly Photo[], size: number): Uint8Array<ArrayBuffer> {
  if (crops.length === 0) throw new RangeError("Cannot join the crops: there are none");
  const bytes = new Uint8Array(crops.length * 3 * size * size);
  crops.forEach(({ width, height, rgb }, i) => {
    if (width !== size || height !== size) {
      throw new TypeError(`Cannot use a crop of ${width} × ${height} pixels: the network takes ${size} × ${size}`);
    }
    bytes.set(rgb, i * 3 * size * size);
  });
  return bytes;
}
