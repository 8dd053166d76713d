import { openFaces } from "@/tasks/predict/open_faces.ts";
import { predictPhotos } from "@/tasks/predict/predict_photos.ts";
import type { PredictContestant } from "./predict.ts";
import { contestantOptions, serve } from "./serve.ts";

const { folder, photos, kinds } = contestantOptions<PredictContestant>();
const paths = Array.from({ length: photos }, (_, i) => `${folder}/${i}.jpg`);
const faces = await openFaces(`${import.meta.dirname}/../../data/weights/lite`);

async function predict(): Promise<void> {
  const out = `${folder}/faces`;
  await predictPhotos(paths, { faces, out, kinds, place: undefined, print: () => {} });
  await Deno.remove(out, { recursive: true });
}

await predict();
await serve(async () => {
  const start = performance.now();
  await predict();
  return [{ unit: "photos/s", value: 1000 * photos / (performance.now() - start) }];
});
