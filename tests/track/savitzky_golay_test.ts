import { smoothedAt } from "@/lib/track/savitzky_golay.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertAllClose } from "@/tests/support.ts";

/** Each frame by those around it. */
function smoothed(frames: readonly Float32Array[], reach = 5): Float32Array[] {
  return frames.map((_, center) => {
    const first = Math.max(0, center - reach);
    return smoothedAt(frames.slice(first, center + reach + 1), center - first);
  });
}

Deno.test("smoothedAt() keeps every polynomial of its degree, at both ends too", () => {
  const frames = Array.from({ length: 30 }, (_, i) => Float32Array.of(1 + 0.5 * i - 0.02 * i ** 2 + 1e-3 * i ** 3, -i));
  smoothed(frames).forEach((frame, i) => assertAllClose(frame, frames[i]!, 1e-3));
});

Deno.test("smoothedAt() calms noise and leaves its input alone", () => {
  const random = new Random("noise");
  const frames = Array.from({ length: 200 }, () => Float32Array.of(random.normal()));
  const before = frames.map((frame) => frame[0]!);
  const spread = (values: readonly Float32Array[]) =>
    Math.sqrt(values.reduce((sum, [value]) => sum + value! ** 2, 0) / values.length);
  assert(spread(smoothed(frames)) < 0.6 * spread(frames));
  assertAllClose(frames.map((frame) => frame[0]!), before, 0);
});

Deno.test("smoothedAt() gives the frames back where they are too few", () => {
  assertAllClose(smoothed([Float32Array.of(1), Float32Array.of(5)]).map((frame) => frame[0]!), [1, 5], 0);
});
