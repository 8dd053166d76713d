// Trains a run until a call into the file system after a step, at which it is killed: `deno run train_and_die.ts RUN STEP CALL`.
import { resumeExperiment } from "@/lib/experiment.ts";
import { interceptFileCalls } from "@/tests/attacks/file_calls.ts";

const [run, step, call] = [Deno.args[0]!, Number(Deno.args[1]), Number(Deno.args[2])];
using experiment = await resumeExperiment(run);
let begun = Infinity;
using _ = interceptFileCalls(({ index, proceed }) => {
  if (index >= begun + call) Deno.kill(Deno.pid, "SIGKILL");
  if (experiment.step >= step) begun = Math.min(begun, index);
  return proceed();
});
for await (const _ of experiment.train());
