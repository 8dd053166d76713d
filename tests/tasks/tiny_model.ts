import { builtInFace } from "@/tests/face/built_in_face.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { saveTrainedModel } from "@/lib/model/trained_model.ts";
import { tinyConfig } from "@/tests/train/tiny.ts";

/** The folder of a model that was not trained, without its ONNX. */
export async function saveTinyModel(
  folder: string,
  { summary, seed }: Pick<ModelDescription, "summary"> & { readonly seed?: number } = {},
): Promise<void> {
  const config = tinyConfig({ ...seed !== undefined && { seed } });
  const description = {
    architecture: config.architecture,
    imageSize: config.imageSize,
    encoding: config.encoding,
    crop: { margin: 1.5 },
    surface: builtInFace().surface,
    meanLandmarks: new Float32Array(68 * 3),
    summary,
  };
  const network = buildNetwork(config);
  await saveTrainedModel(folder, { network, description });
  network.dispose();
}
