import { CutDetector } from "@/lib/track/cut_detector.ts";
import { Random } from "@/lib/random.ts";
import type { Photo } from "@/lib/types.ts";
import { assertEquals } from "@/tests/support.ts";

/** Stripes that many pixels to the right, under noise. */
function stripes(shift: number, { seed = 1, period = 40 } = {}): Photo {
  const [width, height] = [160, 120], random = new Random(seed);
  const at = (i: number) => 60 + 120 * Number((Math.floor(i / 3) % width + shift) % period < period / 2);
  return {
    width,
    height,
    rgb: Uint8Array.from({ length: 3 * width * height }, (_, i) => at(i) + random.integer(0, 20)),
  };
}

Deno.test("CutDetector sees a cut, and none in the first frame, in noise or in what moves", () => {
  const cuts = new CutDetector();
  const frames = [stripes(0), stripes(0, { seed: 2 }), stripes(2), stripes(4), stripes(20, { period: 80 })];
  assertEquals(frames.map((frame) => cuts.isCut(frame)), [false, false, false, false, true]);
});

Deno.test("CutDetector takes videos of any size, a single pixel too", () => {
  const cuts = new CutDetector();
  const pixel = (level: number): Photo => ({ width: 1, height: 1, rgb: new Uint8Array(3).fill(level) });
  assertEquals([10, 20, 200].map((level) => cuts.isCut(pixel(level))), [false, false, true]);
});
