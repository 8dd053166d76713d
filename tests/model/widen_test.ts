import * as tf from "@tensorflow/tfjs";
import { buildNetwork } from "@/lib/model/network.ts";
import { valuesOf, writeValues } from "@/lib/model/normalization.ts";
import { widenedWeights } from "@/lib/model/widen.ts";
import { Random } from "@/lib/random.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { assert, assertEquals } from "@/tests/support.ts";

await openTensorFlow({ device: "cpu" });

const heads = { expressionWeight: 1, absentShare: 0.1 };
const networks = [
  { architecture: "prnet", imageSize: 32 },
  { architecture: "lite", imageSize: 64, ...heads },
  { architecture: "heatmap", imageSize: 64, ...heads, eyes: true, lids: true },
] as const;

/** Weights and statistics as after a training, none of them 0. */
function trained(settings: typeof networks[number], width: number): tf.LayersModel {
  const network = buildNetwork({ ...settings, width, seed: 1 }, 5);
  const random = new Random(2);
  for (const layer of network.layers.filter(({ trainable }) => trainable)) {
    for (const weight of layer.weights) {
      writeValues(weight, valuesOf(weight).map((value) => value + random.uniform(-0.05, 0.05)));
    }
  }
  return network;
}

for (const settings of networks) {
  Deno.test(`widenedWeights() has a wider network say the same, and learn by all that is new: ${settings.architecture}`, () => {
    const narrow = trained(settings, 4), wide = buildNetwork({ ...settings, width: 8, seed: 3 }, 5);
    const own = new Map(wide.weights.map((weight) => [weight.originalName, valuesOf(weight).slice()]));
    const widened = widenedWeights(narrow, wide);
    assertEquals([...widened.keys()].sort(), [...own.keys()].sort());
    for (const weight of wide.weights) weight.write(widened.get(weight.originalName)!);
    const { imageSize } = settings;
    const images = tf.randomUniform([2, imageSize, imageSize, 3], 0, 1, "float32", 4);
    const said = (network: tf.LayersModel) =>
      ([network.predict(images)].flat() as tf.Tensor[]).map((output) => output.dataSync<"float32">());
    const [wanted, found] = [said(narrow), said(wide)];
    wanted.forEach((values, o) => {
      const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const off = values.reduce((most, value, i) => Math.max(most, Math.abs(value - found[o]![i]!)), 0);
      assert(off <= 1e-5 * most, `output ${o} is ${off} off, of ${most}`);
    });

    const lengths = new Map(narrow.weights.map((weight) => [weight.originalName, weight.read().size]));
    const kernels = wide.trainableWeights.filter(({ originalName, shape }) =>
      shape.length > 1 && shape.reduce((product, length) => product! * length!, 1)! > lengths.get(originalName)!
    );
    assert(kernels.length > 10);
    const { grads } = tf.variableGrads(() =>
      tf.addN([wide.apply(images, { training: true })].flat().map((output) => tf.sum(tf.square(output as tf.Tensor))))
    );
    for (const kernel of kernels) {
      const { originalName } = kernel, values = valuesOf(kernel);
      const gradient = grads[(kernel.read() as tf.Variable).name]!.dataSync();
      const isNew = values.map((value, i) => Number(value === own.get(originalName)![i]!));
      const isUnseen = values.map((value) => Number(value === 0));
      assert(isNew.includes(1) || isUnseen.includes(1), `${originalName} has nothing new`);
      if (!isUnseen.includes(1)) continue; // of the picture
      assert(gradient.some((slope, i) => isUnseen[i] === 1 && slope !== 0), `${originalName} will see nothing new`);
    }
  });
}
