import { savitzkyGolay } from "@/lib/track/savitzky_golay.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertAllClose } from "@/tests/support.ts";

Deno.test("savitzkyGolay() keeps every polynomial of its degree, at both ends too", () => {
  const frames = Array.from({ length: 30 }, (_, i) => Float32Array.of(1 + 0.5 * i - 0.02 * i ** 2 + 1e-3 * i ** 3, -i));
  savitzkyGolay(frames).forEach((frame, i) => assertAllClose(frame, frames[i]!, 1e-3));
});

Deno.test("savitzkyGolay() calms noise and leaves its input alone", () => {
  const random = new Random("noise");
  const frames = Array.from({ length: 200 }, () => Float32Array.of(random.normal()));
  const before = frames.map((frame) => frame[0]!);
  const spread = (values: readonly Float32Array[]) =>
    Math.sqrt(values.reduce((sum, [value]) => sum + value! ** 2, 0) / values.length);
  assert(spread(savitzkyGolay(frames)) < 0.6 * spread(frames));
  assertAllClose(frames.map((frame) => frame[0]!), before, 0);
});

Deno.test("savitzkyGolay() gives the frames back where they are too few", () => {
  assertAllClose(savitzkyGolay([Float32Array.of(1), Float32Array.of(5)]).map((frame) => frame[0]!), [1, 5], 0);
});
