import { countSamples } from "@/lib/data/sources/source.ts";
import { InputError } from "@/lib/errors.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";

Deno.test("countSamples() gives as many as wanted or as there are, and refuses a split without any", async () => {
  const source = { counts: { train: Infinity, test: 20 } };
  assertEquals([countSamples(source, "train", 64), countSamples(source, "test", 64)], [64, 20]);
  assertEquals([countSamples(source, "test", 7), countSamples(source, "train", Infinity)], [7, Infinity]);
  await assertThrows(() => countSamples(source, "validation", 1), InputError, /"validation": it has train, test$/);
  await assertThrows(() => countSamples({ counts: {} }, "train", 1), InputError, /it has none$/);
});
