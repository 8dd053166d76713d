import { rehearse } from "@/lib/experiment/rehearsal.ts";
import { assert, assertClose } from "@/tests/support.ts";
import { tinyConfig } from "@/tests/train/tiny.ts";

Deno.test("rehearse() counts the memory that the process has had, and what faces take that are measured at the end, and the time of steps that are left", async () => {
  const few = await rehearse(tinyConfig({ steps: 1e5, testSamples: 3 }), { firstStep: 1e5 - 50 });
  const many = await rehearse(tinyConfig({ steps: 50, testSamples: 8003 }));
  assert(few.peakBytes > Deno.memoryUsage().rss / 2, `${few.peakBytes} bytes`);
  const image = 3 * 64 ** 2, faces = 8000 * (image + 2 * 4 * image); // a picture, and a map of floats, true and predicted
  assertClose((many.peakBytes - few.peakBytes) / faces, 1, 0.15); // the second rehearsal takes a bit more of its own
  assert(few.totalSeconds < 1e5 * few.stepSeconds, "Steps that are done count");
  assert(many.totalSeconds > 50 * many.stepSeconds && many.totalSeconds > few.totalSeconds);
});
