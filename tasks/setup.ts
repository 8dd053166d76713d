// deno task setup [--gpu]: fetches what npm does not carry. Does nothing where that is done.
import { install, isInstalled } from "@/lib/tensorflow/install.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

await runTask(async () => {
  const { gpu, quiet } = taskCommand("setup")
    .description("Fetches TensorFlow's library into the cache folder (POSMAP_CACHE moves it)")
    .option("--gpu", "the build for CUDA, for Linux x86-64")
    .option("--quiet", "say nothing where there is nothing to do")
    .parse(Deno.args, { from: "user" })
    .opts<{ gpu?: boolean; quiet?: boolean }>();
  const variant = gpu ? "gpu" : "cpu";
  if (Deno.env.get("TENSORFLOW_LIBRARY")) {
    if (!quiet) console.error("TENSORFLOW_LIBRARY names a library: nothing to set up");
    return;
  }
  if (await isInstalled(variant)) {
    if (!quiet) console.error("TensorFlow's library is set up");
    return;
  }
  const start = performance.now();
  await install({ variant, onStage: (sentence) => console.error(sentence) });
  console.error(`TensorFlow's library is set up (${((performance.now() - start) / 1000).toFixed(0)} s)`);
});
