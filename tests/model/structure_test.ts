import * as tf from "@tensorflow/tfjs";
import { buildNetwork } from "@/lib/model/network.ts";
import { type Stage, stagesOf } from "@/lib/model/structure.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { assert, assertEquals } from "@/tests/support.ts";

await openTensorFlow({ device: "cpu" });
const prnet = buildNetwork({ architecture: "prnet", imageSize: 256, width: 4, seed: 1 });
const lite = buildNetwork({ architecture: "lite", imageSize: 128, width: 8, seed: 1 });
const { layers } = tf;

function apply(layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]): tf.SymbolicTensor {
  return layer.apply(x) as tf.SymbolicTensor;
}

/** What every stage must hold, of any network. */
function checkStages(stages: readonly Stage[], network: tf.LayersModel): void {
  assertEquals(stages.reduce((sum, { parameters }) => sum + parameters, 0), network.countParams());
  stages.forEach(({ name, inputs, inputShape }, i) => {
    assert(inputs.length > 0 && inputs.every((input) => input < i), `${name} comes before what it takes from`);
    const shapes = inputs.map((input) => input < 0 ? network.inputs[0]!.shape.slice(1) : stages[input]!.outputShape);
    assert(shapes.some((shape) => shape.join() === inputShape.join()), `${name} takes ${inputShape}`);
  });
  assertEquals(stages.at(-1)!.outputShape, network.outputs[0]!.shape.slice(1));
}

Deno.test("stagesOf() finds PRNet's convolution, 10 residual blocks and 17 transposed convolutions, one after the other", () => {
  const stages = stagesOf(prnet);
  checkStages(stages, prnet);
  const kinds = ["convolution", ...Array(10).fill("residual block"), ...Array(17).fill("transposed convolution")];
  assertEquals(stages.map(({ kind }) => kind), kinds);
  stages.forEach(({ inputs }, i) => assertEquals(inputs, [i - 1]));
  const { name, inputShape, outputShape } = stages[9]!;
  assertEquals([name, inputShape, outputShape], ["resBlock_8", [16, 16, 64], [8, 8, 128]]);
});

Deno.test("stagesOf() follows the light network's two parts from the face to their sum", () => {
  const stages = stagesOf(lite);
  checkStages(stages, lite);
  const index = (name: string) => stages.findIndex((stage) => stage.name === name);
  assertEquals(stages[index("nodes")]!.inputs, [index("smooth_part"), index("fine_part")]);
  const face = index("face");
  assertEquals(stages.flatMap(({ inputs, name }) => inputs.includes(face) ? [name] : []), [
    "coefficients",
    "decoder_seed",
  ]);
});

Deno.test("stagesOf() takes layers without common names one by one, what only follows or prepares with its neighbor", () => {
  const network = tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [12, 12, 3], filters: 4, kernelSize: 3, name: "first" }),
      layers.batchNormalization({ name: "norm" }),
      layers.reLU({ name: "relu" }),
      layers.maxPooling2d({ poolSize: 2, name: "pool" }),
      layers.flatten({ name: "flat" }),
      layers.dense({ units: 7, name: "last" }),
    ],
  });
  const stages = stagesOf(network);
  checkStages(stages, network);
  assertEquals(stages.map(({ name, kind }) => [name, kind]), [
    ["first", "convolution"],
    ["pool", "max pooling"],
    ["last", "dense"],
  ]);
});

Deno.test("stagesOf() keeps both ways of a network that parts and joins again", () => {
  const input = tf.input({ shape: [8, 8, 2] });
  const options = { filters: 2, kernelSize: 3, padding: "same" as const };
  const first = apply(layers.conv2d({ ...options, name: "a" }), input);
  const second = apply(layers.conv2d({ ...options, name: "b" }), apply(layers.reLU({ name: "r" }), first));
  const joined = apply(layers.concatenate({ name: "c" }), [first, second]);
  const network = tf.model({ inputs: input, outputs: joined });
  const stages = stagesOf(network);
  checkStages(stages, network);
  assertEquals(stages.find(({ name }) => name === "c")!.inputs.length, 2);
});
