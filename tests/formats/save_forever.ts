// Saves one checkpoint after another until it is killed: `deno run save_forever.ts PREFIX`.
import { CheckpointSeries } from "@/lib/formats/checkpoint_series.ts";

const series = await CheckpointSeries.open(Deno.args[0]!);
for (let step = 0;; step++) {
  const values = new Float32Array(20_000).fill(step);
  await series.save([{ name: "a", dtype: "float32", shape: [20_000], values }]);
  console.log(step);
}
