import * as tf from "@tensorflow/tfjs";
import { listBundle } from "@/lib/formats/tensor_bundle.ts";
import { buildPrnet } from "@/lib/model/prnet.ts";
import { assert, assertEquals, sharedData } from "../support.ts";

const checkpoint = sharedData("prnet/256_256_resfcn256_weight.index");

Deno.test({
  name: "buildPrnet() has the published checkpoint's variables, names and shapes, and no others",
  ignore: !checkpoint,
  async fn() {
    const network = buildPrnet({ imageSize: 256, width: 16, seed: 1 });
    const built = network.weights.map(({ originalName, shape }) => ({
      name: `resfcn256/${originalName.replace(/\/kernel$/, "/weights")}`,
      shape,
    }));
    const published = (await listBundle(checkpoint!.replace(/\.index$/, "")))
      .filter(({ name }) => name.startsWith("resfcn256/") && !/\/Adam(_1)?$/.test(name));
    const sorted = (variables: readonly { name: string; shape: readonly (number | null)[] }[]) =>
      variables.map(({ name, shape }) => `${name} ${shape}`).sort();
    assertEquals(sorted(built), sorted(published));
    network.dispose();
  },
});

Deno.test("buildPrnet() has 13.35 million trainable weights as published", () => {
  const network = buildPrnet({ imageSize: 256, width: 16, seed: 1 });
  const count = network.trainableWeights.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0);
  assert(Math.round(count / 1e4) === 1335, `${count} weights`);
  network.dispose();
});

Deno.test("buildPrnet() gives maps in (0, 1) of the image's size, for any multiple of 32", () => {
  for (const imageSize of [32, 64]) {
    const network = buildPrnet({ imageSize, width: 4, seed: 1 });
    tf.tidy(() => {
      const maps = network.predict(tf.randomUniform([2, imageSize, imageSize, 3], 0, 1, "float32", 5)) as tf.Tensor;
      assertEquals(maps.shape, [2, imageSize, imageSize, 3]);
      assert(maps.dataSync().every((value) => value > 0 && value < 1));
    });
    network.dispose();
  }
});

Deno.test("buildPrnet() draws its weights from the seed alone", () => {
  const [a, again, b] = [1, 1, 2].map((seed) => {
    const network = buildPrnet({ imageSize: 32, width: 4, seed });
    const kernels = network.trainableWeights.map((weight) => [...weight.read().dataSync()]);
    network.dispose();
    return kernels;
  });
  assertEquals(a, again);
  assert(JSON.stringify(a) !== JSON.stringify(b));
  assert(JSON.stringify(a![0]!.slice(0, 8)) !== JSON.stringify(a![4]!.slice(0, 8)), "two layers share their weights");
});

Deno.test("buildPrnet() forgets the statistics that it began with, to a hundredth within 500 batches", () => {
  const network = buildPrnet({ imageSize: 32, width: 2, seed: 1 });
  tf.tidy(() => {
    const images = tf.randomUniform([4, 32, 32, 3], 0, 1, "float32", 5);
    const { movingMean } = network.getLayer("Conv/BatchNorm") as unknown as { movingMean: tf.LayerVariable };
    const [once, twice] = [1, 2].map(() => {
      network.apply(images, { training: true });
      return movingMean.read().dataSync()[0]!;
    });
    const left = twice! / once! - 1; // of what was there, by each batch: they start from 0
    assert(left ** 500 < 0.01, `${left} is left`);
  });
  network.dispose();
});
