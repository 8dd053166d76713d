import * as tf from "@tensorflow/tfjs";
import { InputError, SettingError } from "@/lib/errors.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { openTrainedModel, saveTrainedModel } from "@/lib/model/trained_model.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { bytesToUnit } from "@/lib/tensorflow/backend/host_tensors.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTeacher, type Teacher } from "@/lib/train/teacher.ts";
import { train } from "@/lib/train/trainer.ts";
import type { HostBatch } from "@/lib/data/batches/batches.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { assert, assertAllClose, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";
import { saveTinyModel } from "@/tests/tasks/tiny_model.ts";
import { noiseBatches, temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

await openTensorFlow({ device: "cpu" });
const { surface } = builtInFace();
const config = tinyConfig();

Deno.test("openTeacher() sees what its network predicts, and keeps no tensor", async () => {
  await using folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  const before = tf.memory().numTensors;
  const teacher = await openTeacher(folder.path, { ...config, surface });
  assertEquals(tf.memory().numTensors, before);
  const { network } = await openTrainedModel(folder.path);
  tf.tidy(() => {
    const pictures = tf.randomUniform<tf.Rank.R4>([2, 64, 64, 3], 0, 1, "float32", 1) as tf.Tensor4D;
    const [wanted] = [network.predict(pictures)].flat() as [tf.Tensor];
    assertAllClose(teacher.see(pictures).dataSync(), wanted.dataSync(), 10 * FLOAT32_TOLERANCE);
  });
  network.dispose();
});

Deno.test("openTeacher() refuses maps of another size, encoding or surface, and tells weights apart", async () => {
  await using folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  const refused = (change: object) => () => openTeacher(folder.path, { ...config, surface, ...change });
  await assertThrows(refused({ imageSize: 128 }), SettingError, /Cannot learn from .* with imageSize 128: .* has 64/);
  await assertThrows(refused({ encoding: "paper" }), SettingError, /with encoding paper: that model has centered/);
  const { landmarks: { outline, ...landmarks } } = surface;
  const shifted = { ...surface, uv: surface.uv.map((coordinate) => coordinate + 2 / 64) };
  await assertThrows(
    refused({ surface: shifted }),
    InputError,
    /Cannot learn from .*: its maps are of another surface/,
  );
  const { network, description } = await openTrainedModel(folder.path);
  const foreign = { ...description, surface: { ...surface, landmarks: { outline } } };
  await saveTrainedModel(`${folder.path}/foreign`, { network, description: foreign });
  await assertThrows(
    () => openTeacher(`${folder.path}/foreign`, { ...config, surface: { ...surface, landmarks } }),
    InputError,
    /its maps are of another surface/,
  );
  network.dispose();
  const { fingerprint } = await openTeacher(folder.path, { ...config, surface });
  const other = buildNetwork({ ...config, seed: 8 });
  await saveTrainedModel(folder.path, { network: other, description });
  other.dispose();
  assert(fingerprint !== (await openTeacher(folder.path, { ...config, surface })).fingerprint);
});

/** The loss of each step, and the weights in the end. */
async function learned(
  batches: AsyncIterable<HostBatch>,
  change: { teacher?: Pick<Teacher, "see">; teacherShare?: number },
): Promise<number[]> {
  const { teacher, ...settings } = change;
  const steps = { ...config, ...settings, steps: 2, firstStep: 0 };
  const network = buildNetwork(config), optimizer = new FusedAdam(config.learningRate);
  const mask = tf.ones([64, 64]) as tf.Tensor2D;
  const reports = await Array.fromAsync(train({ network, optimizer, mask, batches, teacher }, steps));
  const weights = network.trainableWeights.flatMap((weight) => [...weight.read().dataSync()]);
  network.dispose();
  optimizer.dispose();
  mask.dispose();
  return [...reports.map(({ loss }) => loss), ...weights];
}

Deno.test("train() by a teacher has the mean of truth and of what it sees for truth, by its share", async () => {
  // what a teacher sees that looks at the picture
  const see = (pictures: tf.Tensor4D) => tf.mul(tf.reverse(pictures, 3), 0.3) as tf.Tensor4D;
  const mixed = async function* (share: number) {
    for await (const batch of noiseBatches(2)) {
      const targets = tf.tidy(() => {
        const seen = see(bytesToUnit(tf.tensor4d(batch.images, [2, 64, 64, 3])));
        const truth = tf.tensor4d(batch.targets as Float32Array, [2, 64, 64, 3]);
        return tf.add(tf.mul(truth, 1 - share), tf.mul(seen, share)).dataSync() as Float32Array;
      });
      yield { ...batch, targets };
    }
  };
  for (const teacherShare of [0.25, 1]) {
    const wanted = await learned(mixed(teacherShare), {});
    const found = await learned(noiseBatches(2), { teacher: { see }, teacherShare });
    assertAllClose(found, wanted, 10 * FLOAT32_TOLERANCE);
  }
});
