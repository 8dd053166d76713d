import { readMat } from "@/lib/formats/mat.ts";
import type { MatContestant } from "./mat.ts";
import { contestantOptions, serve } from "./serve.ts";

const { files, times } = contestantOptions<MatContestant>();

async function readAll(): Promise<void> {
  for (let time = 0; time < times; time++) {
    for (const file of files) await readMat(file);
  }
}

await readAll();
await serve(async () => {
  const start = performance.now();
  await readAll();
  return [{ unit: "ms", value: (performance.now() - start) / (times * files.length) }];
});
