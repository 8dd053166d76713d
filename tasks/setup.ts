// deno task setup [--gpu]: fetches what npm does not carry. Does nothing where that is done.
import { install, isInstalled, variantInUse } from "@/lib/tensorflow/library/install.ts";
import { interruptSignal, runTask, taskCommand } from "@/tasks/run_task.ts";

await runTask(async () => {
  const { gpu } = taskCommand("setup")
    .description("Fetches TensorFlow's library into the cache folder (POSMAP_CACHE moves it)")
    .option("--gpu", "the build for CUDA, for Linux x86-64, from now on")
    .parse(Deno.args, { from: "user" })
    .opts<{ gpu?: boolean }>();
  if (Deno.env.get("TENSORFLOW_LIBRARY")) {
    console.error("TENSORFLOW_LIBRARY names a library: nothing to set up");
    return;
  }
  const variant = gpu ? "gpu" : await variantInUse();
  if (await isInstalled(variant)) {
    console.error("TensorFlow's library is set up");
    return;
  }
  const start = performance.now();
  await install({ variant, onStage: (sentence) => console.error(sentence), signal: interruptSignal() });
  console.error(`TensorFlow's library is set up (${((performance.now() - start) / 1000).toFixed(0)} s)`);
});
