import * as tf from "@tensorflow/tfjs";
import { encodePositions, readLandmarks } from "@/lib/data/maps/position_map.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { placeEyes } from "@/lib/model/eyes.ts";
import { buildNetwork, initializeNetwork } from "@/lib/model/network.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";
import { patternedImage } from "@/tests/model/patterned_image.ts";

await openTensorFlow({ device: "cpu" });

const SIZE = 64;
/** In pixels, and in gray: float32's rounding over the image's width. */
const TOLERANCE = 1e-3;
const config = { architecture: "lite", imageSize: SIZE, width: 4, seed: 3, expressionWeight: 1, eyes: true } as const;

/** A network whose map is of a face that lies flat and turned in the picture, whatever that shows. */
function flatFaced() {
  const { surface } = builtInFace();
  const positions = Float32Array.from({ length: SIZE * SIZE * 3 }, (_, i) => {
    const texel = Math.floor(i / 3), [u, v] = [texel % SIZE / SIZE, Math.floor(texel / SIZE) / SIZE];
    return [4 + 50 * u - 8 * v, 2 + 12 * u + 44 * v, 0][i % 3]!;
  });
  const maps = [encodePositions(positions.slice(), { size: SIZE, encoding: "centered" })];
  const network = buildNetwork(config, 5);
  initializeNetwork(network, { maps, valid: new Uint8Array(SIZE * SIZE).fill(1) });
  for (const name of ["coefficients", "fine_part"]) {
    for (const weight of network.getLayer(name).weights) tf.tidy(() => void weight.write(tf.zerosLike(weight.read())));
  }
  placeEyes(network, { surface, encoding: "centered" });
  return { network, landmarks: readLandmarks({ size: SIZE, positions }, surface) };
}

function outputOf(network: tf.LayersModel, layer: string): Float32Array {
  const part = tf.model({ inputs: network.inputs, outputs: network.getLayer(layer).output });
  return tf.tidy(() => (part.predict(patternedImage(SIZE)) as tf.Tensor).dataSync<"float32">());
}

/** What the picture shows at a place, whose whole numbers lie between pixels. */
function grayAt(rgb: Float32Array, x: number, y: number): number {
  const [column, row] = [Math.floor(x - 0.5), Math.floor(y - 0.5)], [right, down] = [x - 0.5 - column, y - 0.5 - row];
  const pixel = (r: number, c: number) => {
    const [red, green, blue] = [0, 1, 2].map((i) => rgb[3 * (r * SIZE + c) + i]!) as [number, number, number];
    return 0.299 * red + 0.587 * green + 0.114 * blue;
  };
  return (1 - down) * ((1 - right) * pixel(row, column) + right * pixel(row, column + 1)) +
    down * ((1 - right) * pixel(row + 1, column) + right * pixel(row + 1, column + 1));
}

Deno.test("seeEyes() cuts both eyes out where the map has their corners, the right one mirrored", () => {
  const { network, landmarks } = flatFaced();
  const point = (l: number) => [landmarks[3 * l]!, landmarks[3 * l + 1]!] as const;
  const wanted = [36, 39, 45, 42, 33].flatMap(point);
  assertAllClose(outputOf(network, "eyes/landmarks"), wanted, TOLERANCE);
  const rgb = tf.tidy(() => patternedImage(SIZE).dataSync<"float32">());
  const [ROWS, COLUMNS] = [12, 16];
  const height = point(33)[1] - [36, 39, 45, 42].reduce((sum, l) => sum + point(l)[1] / 4, 0);
  const cuts = Array.from({ length: ROWS * 2 * COLUMNS }, (_, i) => {
    const [row, column] = [Math.floor(i / 2 / COLUMNS), i % COLUMNS];
    const [outer, inner] = (Math.floor(i / COLUMNS) % 2 === 0 ? [36, 39] : [45, 42]).map(point) as [
      readonly [number, number],
      readonly [number, number],
    ];
    const across = 0.5 + 1.5 * ((column + 0.5) / COLUMNS - 0.5), down = 0.75 * ((row + 0.5) / ROWS - 0.5);
    const [x, y] = [0, 1].map((axis) => outer[axis]! + across * (inner[axis]! - outer[axis]!)) as [number, number];
    return grayAt(rgb, x, y + down * height);
  });
  assertAllClose(outputOf(network, "eyes/cuts"), cuts, TOLERANCE);
  network.dispose();
});

Deno.test("seeEyes() sees black where a cut reaches beyond the image", () => {
  const { network } = flatFaced();
  const [, bias] = network.getLayer("eyes/landmarks").weights;
  tf.tidy(() => void bias!.write(tf.add(bias!.read(), 2 * SIZE)));
  assert(outputOf(network, "eyes/cuts").every((gray) => gray === 0));
  network.dispose();
});

Deno.test("seeEyes() sends no gradient to what leads to the map", () => {
  const network = buildNetwork(config, 5);
  const part = tf.model({ inputs: network.inputs, outputs: network.getLayer("eyes/features").output });
  tf.tidy(() => {
    const variables = network.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const { grads } = tf.variableGrads(
      () => tf.sum(part.apply(patternedImage(SIZE), { training: true }) as tf.Tensor),
      variables,
    );
    const learned = network.trainableWeights.filter((weight) => grads[(weight.read() as tf.Variable).name]);
    const own = network.trainableWeights.filter(({ originalName }) => originalName.startsWith("eyes/"));
    assertEquals(learned.map(({ originalName }) => originalName), own.map(({ originalName }) => originalName));
  });
  network.dispose();
});

for (const expressionCount of [0, 5]) {
  Deno.test(`what seeEyes() gives moves the map where it is let, and nothing in a new network: ${expressionCount} expressions`, () => {
    const [without, network] = [false, true].map((lids) => buildNetwork({ ...config, lids }, expressionCount));
    const mapOf = (of: tf.LayersModel) =>
      tf.tidy(() => ([of.predict(patternedImage(SIZE))].flat()[0] as tf.Tensor).dataSync<"float32">());
    const still = mapOf(network!);
    assertEquals(still, mapOf(without!));
    const [kernel] = network!.getLayer("eyes/lid_nodes").weights;
    tf.tidy(() => void kernel!.write(tf.randomNormal(kernel!.shape as number[], 0, 1, "float32", 3)));
    const moved = mapOf(network!);
    assert(still.some((value, i) => Math.abs(value - moved[i]!) > 0.01));
    without!.dispose();
    network!.dispose();
  });
}
