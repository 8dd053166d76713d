import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import { assert, assertEquals } from "@/tests/support.ts";

/** Fails where an evaluation, also one that was read from JSON, lacks a part, has another, or has no errors. */
export function assertEvaluation(evaluation: Evaluation, ...more: readonly string[]): void {
  const { nme68_2d, nme68_3d, nme51_2d, jaw17_2d, baseline, images, people, imagesWithDepth, ...rest } = evaluation;
  assertEquals(Object.keys(rest).sort(), more.toSorted());
  assertEquals(Object.keys(baseline), ["nme68_2d", "nme68_3d"]);
  assertEquals(imagesWithDepth, images);
  assertEquals(people, rest.expressions || rest.dense ? Math.ceil(images / 8) : undefined); // of drawn faces, not of photos
  for (const summary of [nme68_2d, nme68_3d, nme51_2d, jaw17_2d, ...Object.values(baseline)]) {
    assertEquals(Object.keys(summary), ["mean", "balanced", "bins", "interval"]);
    assertEquals(Object.keys(summary.bins), ["0-30", "30-60", "60-90"]);
    assert(summary.mean > 0 && summary.balanced > 0 && summary.interval[0] <= summary.mean);
  }
}
