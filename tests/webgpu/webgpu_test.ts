/**
 * Trainings on WebGPU beside TensorFlow's, and trained models beside ONNX Runtime on the processor; on machines without a
 * GPU, by a Vulkan driver that runs on the processor.
 */
import { encodePng } from "@/lib/data/files/images.ts";
import { resumeExperiment, startExperiment } from "@/lib/experiment.ts";
import { readDescription } from "@/lib/model/model_folder.ts";
import { replaceDescription } from "@/lib/model/trained_model.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { readMetrics } from "@/lib/train/run_folder.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";
import { runTaskChild } from "@/tests/tasks/children.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";
import { hasFfmpeg, writeVideo } from "@/tests/track/video_files.ts";
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

interface Found {
  /** In percent. */
  readonly errors: readonly number[];
  /** In pixels, to hundredths. */
  readonly landmarks: readonly number[];
}

/** What is rounded to hundredths comes to lie on the other side of a half in one of ten cases where it is 1e-3 pixels off. */
function assertFoundAlike([processor, gpu]: readonly Found[], pixelsOff: number): void {
  assertAllClose(gpu!.errors, processor!.errors, 1e-3);
  assertAllClose(gpu!.landmarks, processor!.landmarks, 0.01 + 1e-6);
  const others = gpu!.landmarks.filter((value, i) => value !== processor!.landmarks[i]).length;
  assert(others < gpu!.landmarks.length * pixelsOff / 0.01, `${others} of ${gpu!.landmarks.length} are others`);
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
      // weights that stayed as they were would be off by about 0.2 % (prnet) and 0.8 % (lite)
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
        [row["train/loss"], row["train/loss_position"], row["validation/loss"]].filter((value) => value !== undefined)
      );
    const [found, wanted] = [await measured(mixed), await measured(plain)];
    assertEquals([found.length, wanted.length], [10, 10]);
    assertAllClose(found.map((value, i) => value / wanted[i]!), wanted.map(() => 1), 1e-3);
  },
});

const weights = "data/weights/lite";

/** The model that comes along, but for its expressions, which would be measured on a hundred frames one after the other. */
async function saveWithoutExpressions(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  const { expressionNames: _, ...description } = await readDescription(weights);
  await replaceDescription(folder, description);
  await Deno.copyFile(`${weights}/model.onnx`, `${folder}/model.onnx`);
}

Deno.test({
  name: "deno task evaluate and deno task predict find on WebGPU what they find on the processor",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    const { picture } = new DrawnActor({ seed: "anna", size: 320 }).draw({ yaw: 20 });
    await Deno.writeFile(`${folder.path}/anna.png`, await encodePng(picture));
    const model = `${folder.path}/model`;
    await saveWithoutExpressions(model);
    const found: Found[] = [];
    for (const backend of ["cpu", "webgpu"]) {
      const flags = ["--backend", backend];
      const measure = ["--source", "built-in", "--test-samples", "2", "--json", ...flags];
      const measured = await runTaskChild("evaluate", model, ...measure);
      const predicted = await runTaskChild(
        "predict",
        "anna.png",
        "--only",
        "landmarks",
        "--json",
        ...flags,
        {
          folder: folder.path,
        },
        "--out",
        backend,
      );
      for (const { code, stderr } of [measured, predicted]) {
        assertEquals([code, /^webgpu · .+$/m.test(stderr)], [0, backend === "webgpu"]);
      }
      const { nme68_2d, nme68_3d } = JSON.parse(measured.stdout);
      found.push({ errors: [nme68_2d.mean, nme68_3d.mean], landmarks: JSON.parse(predicted.stdout).landmarks.flat() });
    }
    assertFoundAlike(found, 1e-3);
  },
});

Deno.test({
  name: "deno task compare and deno task track find on WebGPU what they find on the processor",
  ignore: ignore || !hasFfmpeg,
  fn: async () => {
    await using folder = await temporaryFolder();
    const actor = new DrawnActor({ seed: "anna", size: 240 });
    const frames = [0, 3, 6].map((yaw) => actor.draw({ yaw }).picture);
    await writeVideo(`${folder.path}/clip.mp4`, frames);
    const model = `${folder.path}/model`;
    await saveWithoutExpressions(model);
    const found: Found[] = [];
    for (const backend of ["cpu", "webgpu"]) {
      const flags = ["--backend", backend];
      const compared = await runTaskChild("compare", model, "--test-samples", "2", "--format", "json", ...flags);
      const out = `${folder.path}/${backend}`;
      const tracked = await runTaskChild(
        "track",
        `${folder.path}/clip.mp4`,
        "--overlay",
        "none",
        "--out",
        out,
        ...flags,
      );
      for (const { code, stderr } of [compared, tracked]) {
        assertEquals([code, /^webgpu · .+$/m.test(stderr)], [0, backend === "webgpu"]);
      }
      const lines = (await Deno.readTextFile(`${out}/landmarks.jsonl`)).trimEnd().split("\n").map((line) =>
        JSON.parse(line)
      );
      assertEquals(lines.length, frames.length);
      const { models: [{ evaluation: { nme68_2d, nme68_3d } }] } = JSON.parse(compared.stdout);
      found.push({ errors: [nme68_2d.mean, nme68_3d.mean], landmarks: lines.flatMap((line) => line.landmarks.flat()) });
    }
    assertFoundAlike(found, 2e-3); // a frame is looked at where the one before was found
  },
});

Deno.test("a task that is to use WebGPU where there is no GPU says which drivers it needs", async () => {
  const nowhere = { environment: { DENO_WEBGPU_BACKEND: Deno.build.os === "darwin" ? "dx12" : "metal" } };
  await using folder = await temporaryFolder();
  const out = ["--out", `${folder.path}/out`];
  const tasks = [
    ["evaluate", weights],
    ["compare", weights],
    ["card", ...out],
    ["predict", "data/pictures/mesh.jpg", ...out],
    ["track", "data/pictures/mesh.jpg", ...out],
    ["video", "data/pictures/mesh.jpg", ...out],
    ["train", "--fast-dev-run"],
  ] as const;
  for (const [name, ...flags] of tasks) {
    const { code, stderr } = await runTaskChild(name, ...flags, "--backend", "webgpu", nowhere);
    assertEquals(code, 2);
    const said = stderr.trimEnd().split("\n").at(-1)!;
    assert(/^Cannot use WebGPU: no GPU was found.*Vulkan.*mesa-vulkan-drivers/.test(said), stderr);
  }
});
