// Writes a new network as ONNX, as deno task export does a trained one.
import * as tf from "@tensorflow/tfjs";
import { resolveConfig } from "@/lib/config.ts";
import { CROP_MARGIN } from "@/lib/data/maps/crop.ts";
import { encodeOnnx } from "@/lib/export/onnx.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import type { InferContestant } from "./infer.ts";
import { newNetwork } from "./new_network.ts";
import { contestantOptions } from "./serve.ts";

const { path, architecture, imageSize } = contestantOptions<InferContestant & { path: string }>();

await tf.setBackend("cpu");
const config = resolveConfig(architecture, { imageSize });
const network = newNetwork(config);
const description = { ...config, crop: { margin: CROP_MARGIN }, surface: builtInFace().surface };
await Deno.writeFile(path, encodeOnnx(foldNetwork(network), description));
