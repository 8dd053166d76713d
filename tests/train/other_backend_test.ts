import * as tf from "@tensorflow/tfjs";
import { execute, openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { readBundle } from "@/lib/formats/tensor_bundle.ts";
import { readMetrics } from "@/lib/train/run_folder.ts";
import { assertEquals } from "@/tests/support.ts";
import { readEvents, tensorBoard } from "@/tests/tensorboard.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("a process without TensorFlow trains, logs, saves and goes on; TensorFlow and TensorBoard read its files", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const child = new Deno.Command(Deno.execPath(), {
    // --allow-ffi is for sharp, which makes the pictures' PNGs
    args: [
      "run",
      "--allow-ffi",
      "--allow-read",
      `--allow-write=${folder.path}`,
      "--allow-env",
      "--allow-sys",
      `${import.meta.dirname}/train_without_tensorflow.ts`,
      run,
    ],
    env: { TENSORFLOW_LIBRARY: "/nonexistent" },
  });
  const { success, stdout, stderr } = await child.output();
  assertEquals([success, success ? "" : new TextDecoder().decode(stderr)], [true, ""]);
  const losses: number[] = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals((await readMetrics(run)).map((row) => row["train/loss"]), losses);

  await openTensorFlow({ device: "cpu" });
  const prefix = `${run}/checkpoints/last-1`;
  const tensors = [...(await readBundle(prefix, (name) => !name.startsWith("posmap/"))).values()];
  assertEquals(tensors.map(({ name }) => name).sort(), [
    "momentum/layer/bias",
    "momentum/layer/kernel",
    "weights/layer/bias",
    "weights/layer/kernel",
  ]);
  tf.tidy(() => {
    const names = [
      tf.tensor1d(tensors.map(({ name }) => name), "string"),
      tf.tensor1d(tensors.map(() => ""), "string"),
    ];
    const dtypes = tensors.map(({ dtype }) => dtype);
    const restored = execute("RestoreV2", { dtypes }, [tf.scalar(prefix, "string"), ...names], tensors.length);
    assertEquals(
      restored.map((tensor) => [...tensor.dataSync()]),
      tensors.map(({ values }) => [...values as Float32Array]),
    );
  });
  if (!tensorBoard) return;
  const events = await readEvents(`${run}/events`);
  assertEquals(events.scalars["train/loss"], losses.map((loss, i) => [i + 1, loss]));
  assertEquals(Object.keys(events.histograms).sort(), ["weights/layer/bias", "weights/layer/kernel"]);
  assertEquals(events.images["pictures/0"]![0]!.slice(0, 3), [3, 2, 1]);
});
