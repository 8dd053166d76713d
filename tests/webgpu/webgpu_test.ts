/** Trainings on WebGPU beside TensorFlow's; on machines without a GPU, by a Vulkan driver that runs on the processor. */
import { resumeExperiment, startExperiment } from "@/lib/experiment.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { readMetrics } from "@/lib/train/run_folder.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";
import { lossesOf, runConfig, STOP_STEP } from "@/tests/webgpu/trainings.ts";

/** What the script beside this one prints. */
async function onWebGpu(...scriptArguments: string[]): Promise<unknown> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys",
      "--allow-ffi",
      `${import.meta.dirname}/train_on_webgpu.ts`,
      ...scriptArguments,
    ],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

/** Whether there is a GPU, or a driver in its place. */
const ignore = await onWebGpu("probe").then(() => false, () => true);

for (const architecture of ["lite", "prnet"] as const) {
  Deno.test({
    name: `${architecture} trained on WebGPU has TensorFlow's losses, and leaves no tensor`,
    ignore,
    fn: async () => {
      const losses: number[] = JSON.parse(await onWebGpu("losses", architecture) as string);
      await openTensorFlow({ device: "cpu" });
      const { losses: wanted } = await lossesOf(architecture, (rate) => new FusedAdam(rate));
      assertEquals(losses.length, wanted.length);
      // weights that stayed as they were would be off by 0.4 % (prnet) and 1.6 % (lite)
      assertAllClose(losses.map((loss, i) => loss / wanted[i]!), wanted.map(() => 1), 2e-4);
    },
  });
}

Deno.test({
  name:
    "a run that was begun on WebGPU has validated, saved its model, and goes on with TensorFlow, as one of TensorFlow's",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    const [mixed, plain] = [`${folder.path}/mixed`, `${folder.path}/plain`];
    assertEquals(await onWebGpu("run", mixed), "webgpu");
    assert((await Deno.stat(`${mixed}/model/model.onnx`)).isFile);
    {
      using experiment = await resumeExperiment(mixed, { overrides: { backend: "tensorflow" } });
      assertEquals(experiment.step, STOP_STEP);
      await Array.fromAsync(experiment.train());
    }
    using experiment = await startExperiment(runConfig, { run: plain });
    await Array.fromAsync(experiment.train());
    const measured = async (run: string) =>
      (await readMetrics(run)).flatMap((row) =>
        [row["train/loss"], row["validation/loss"]].filter((value) => value !== undefined)
      );
    const [found, wanted] = [await measured(mixed), await measured(plain)];
    assertEquals([found.length, wanted.length], [6, 6]);
    assertAllClose(found.map((value, i) => value / wanted[i]!), wanted.map(() => 1), 1e-3);
  },
});
