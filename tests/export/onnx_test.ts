import * as tf from "@tensorflow/tfjs";
import ort from "onnxruntime-node";
import { InputError } from "@/lib/errors.ts";
import { encodeOnnx } from "@/lib/export/onnx.ts";
import { quantizeOnnx } from "@/lib/export/quantize_onnx.ts";
import { readLandmarks } from "@/lib/data/maps/position_map.ts";
import { placeEyes } from "@/lib/model/eyes.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { Predictor } from "@/lib/model/predictor.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import type { Photo } from "@/lib/types.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { crops, describe, shake, SMALL, smallNetworks, TOLERANCE } from "@/tests/export/onnx_cases.ts";

await openTensorFlow({ device: "cpu" });

/** In crop sides, with kernels of eleven bits. */
const HALF_TOLERANCE = 1e-2;
/** In crop sides, with kernels of eight bits. */
const BYTE_TOLERANCE = 4e-2;

async function run(model: Uint8Array, photos: readonly Photo[]) {
  await using session = await OnnxSession.open(ort, model);
  const size = photos[0]!.width;
  const data = Uint8Array.from(photos.flatMap(({ rgb }) => [...rgb]));
  return await session.run({ image: { data, shape: [photos.length, size, size, 3] } });
}

for (
  const [architecture, imageSize] of [["prnet", 64], ["lite", 64], ["lite", 128], ["heatmap", 64], [
    "heatmap",
    128,
  ]] as const
) {
  for (const encoding of ["centered", "paper"] as const) {
    Deno.test(`encodeOnnx() writes what ${architecture} at ${imageSize}² says of 20 crops, ${encoding}, and reads the landmarks`, async () => {
      const network = shake(buildNetwork({ architecture, imageSize, width: 4, seed: 2, encoding }));
      const description = describe(imageSize, encoding);
      const photos = crops(20, imageSize);
      using predictor = new Predictor(network, description);
      const expected = await predictor.predict(photos);
      const { positions, landmarks } = await run(encodeOnnx(foldNetwork(network), description), photos);
      assertEquals(positions!.shape, [20, imageSize, imageSize, 3]);
      assertEquals(landmarks!.shape, [20, 68, 3]);
      assertAllClose(positions!.data, expected.flatMap(({ positions }) => [...positions]), TOLERANCE * imageSize);
      const read = expected.flatMap((map) => [...readLandmarks(map, description.surface)]);
      assertAllClose(landmarks!.data, read, TOLERANCE * imageSize);
      network.dispose();
    });
  }
}

Deno.test("encodeOnnx() keeps weights in half precision on request: half the bytes, nearly the same", async () => {
  const network = shake(buildNetwork({ architecture: "lite", imageSize: 64, width: 16, seed: 2 }));
  const description = describe(64);
  const [full, half] = [false, true].map((half) => encodeOnnx(foldNetwork(network), description, { half }));
  assert(half!.length < 0.55 * full!.length, `${half!.length} of ${full!.length} bytes`);
  const photos = crops(3, 64);
  const [a, b] = [await run(full!, photos), await run(half!, photos)];
  assertAllClose(a.positions!.data, b.positions!.data, HALF_TOLERANCE * 64);
  network.dispose();
});

Deno.test("quantizeOnnx() keeps weights in bytes: a quarter of the file, nearly the same", async () => {
  const network = shake(buildNetwork({ architecture: "lite", imageSize: 64, width: 16, seed: 2 }));
  const folded = foldNetwork(network), description = describe(64);
  const [full, half] = [false, true].map((half) => encodeOnnx(folded, description, { half })) as [
    Uint8Array,
    Uint8Array,
  ];
  const photos = crops(3, 64), expected = await run(full, photos);
  for (const model of [full, half]) {
    const quantized = quantizeOnnx(model);
    assert(quantized.length < 0.28 * full.length, `${quantized.length} of ${full.length} bytes`);
    const { positions, landmarks } = await run(quantized, photos);
    assertAllClose(positions!.data, expected.positions!.data, BYTE_TOLERANCE * 64);
    assertAllClose(landmarks!.data, expected.landmarks!.data, BYTE_TOLERANCE * 64);
    assertEquals(quantizeOnnx(quantized), quantized);
  }
  network.dispose();
});

for (const [name, network] of smallNetworks()) {
  Deno.test(`encodeOnnx() writes ${name}`, async () => {
    const photos = crops(2, SMALL);
    const description = describe(SMALL);
    using predictor = new Predictor(network, description);
    const expected = (await predictor.predict(photos)).flatMap(({ positions }) => [...positions]);
    for (const half of [false, true]) {
      const model = encodeOnnx(foldNetwork(network), description, { half });
      const { positions } = await run(model, photos);
      assertAllClose(positions!.data, expected, SMALL * (half ? HALF_TOLERANCE : TOLERANCE));
      const quantized = await run(quantizeOnnx(model), photos);
      assertAllClose(quantized.positions!.data, expected, SMALL * BYTE_TOLERANCE);
    }
    network.dispose();
  });
}

Deno.test("encodeOnnx() names a layer that it does not know", async () => {
  const input = tf.input({ shape: [SMALL, SMALL, 3] });
  const output = tf.layers.gaussianNoise({ stddev: 1, name: "noisy" }).apply(input) as tf.SymbolicTensor;
  const network = tf.model({ inputs: input, outputs: output });
  const description = describe(SMALL);
  await assertThrows(() => encodeOnnx(foldNetwork(network), description), InputError, /layer noisy \(GaussianNoise\)/);
  network.dispose();
});

for (const eyes of [false, true]) {
  Deno.test(`encodeOnnx() writes the amounts of expressions, within 0 and 1, and the chance of a face${eyes ? ", of a network that sees eyes" : ""}`, async () => {
    const config = {
      architecture: "lite",
      imageSize: 64,
      width: 4,
      seed: 2,
      expressionWeight: 1,
      eyes,
      absentShare: 0.1,
    } as const;
    const network = shake(buildNetwork(config, 5));
    placeEyes(network, describe(64));
    const photos = crops(3, 64);
    using predictor = new Predictor(network, { encoding: "centered" });
    const outputs = await run(encodeOnnx(foldNetwork(network), describe(64)), photos);
    assertEquals([outputs.expressions!.shape, outputs.presence!.shape], [[3, 5], [3]]);
    const amounts = (await predictor.predictHead("expressions", photos)).flatMap((values) => [...values]);
    assert(amounts.some((amount) => amount < 0 || amount > 1), "some are to be clipped");
    assertAllClose(outputs.expressions!.data, amounts.map((value) => Math.min(1, Math.max(0, value))), TOLERANCE);
    const chances = (await predictor.predictHead("presence", photos)).flatMap((values) => [...values]);
    assertAllClose(outputs.presence!.data, chances, TOLERANCE);
    network.dispose();
  });
}
