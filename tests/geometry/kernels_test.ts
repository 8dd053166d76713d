import { Kernels } from "@/lib/geometry/kernels.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";

Deno.test("Kernels run on their own arrays, also on parts of them, and refuse others", async () => {
  const kernels = new Kernels(1000), other = new Kernels(1000);
  const image = kernels.floats(Float32Array.from({ length: 24 }, (_, i) => i)), half = kernels.floats(6);
  kernels.run.halve(image.subarray(12), 2, half);
  assertEquals([...half.subarray(0, 3)], [16.5, 17.5, 18.5]);
  await assertThrows(() => kernels.run.halve(other.floats(12), 2, half), TypeError, /not made by its kernels/);
});
