import fc from "@/tests/fast_check.ts";
import { packingLoss, packMap, unpackMap } from "@/lib/data/store/packed_map.ts";
import { Random } from "@/lib/random.ts";
import { assertAllClose, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";

const size = 16;

/** Noise, waves or a plane, somewhere. */
function someMap(seed: number) {
  const random = new Random(seed);
  const kind = random.integer(0, 2), reach = 10 ** random.uniform(-3, 4), middle = random.uniform(-1000, 1000);
  const at = (i: number) => kind === 0 ? random.uniform(-1, 1) : kind === 1 ? Math.sin(i / 40) : (i % 3) - 1;
  return { size, positions: Float32Array.from({ length: 3 * size * size }, (_, i) => middle + reach * at(i)) };
}

Deno.test("unpackMap() gives what packMap() was given, off by no more than half of 65,535 steps of each axis", () => {
  fc.assert(fc.property(fc.integer(), (seed) => {
    const map = someMap(seed);
    const packed = packMap(map);
    const unpacked = unpackMap(packed, size);
    for (let axis = 0; axis < 3; axis++) {
      const most = packed.range[axis]! / 65_535 / 2 + FLOAT32_TOLERANCE * Math.abs(packed.least[axis]!);
      const ofAxis = (_: number, i: number) => i % 3 === axis;
      assertAllClose(unpacked.positions.filter(ofAxis), map.positions.filter(ofAxis), most);
    }
    assertEquals(Math.max(...packed.range) / 131_070, packingLoss(packed));
  }));
});

Deno.test("packMap() takes a fifth of a smooth map's bytes", () => {
  const positions = Float32Array.from({ length: 3 * 256 * 256 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 256, Math.floor(i / 768)];
    return [x + 20 * Math.sin(y / 40), y + 20 * Math.cos(x / 50), 90 * Math.sin(x / 80) * Math.sin(y / 80)][i % 3]!;
  });
  const { bytes } = packMap({ size: 256, positions });
  if (bytes.length > positions.byteLength / 5) throw new Error(`${bytes.length} bytes`);
});

Deno.test("unpackMap() refuses bytes that are cut, broken, or of a map of another size", async () => {
  const packed = packMap(someMap(3));
  const cut = { ...packed, bytes: packed.bytes.subarray(0, -3) };
  await assertThrows(() => unpackMap(cut, size), Error, /./);
  await assertThrows(() => unpackMap({ ...packed, bytes: Uint8Array.of(1, 2, 3) }, size), Error, /./);
  await assertThrows(() => unpackMap(packed, size / 2), Error, /./);
  await assertThrows(() => unpackMap(packed, 2 * size), RangeError, /it has 1536 bytes/);
});
