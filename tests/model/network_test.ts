import * as tf from "@tensorflow/tfjs";
import { buildNetwork, initializeNetwork } from "@/lib/model/network.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { assertAllClose, assertEquals } from "../support.ts";

await openTensorFlow({ device: "cpu" });

const SIZE = 64;
const settings = { imageSize: SIZE, width: 4, seed: 2 } as const;

Deno.test("buildNetwork() takes images to maps of their size, whichever the architecture", () => {
  for (const architecture of ["prnet", "lite", "heatmap"] as const) {
    const network = buildNetwork({ ...settings, architecture });
    assertEquals(network.inputs[0]!.shape, [null, SIZE, SIZE, 3]);
    assertEquals(network.outputs[0]!.shape, [null, SIZE, SIZE, 3]);
    network.dispose();
  }
});

Deno.test("initializeNetwork() moves the light network's answer to the maps, and leaves PRNet as it was built", () => {
  const map = new Float32Array(SIZE * SIZE * 3).fill(0.75);
  const examples = { maps: [map], valid: new Uint8Array(SIZE * SIZE).fill(1) };
  for (const architecture of ["prnet", "lite"] as const) {
    const network = buildNetwork({ ...settings, architecture });
    const answer = () => tf.tidy(() => (network.predict(tf.ones([1, SIZE, SIZE, 3])) as tf.Tensor).dataSync());
    const built = answer();
    initializeNetwork(network, examples);
    // the light one's random last layers add a little
    assertAllClose(answer(), architecture === "lite" ? map : built, architecture === "lite" ? 0.1 : 0);
    network.dispose();
  }
});
