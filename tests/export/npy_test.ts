import { parseNpy } from "@/lib/formats/npy.ts";
import { encodeNpy } from "@/lib/export/npy.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";

Deno.test("parseNpy() undoes encodeNpy(), of any count of axes, and of part of an array too", () => {
  const values = Float32Array.from({ length: 25 }, (_, i) => Math.sqrt(i)).subarray(1);
  for (const shape of [[24], [4, 6], [2, 3, 4], [1, 2, 3, 4]]) {
    const read = parseNpy(encodeNpy(values, shape), "x.npy");
    assertEquals([read.shape, [...read.values]], [shape, [...values]]);
  }
});

Deno.test("encodeNpy() refuses a shape of another count of numbers", async () => {
  await assertThrows(() => encodeNpy(new Float32Array(5), [2, 3]), TypeError, /5 numbers as an array of shape \[2,3\]/);
});
