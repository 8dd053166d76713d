import { median } from "@/lib/numbers.ts";
import type { ProgressListener } from "@/lib/progress.ts";
import type { OpenedModel } from "@/tasks/predict/open_crops.ts";

const [WARM_UP, ROUNDS] = [5, 30] as const;
/** After as many rounds as warm up, no more are begun when so much time is over: slow models vary little. */
const ENOUGH_MILLISECONDS = 2000;

/** Median milliseconds that each model takes for one crop, taken in turns, so that what slows this machine slows all. */
export async function measureSpeeds(models: readonly OpenedModel[], onProgress: ProgressListener): Promise<number[]> {
  const seconds: number[][] = models.map(() => []);
  let begun = performance.now();
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    if (round === 0) begun = performance.now();
    if (round >= WARM_UP && performance.now() - begun > ENOUGH_MILLISECONDS) break;
    for (const [i, { crops }] of models.entries()) {
      const { imageSize: side } = crops;
      const gray = { width: side, height: side, rgb: new Uint8Array(3 * side * side).fill(128) };
      const start = performance.now();
      await crops.predict([gray]);
      if (round >= 0) seconds[i]!.push(performance.now() - start);
    }
    onProgress(Math.max(0, round) / ROUNDS);
  }
  return seconds.map(median);
}
