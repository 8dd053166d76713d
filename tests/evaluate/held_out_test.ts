import * as tf from "@tensorflow/tfjs";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { meanLoss, predictFaces } from "@/lib/evaluate/held_out.ts";
import { type MappedFace, mappedFaces } from "@/lib/evaluate/mapped_faces.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { Predictor } from "@/lib/model/predictor.ts";
import { Random } from "@/lib/random.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import type { PositionMap } from "@/lib/types.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { assertAllClose, assertClose, assertEquals, FLOAT32_TOLERANCE } from "@/tests/support.ts";
import { tinyConfig } from "@/tests/train/tiny.ts";

await openTensorFlow({ device: "cpu" });
const config = tinyConfig({ architecture: "lite" });
const size = config.imageSize;

function noiseFaces(count: number): MappedFace[] {
  const random = new Random("held out");
  const length = size * size * 3;
  return Array.from({ length: count }, () => ({
    image: { width: size, height: size, rgb: Uint8Array.from({ length }, () => random.integer(0, 255)) },
    map: { size, positions: Float32Array.from({ length }, () => random.uniform(0, size)) },
    landmarks: new Float32Array(68 * 3),
    yaw: 0,
  }));
}

Deno.test("predictFaces() gives for many faces what the network gives for each", async () => {
  const faces = noiseFaces(17);
  const network = buildNetwork(config);
  const maps = await predictFaces(network, faces, config);
  using predictor = new Predictor(network, config);
  assertEquals(maps.length, 17);
  for (const i of [0, 15, 16]) {
    const [alone] = await predictor.predict([faces[i]!.image]);
    assertAllClose(maps[i]!.positions, alone!.positions, size * 1e-4);
  }
  network.dispose();
});

Deno.test("meanLoss() is 0 for the true maps, and the mean over faces of what training minimizes", async () => {
  const faces = noiseFaces(3);
  const mask = tf.ones([size, size]) as tf.Tensor2D;
  const before = tf.memory().numTensors;
  const truths = faces.map(({ map }) => map);
  const judged = (maps: readonly PositionMap[]) => faces.map((face, i) => ({ ...face, prediction: maps[i]! }));
  assertClose(await meanLoss(judged(truths), { ...config, mask }), 0, 0);
  const shifted = truths.map(({ positions }, i) => ({ size, positions: positions.map((value) => value + i) }));
  const encodedPixel = 1 / (2 * size); // the centered encoding
  assertClose(await meanLoss(judged(shifted), { ...config, mask, loss: "l1" }), encodedPixel, FLOAT32_TOLERANCE);
  assertEquals(tf.memory().numTensors, before);
  mask.dispose();
});

Deno.test("mappedFaces() gives as many faces as asked, others in each split, turned as they were drawn", async () => {
  const options = { ...config, workers: 2, augment: false, sampleCount: 3 };
  const drawn = drawnSource(builtInFace(), options);
  const [test, validation] = await Promise.all([
    mappedFaces({ ...options, split: "test" }),
    mappedFaces({ ...options, split: "validation" }),
  ]);
  assertEquals([test.length, validation.length], [3, 3]);
  assertEquals([...test, ...validation].map(({ person }) => person), Array(6).fill(0)); // the first of each split
  for (const { image, map, landmarks } of [...test, ...validation]) {
    assertEquals([image.width, image.rgb.length, map.size, landmarks.length], [size, size * size * 3, size, 68 * 3]);
  }
  const yaws = [0, 1, 2].map((i) => drawn.sample(i, "test").traits.pose.yaw);
  assertAllClose(test.map(({ yaw }) => yaw), yaws.map((yaw) => Math.asin(Math.sin(yaw))), 0.1); // as perspective has it
  assertEquals(test.some(({ image }, i) => image.rgb.join() === validation[i]!.image.rgb.join()), false);
});
