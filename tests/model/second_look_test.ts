/** What a second look sees, by layers alone, on tfjs's own backend. */
import * as tf from "@tensorflow/tfjs";
import { positionScale } from "@/lib/data/maps/position_map.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { LOOK_NODES, LOOK_PLACES, lookAgain, placeLook } from "@/lib/model/second_look.ts";
import { writeValues } from "@/lib/model/normalization.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

await tf.setBackend("cpu");

const SIZE = 64, NODES = SIZE / 4 + 1;
const config = { architecture: "lite", imageSize: SIZE, width: 4, seed: 3, secondLook: true } as const;
const encoding = { encoding: "centered" } as const;

/** What is unwrapped of an image where the map's nodes are these, [NODES, NODES, 3] in pixels. */
function unwrapped(image: tf.Tensor4D, nodes: tf.Tensor4D): Float32Array {
  const [ofImage, ofNodes] = [tf.input({ shape: [SIZE, SIZE, 3] }), tf.input({ shape: [NODES, NODES, 3] })];
  const moved = lookAgain(ofImage, { nodes: ofNodes, channels: [2, 2, 2, 2], seed: 1 });
  const look = tf.model({ inputs: [ofImage, ofNodes], outputs: moved });
  placeLook(look, encoding);
  const { output } = look.getLayer("look/unwrapped");
  const { scale, offsets } = positionScale({ size: SIZE, ...encoding });
  return tf.tidy(() => {
    const encoded = tf.add(tf.mul(nodes, scale), offsets);
    const seen = tf.model({ inputs: look.inputs, outputs: output as tf.SymbolicTensor }).predict([image, encoded]);
    return (seen as tf.Tensor).dataSync<"float32">().slice();
  });
}

/** Nodes of a map that has texel (column, row) at this place. */
function nodesAt(place: (column: number, row: number) => readonly [number, number]): tf.Tensor4D {
  const values = Array.from(
    { length: NODES ** 2 },
    (_, i) => [...place(4 * (i % NODES), 4 * Math.floor(i / NODES)), 7],
  );
  return tf.tensor4d(values.flat(), [1, NODES, NODES, 3]);
}

/** Brightness that rises by the column, and more by the row: bilinear sampling gives it at any place within. */
const ramp = tf.tidy(() =>
  tf.tensor4d(
    Array.from({ length: SIZE ** 2 }, (_, i) =>
      Array(3).fill((i % SIZE + 0.5) / 200 + (Math.floor(i / SIZE) + 0.5) / 100)).flat(),
    [1, SIZE, SIZE, 3],
  )
);

Deno.test("a second look unwraps the image as the map says, black where that is outside", () => {
  const turned = (column: number, row: number) => [50 - 0.5 * row, 10 + 0.7 * column] as const;
  const seen = unwrapped(ramp, nodesAt(turned));
  const wanted = Array.from({ length: (SIZE / 2) ** 2 }, (_, i) => {
    const [x, y] = turned(2 * (i % (SIZE / 2)), 2 * Math.floor(i / (SIZE / 2)));
    return x / 200 + y / 100;
  });
  assertAllClose(seen, wanted, 1e-5);
  const outside = unwrapped(ramp, nodesAt(() => [-20, 30]));
  assertEquals(Math.max(...outside), 0);
});

Deno.test("a second look moves nothing in a new network, and the map's nodes once it has learned something", () => {
  const image = tf.randomUniform([1, SIZE, SIZE, 3], 0, 1, "float32", 2);
  const networks = [false, true].map((secondLook) => buildNetwork({ ...config, secondLook }));
  const [without, looking] = networks as [tf.LayersModel, tf.LayersModel];
  placeLook(looking, encoding);
  for (const weight of without.weights) {
    const same = looking.weights.find(({ originalName }) => originalName === weight.originalName)!;
    same.write(weight.read());
  }
  const mapOf = (network: tf.LayersModel) => (network.predict(image) as tf.Tensor).dataSync<"float32">().slice();
  const before = mapOf(without);
  assertEquals(mapOf(looking), before);
  const [, bias] = looking.getLayer(LOOK_NODES).weights;
  writeValues(bias!, Float32Array.of(0.25, 0, 0));
  assertAllClose(mapOf(looking), before.map((value, i) => i % 3 === 0 ? value + 0.25 : value), 1e-5);
  for (const network of networks) network.dispose();
});

Deno.test("a second look sends no gradient to the map that it looks along", () => {
  const network = buildNetwork(config);
  placeLook(network, encoding);
  const [kernel] = network.getLayer(LOOK_NODES).weights;
  kernel!.write(tf.randomNormal(kernel!.shape as number[], 0, 1, "float32", 3));
  const image = tf.randomUniform([1, SIZE, SIZE, 3], 0, 1, "float32", 2);
  const moved = tf.model({ inputs: network.inputs, outputs: network.getLayer(LOOK_NODES).output as tf.SymbolicTensor });
  const { grads } = tf.variableGrads(
    () => tf.sum(tf.square(moved.apply(image, { training: true }) as tf.Tensor)) as tf.Scalar,
    network.trainableWeights.map((weight) => weight.read() as tf.Variable),
  );
  const reached = Object.entries(grads).filter(([, gradient]) => tf.max(tf.abs(gradient)).dataSync()[0]! > 0).map((
    [name],
  ) => name);
  assert(reached.some((name) => name.startsWith("look/")), "it learns itself");
  assertEquals(reached.filter((name) => !name.startsWith("look/")), []);
  assert(
    !network.trainableWeights.some(({ originalName }) => originalName.startsWith(LOOK_PLACES)),
    "where it looks is fixed",
  );
  network.dispose();
});
