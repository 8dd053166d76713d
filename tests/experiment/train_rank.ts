// Run by ranks_test.ts at each rank, or alone (null): trains to the end by each of some settings, and leaves the weights in files.
import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { openParts } from "@/lib/experiment/parts.ts";
import type { Cluster } from "@/lib/tensorflow/collectives/cluster.ts";
import { Ranks } from "@/lib/tensorflow/collectives/ranks.ts";
import { firstProgress } from "@/lib/train/checkpoint.ts";
import type { Optimizer } from "@/lib/train/interfaces.ts";
import { train } from "@/lib/train/trainer.ts";

const [cluster, configs]: [Cluster | null, Config[]] = [JSON.parse(Deno.args[0]!), JSON.parse(Deno.args[1]!)];
const file = Deno.args[2]!;
using ranks: Ranks | undefined = cluster ? await Ranks.join(cluster, { device: "cpu" }) : undefined;
for (const [i, config] of configs.entries()) {
  const { batches, ...parts } = await openParts(config, { progress: firstProgress(config), ranks });
  /** Gradient descent: Adam's first steps are the signs of gradients, which may be rounding alone. */
  const optimizer: Pick<Optimizer, "setLearningRate" | "applyGradients"> = {
    setLearningRate() {},
    applyGradients(gradients) {
      for (const [name, gradient] of Object.entries(gradients)) {
        const variable = tf.engine().registeredVariables[name]!;
        variable.assign(tf.sub(variable, tf.mul(gradient, config.learningRate)));
      }
    },
  };
  const steps = train({ ...parts, optimizer: optimizer as Optimizer, batches: batches! }, { ...config, firstStep: 0 });
  for await (const _ of steps);
  const weights = tf.concat(parts.network.weights.map((weight) => tf.reshape(weight.read(), [-1])));
  const numbers = await weights.data<"float32">();
  Deno.writeFileSync(`${file}.${i}.${ranks?.rank ?? 0}`, new Uint8Array(numbers.slice().buffer));
}
ranks?.leave();
console.log(configs.length);
Deno.exit();
