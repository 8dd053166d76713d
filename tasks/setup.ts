// deno task setup [--gpu]: fetches what npm does not carry. Does nothing where that is done.
import { install, isInstalled, variantInUse } from "@/lib/tensorflow/library/install.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const command = taskCommand("setup")
  .description("Fetches TensorFlow's library into the cache folder (POSMAP_CACHE moves it)")
  .option("--gpu", "the build for CUDA, for Linux x86-64, from now on")
  .option("--verify", "look at every byte of what is set up, and fetch it anew where it was changed");

await runTask(command, async (console) => {
  if (Deno.env.get("TENSORFLOW_LIBRARY")) {
    console.print("TENSORFLOW_LIBRARY names a library: nothing to set up");
    return;
  }
  const { gpu, verify } = command.opts<{ gpu?: boolean; verify?: boolean }>();
  const variant = gpu ? "gpu" : await variantInUse();
  if (verify) console.stage("Verifying TensorFlow's library");
  if (await isInstalled(variant, { verify })) {
    console.print("TensorFlow's library is set up");
    return;
  }
  const start = performance.now();
  await install({
    variant,
    verify,
    onStage: (sentence) => console.stage(sentence),
    onWarning: (line) => console.print(line),
    signal: console.signal,
  });
  console.print(`TensorFlow's library is set up (${((performance.now() - start) / 1000).toFixed(0)} s)`);
});
