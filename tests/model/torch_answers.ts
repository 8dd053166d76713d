import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { positionLoss } from "@/lib/train/loss.ts";
import { hashedValues } from "./hashed_values.ts";
import { pythonProgram } from "@/tests/python.ts";

export interface NetworkCase extends Pick<Config, "architecture" | "imageSize" | "width"> {
  readonly batch: number;
  /** By which batch norm normalizes. */
  readonly statistics: "moving" | "batch";
  /** How often gradients are taken, with a step of gradient descent between. */
  readonly times: number;
}

/** Maps and gradients by name. */
export type Answers = ReadonlyMap<string, Float32Array>;

/** The rate of gradient descent. */
const RATE = 0.1;
/** See IMAGES in torch_answers.py. */
const IMAGES = "images 16";
const BLOCK_COUNT = 8;

/** What lib/model answers, on tfjs's present backend. */
export function networkAnswers({ architecture, imageSize, width, batch, statistics, times }: NetworkCase): Answers {
  const network = buildNetwork({ architecture, imageSize, width, seed: 0 });
  const weights = sortedWeights(network);
  const variables = weights.map((weight) => weight.read() as tf.Variable);
  const answers = new Map<string, Float32Array>();
  tf.tidy(() => {
    for (const weight of network.weights) weight.write(tf.tensor(initialValues(weight), weight.shape as number[]));
    const blocks = hashedMaps(IMAGES, batch, BLOCK_COUNT);
    const images = tf.image.resizeNearestNeighbor(blocks, [imageSize, imageSize]);
    const targets = hashedMaps("targets", batch, imageSize);
    const mask = tf.tensor2d(hashedValues("mask", imageSize * imageSize), [imageSize, imageSize]);
    for (let time = 1; time <= times; time++) {
      const { grads } = tf.variableGrads(() => {
        const maps = network.apply(images, { training: statistics === "batch" }) as tf.Tensor4D;
        answers.set(`maps ${time}`, maps.dataSync<"float32">());
        return positionLoss(maps, targets, mask, { loss: "mse" });
      }, variables);
      weights.forEach(({ originalName }, i) => {
        const gradient = grads[variables[i]!.name]!;
        answers.set(`gradient ${time} of ${originalName}`, gradient.dataSync<"float32">());
        variables[i]!.assign(tf.sub(variables[i]!, tf.mul(gradient, RATE)));
      });
    }
  });
  network.dispose();
  return answers;
}

/** What PyTorch answers. */
export async function torchAnswers(
  { architecture, imageSize, width, batch, statistics, times }: NetworkCase,
): Promise<Answers> {
  const script = fileURLToPath(new URL("./torch_answers.py", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(pythonProgram, {
    args: [script, architecture, ...[imageSize, width, batch, statistics, times, RATE].map(String)],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const values = new Float32Array(stdout.slice().buffer);
  const network = buildNetwork({ architecture, imageSize, width, seed: 0 });
  const answers = new Map<string, Float32Array>();
  let start = 0;
  const take = (name: string, shape: number[]) => {
    answers.set(name, values.subarray(start, start += tf.util.sizeFromShape(shape)));
  };
  for (let time = 1; time <= times; time++) {
    take(`maps ${time}`, [batch, imageSize, imageSize, 3]);
    for (const { originalName, shape } of sortedWeights(network)) {
      take(`gradient ${time} of ${originalName}`, shape as number[]);
    }
  }
  network.dispose();
  if (start !== values.length) throw new Error(`PyTorch gave ${values.length} numbers, ${start} are wanted`);
  return answers;
}

function sortedWeights(network: tf.LayersModel): tf.LayerVariable[] {
  return [...network.trainableWeights].sort((a, b) => a.originalName < b.originalName ? -1 : 1);
}

function hashedMaps(name: string, batch: number, size: number): tf.Tensor4D {
  return tf.tensor4d(hashedValues(name, batch * size ** 2 * 3), [batch, size, size, 3]);
}

/** As `initial` in torch_answers.py. */
function initialValues({ originalName, shape }: tf.LayerVariable): Float32Array {
  const dimensions = shape as number[];
  const part = originalName.split("/").at(-1);
  const values = hashedValues(originalName.replace("moving_", ""), tf.util.sizeFromShape(dimensions));
  if (part === "moving_mean") return values.map((value) => value - 0.5);
  if (part !== "kernel") return values.map((value) => 0.5 + value);
  const [a, b] = dimensions.slice(-2) as [number, number];
  const limit = Math.sqrt(6 / (tf.util.sizeFromShape(dimensions.slice(0, -2)) * (a + b)));
  return values.map((value) => (2 * value - 1) * limit);
}
