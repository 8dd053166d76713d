// Trains a run until a call into the file system after a step, at which it is killed: `deno run train_and_die.ts RUN STEP CALL
// WORKERS`.
import { interceptFileCalls } from "@/tests/attacks/file_calls.ts";
import { begin } from "@/tests/attacks/stopped_run.ts";

const run = Deno.args[0]!;
const [step, call, workers] = Deno.args.slice(1).map(Number) as [number, number, number];
using experiment = await begin(run, { workers });
let begun = Infinity;
using _ = interceptFileCalls(({ index, proceed }) => {
  if (index >= begun + call) Deno.kill(Deno.pid, "SIGKILL");
  if (experiment.step >= step) begun = Math.min(begun, index);
  return proceed();
});
for await (const _ of experiment.train());
