import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { encodePositions } from "@/lib/data/position_map.ts";
import { buildNetwork, imagesTensor, initializeNetwork, predictMaps } from "@/lib/model/network.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend.ts";
import type { Photo } from "@/lib/types.ts";
import { assertAllClose, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "../support.ts";
import { hashedValues } from "./hashed_values.ts";

await openTensorFlow({ device: "cpu" });

const SIZE = 64;
const settings = { imageSize: SIZE, width: 4, seed: 2 } as const;

function photo(name: string, width = SIZE, height = SIZE): Photo {
  const rgb = Uint8Array.from(hashedValues(name, width * height * 3), (value) => 256 * value);
  return { width, height, rgb };
}

Deno.test("buildNetwork() takes images to maps of their size, whichever the model", () => {
  for (const model of ["prnet", "lite"] as const) {
    const network = buildNetwork({ ...settings, model });
    assertEquals(network.inputs[0]!.shape, [null, SIZE, SIZE, 3]);
    assertEquals(network.outputs[0]!.shape, [null, SIZE, SIZE, 3]);
    network.dispose();
  }
});

Deno.test("imagesTensor() brings bytes to [0, 1], picture after picture", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 9 }), (count, side) => {
    const photos = Array.from({ length: count }, (_, i) => photo(`photo ${i}`, side, side + 1));
    const tensor = imagesTensor(photos);
    assertEquals(tensor.shape, [count, side + 1, side, 3]);
    assertAllClose(tensor.dataSync(), photos.flatMap(({ rgb }) => Array.from(rgb, (v) => v / 255)), FLOAT32_TOLERANCE);
    tensor.dispose();
  }));
});

Deno.test("imagesTensor() refuses no pictures, and pictures of different sizes", async () => {
  await assertThrows(() => imagesTensor([]), RangeError, /no pictures/);
  await assertThrows(() => imagesTensor([photo("a", 4, 4), photo("b", 4, 5)]), TypeError, /4 × 4 and of 4 × 5/);
});

Deno.test("predictMaps() decodes what the network gives for each picture, and leaves no tensor behind", () => {
  const network = buildNetwork({ ...settings, model: "prnet" });
  const photos = [photo("a"), photo("b"), photo("c")];
  const before = tf.memory().numTensors;
  for (const encoding of ["paper", "centered"] as const) {
    const maps = predictMaps(network, photos, { encoding });
    assertEquals(maps.map(({ size }) => size), [SIZE, SIZE, SIZE]);
    photos.forEach((picture, i) => {
      const alone = tf.tidy(() => (network.predict(imagesTensor([picture])) as tf.Tensor).dataSync());
      assertAllClose(encodePositions(maps[i]!.positions, { size: SIZE, encoding }), alone, FLOAT32_TOLERANCE);
    });
  }
  assertEquals(tf.memory().numTensors, before);
  network.dispose();
});

Deno.test("initializeNetwork() moves the light network's answer to the maps, and leaves PRNet as it was built", () => {
  const map = new Float32Array(SIZE * SIZE * 3).fill(0.75);
  const examples = { maps: [map], valid: new Uint8Array(SIZE * SIZE).fill(1) };
  for (const model of ["prnet", "lite"] as const) {
    const network = buildNetwork({ ...settings, model });
    const answer = () => tf.tidy(() => (network.predict(imagesTensor([photo("a")])) as tf.Tensor).dataSync());
    const built = answer();
    initializeNetwork(network, { ...examples, model });
    // the light one's random last layers add a little
    assertAllClose(answer(), model === "lite" ? map : built, model === "lite" ? 0.1 : 0);
    network.dispose();
  }
});
