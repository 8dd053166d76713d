/**
 * Loads the model of a folder with tfjs as it comes, as a browser does, and prints its answers to `patternedImage`.
 * deno run --allow-read --allow-env stock_predict.ts FOLDER
 */
import * as tf from "@tensorflow/tfjs";
import { patternedImage } from "./patterned_image.ts";

await tf.setBackend("cpu");
const network = await tf.loadLayersModel(tf.io.http(`file://${Deno.args[0]}/model.json`));
const outputs = [network.predict(patternedImage(network.inputs[0]!.shape[1]!))].flat();
const values = await tf.concat(outputs.map((output) => output.flatten())).data<"float32">();
await Deno.stdout.write(new Uint8Array(values.buffer as ArrayBuffer));
