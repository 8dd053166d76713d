/**
 * Loads the model of a folder with tfjs as it comes, as a browser does, and prints its answer to `patternedImage`.
 * deno run --allow-read --allow-env stock_predict.ts FOLDER
 */
import * as tf from "@tensorflow/tfjs";
import { patternedImage } from "./patterned_image.ts";

await tf.setBackend("cpu");
const network = await tf.loadLayersModel(tf.io.http(`file://${Deno.args[0]}/model.json`));
const maps = network.predict(patternedImage(network.inputs[0]!.shape[1]!)) as tf.Tensor;
await Deno.stdout.write(new Uint8Array((await maps.data<"float32">()).buffer as ArrayBuffer));
