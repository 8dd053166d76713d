// Run by webgpu_test.ts in a process of its own: TensorFlow's library and Mesa's drivers each bring an LLVM, and are not to
// meet. train_on_webgpu.ts losses ARCHITECTURE prints what steps give; train_on_webgpu.ts run FOLDER begins a run; train_on_webgpu.ts
// probe fails where there is no GPU.
import * as tf from "@tensorflow/tfjs";
import { startExperiment } from "@/lib/experiment.ts";
import { Adam } from "@/lib/train/adam.ts";
import { openWebGpu } from "@/lib/webgpu/webgpu.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { type Architecture, lossesOf, runConfig, STOP_STEP } from "@/tests/webgpu/trainings.ts";

Deno.dlopen = () => {
  throw new Error("a library was opened");
};
await openWebGpu();
const [what, name] = Deno.args as [string, string];
if (what === "losses") {
  const { losses, leaked } = await lossesOf(name as Architecture, (rate) => new Adam(rate));
  assertEquals(leaked, 0);
  console.log(JSON.stringify(losses));
} else if (what === "run") {
  using experiment = await startExperiment({ ...runConfig, backend: "webgpu" }, { run: name });
  assert(experiment.device.startsWith("webgpu · "), experiment.device);
  const stop = new AbortController();
  for await (const { step } of experiment.train({ signal: stop.signal })) if (step === STOP_STEP) stop.abort();
  await experiment.saveModel();
  console.log(tf.getBackend());
}
