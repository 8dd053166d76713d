// Run by ranks_test.ts at each rank: what the ranks say to each other, and the means that they take together.
import * as tf from "@tensorflow/tfjs";
import type { Cluster } from "@/lib/tensorflow/collectives/cluster.ts";
import { Ranks } from "@/lib/tensorflow/collectives/ranks.ts";
import { compile } from "@/lib/tensorflow/compile/compile.ts";

const cluster: Cluster = JSON.parse(Deno.args[0]!);
using ranks = await Ranks.join(cluster, { device: "cpu" });
const { rank, count } = ranks;
const heard: string[] = [];
for (const text of ["", "a", "from rank 0"]) {
  heard.push(new TextDecoder().decode(await ranks.fromFirst(rank === 0 ? new TextEncoder().encode(text) : undefined)));
}

const [large, small] = [tf.fill([1200, 1000], rank), tf.tensor([[rank, 1], [2, 10 * rank]])];
const begin = ranks.program();
using meanOf = compile((large: tf.Tensor, small: tf.Tensor) =>
  begin().mean({ small, large, one: tf.scalar(rank + 1) })
);
const taken = ["no", "last", "no"].map((wish) => {
  ranks.wishToStop(wish === "last" && rank === count - 1);
  const means = meanOf(large, small) as tf.NamedTensorMap;
  const values = Object.entries(means).map(([name, mean]) => [name, mean.shape, [...mean.dataSync().slice(-3)]]);
  tf.dispose(means);
  return { values, isStopping: ranks.isStopping };
});
ranks.leave();
console.log(JSON.stringify({ heard, taken, left: tf.memory().numTensors }));
Deno.exit();
