import { boxOverlap, type Detection, mergeDetections } from "@/lib/track/detection.ts";
import { assertAllClose, assertClose, assertEquals, FLOAT32_TOLERANCE, FLOAT64_TOLERANCE } from "@/tests/support.ts";

function detection(left: number, score: number): Detection {
  return {
    box: { left, top: 10, width: 100, height: 80 },
    keypoints: Float32Array.from({ length: 12 }, (_, i) => i % 2 === 0 ? left + i : i),
    score,
  };
}

Deno.test("boxOverlap() is 1 for a box and itself, 0 for boxes that touch, and does not ask which comes first", () => {
  const [box, beside, half] = [0, 100, 50].map((left) => detection(left, 1).box);
  assertEquals([boxOverlap(box!, box!), boxOverlap(box!, beside!)], [1, 0]);
  assertClose(boxOverlap(box!, half!), 1 / 3, FLOAT64_TOLERANCE);
  assertEquals(boxOverlap(half!, box!), boxOverlap(box!, half!));
});

Deno.test("mergeDetections() weighs what it merges by scores, keeps the best score, and others as they are", () => {
  const merged = mergeDetections([detection(10, 0.3), detection(300, 0.5), detection(0, 0.9)]);
  assertEquals(merged.map(({ score }) => score), [0.9, 0.5]);
  assertClose(merged[0]!.box.left, 2.5, FLOAT64_TOLERANCE);
  assertAllClose(merged[0]!.keypoints.subarray(0, 2), [2.5, 1], FLOAT32_TOLERANCE);
  assertEquals(merged[1], detection(300, 0.5));
  assertEquals(mergeDetections([]), []);
});
