import * as tf from "@tensorflow/tfjs";
import { positionScale } from "@/lib/data/maps/position_map.ts";
import { findPoints, moveToPoints, POINTS_ACROSS } from "@/lib/model/heatmaps.ts";
import { buildHeatmapNetwork } from "@/lib/model/heatmap_network.ts";
import { stagesOf } from "@/lib/model/structure.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import type { HostBatch } from "@/lib/data/batches/batches.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { heatmapLoss, pointLoss, positionLoss } from "@/lib/train/loss.ts";
import { train } from "@/lib/train/trainer.ts";
import { assert, assertAllClose, assertClose, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";
import { noiseBatches, tinyConfig } from "@/tests/train/tiny.ts";

await openTensorFlow({ device: "cpu" });

const small = { imageSize: 64, width: 4, encoding: "centered", seed: 3 } as const;

function write(network: tf.LayersModel, layer: string, value: (i: number) => number): void {
  for (const weight of network.getLayer(layer).weights) {
    const values = Float32Array.from(
      { length: weight.shape.reduce((product, side) => product! * side!, 1)! },
      (_, i) => value(i),
    );
    tf.tidy(() => void weight.write(tf.tensor(values, weight.shape as number[])));
  }
}

Deno.test("buildHeatmapNetwork() stays within 1.8 million weights and 200 million multiply-adds at 128²", () => {
  const network = buildHeatmapNetwork({
    ...small,
    imageSize: 128,
    width: 16,
    expressionCount: 53,
    seesEyes: true,
    movesLids: true,
    saysPresence: true,
  });
  assert(network.countParams() <= 1.8e6, `${network.countParams()} weights`);
  const count = stagesOf(network).reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
  assert(count <= 200e6, `${count} multiply-adds`);
  // what is seen at 17² points is a product of their heatmaps' 32² cells and 48 channels
  const known = stagesOf(network).find(({ name }) => name === "heatmaps")!.multiplyAdds;
  assertClose(known, 17 ** 2 * 32 ** 2 * (48 + 2 + 48), 0);
  network.dispose();
});

Deno.test("buildHeatmapNetwork() refuses an image size that it is not made for", async () => {
  for (const imageSize of [32, 100, 512]) {
    await assertThrows(() => buildHeatmapNetwork({ ...small, imageSize }), RangeError, /64, 128 or 256/);
  }
});

for (const encoding of ["centered", "paper", "prnet"] as const) {
  Deno.test(`findPoints() has points where their heatmaps are brightest, encoded as positions are: ${encoding}`, () => {
    const side = 16, [row, column] = [3, 11], imageSize = 64;
    const feature = tf.input({ shape: [side, side, 1] });
    const { points, seen } = findPoints([feature], { channels: [1], imageSize, encoding, seed: 1 });
    const network = tf.model({ inputs: feature, outputs: [points, seen] });
    write(network, `pyramid_${side}/lateral`, () => 1);
    for (const block of ["first", "second"]) {
      write(network, `pyramid_${side}/${block}/convolution`, (i) => Number(i === 4)); // of 3 × 3 the middle
    }
    write(network, "heatmaps/logits", () => 200);
    const [bright, shown] = tf.tidy(() => {
      const picture = tf.buffer([1, side, side, 1]);
      picture.set(1, 0, row, column, 0);
      return (network.predict(picture.toTensor()) as tf.Tensor[]).map((tensor) => tensor.dataSync());
    }) as [Float32Array, Float32Array];
    const { scale, offsets } = positionScale({ size: imageSize, encoding });
    const wanted = [column, row].map((cell, axis) => (cell + 0.5) / side * imageSize * scale + offsets[axis]!);
    assertAllClose(bright, Array.from(bright, (_, i) => wanted[i % 2]!), FLOAT32_TOLERANCE);
    const ofPixel = 1 / Math.sqrt(1.001) ** 2; // after two normalizations by new statistics, epsilon 0.001
    assertAllClose(shown, Array.from(shown, () => ofPixel), FLOAT32_TOLERANCE);
    network.dispose();
  });
}

Deno.test("moveToPoints() moves nodes to points that are trusted, and by what is seen there, and leaves others and depth", () => {
  const count = 2 * (POINTS_ACROSS - 1) + 1, [dx, dy] = [0.03, -0.02], grid = [POINTS_ACROSS, POINTS_ACROSS];
  const inputs = [[count, count, 3], [...grid, 2], [...grid, 4], [8]].map((shape) => tf.input({ shape }));
  const [nodes, points, seen, face] = inputs as [
    tf.SymbolicTensor,
    tf.SymbolicTensor,
    tf.SymbolicTensor,
    tf.SymbolicTensor,
  ];
  const network = tf.model({ inputs, outputs: moveToPoints(nodes, { points, seen, face, seed: 1 }) });
  const values = Float32Array.from({ length: 3 * count ** 2 }, (_, i) => Math.sin(i));
  const moved = (trust: number) => {
    write(network, "moves/trust", () => trust);
    return tf.tidy(() => {
      const grid = tf.tensor4d(values, [1, count, count, 3]);
      const at = tf.stridedSlice(grid, [0, 0, 0, 0], [1, count, count, 2], [1, 2, 2, 1]);
      const shown = tf.ones([1, POINTS_ACROSS, POINTS_ACROSS, 4]);
      return (network.predict([grid, tf.add(at, [dx, dy]), shown, tf.zeros([1, 8])]) as tf.Tensor).dataSync();
    });
  };
  const inside = (i: number) => {
    const node = Math.floor(i / 3), places = [Math.floor(node / count), node % count];
    return places.every((place) => place >= 4 && place < count - 4);
  };
  const [trusted, doubted] = [moved(30), moved(-30)];
  assertAllClose(doubted, values, FLOAT32_TOLERANCE);
  const by = [dx, dy, 0];
  trusted.forEach((value, i) => {
    if (inside(i)) assertClose(value, values[i]! + by[i % 3]!, FLOAT32_TOLERANCE, `[${i}]`);
  });
  for (const block of ["seen_1", "seen_2"]) write(network, `moves/${block}/convolution`, () => 0.1);
  write(network, "moves/seen_moves", (i) => i % 3 === 2 ? 0.01 : 0);
  const [byWhatIsSeen, before] = [moved(-30), doubted];
  byWhatIsSeen.forEach((value, i) => {
    if (inside(i)) assert(i % 3 === 2 ? value > before[i]! + 0.01 : Math.abs(value - before[i]!) < 1e-6, `[${i}]`);
  });
  network.dispose();
});

Deno.test("train() lowers the error of points and heatmaps, too: the first loss is that of the map and theirs", async () => {
  const config = tinyConfig({ architecture: "heatmap", steps: 1, expressionWeight: 0, l2: 0 });
  const network = buildNetwork(config);
  const found = ["heatmaps/points", "heatmaps/rows"].map((name) =>
    tf.model({ inputs: network.inputs, outputs: network.getLayer(name).output })
  );
  const mask = tf.ones([64, 64]) as tf.Tensor2D;
  const optimizer = new FusedAdam(config.learningRate);
  const [{ images, targets }] = await Array.fromAsync(noiseBatches(1)) as [HostBatch];
  const expected = tf.tidy(() => {
    const pictures = tf.div(tf.tensor4d(images, [2, 64, 64, 3], "float32"), 255);
    const [map, points, logits] = [network, ...found].map((of) => of.apply(pictures, { training: true }) as tf.Tensor);
    const target = tf.tensor4d(targets, [2, 64, 64, 3]);
    const truth = { target, mask, presence: tf.ones([2]) as tf.Tensor1D, encoding: config.encoding };
    const ofPoints = pointLoss(points as tf.Tensor4D, truth);
    const ofHeatmaps = tf.mul(heatmapLoss(logits as tf.Tensor3D, truth), 0.01);
    const terms = [positionLoss(map as tf.Tensor4D, target, mask, config), ofPoints, ofHeatmaps];
    return [tf.addN(terms), ...terms].map((loss) => loss.dataSync()[0]!);
  });
  const parts = { network, optimizer, mask, batches: noiseBatches(1) };
  const [report] = await Array.fromAsync(train(parts, { ...config, firstStep: 0 }));
  const { loss, lossTerms: { position, points: ofPoints, heatmaps } } = report!;
  assertAllClose([loss, position!, ofPoints!, heatmaps!], expected, FLOAT32_TOLERANCE);
  for (const part of [network, optimizer, mask]) part.dispose();
});

Deno.test("pointLoss() is the weighted mean error of x and y where points' texels are, of faces that are there", () => {
  const size = 64, across = 17, random = (i: number) => Math.abs(Math.sin(12.9898 * i + 78.233));
  const target = Float32Array.from({ length: 2 * size * size * 3 }, (_, i) => random(i));
  const mask = Float32Array.from({ length: size * size }, (_, i) => Math.floor(3 * random(i + 0.5)));
  const found = Float32Array.from({ length: 2 * across ** 2 * 2 }, (_, i) => random(i + 0.25));
  const presence = [0, 1];
  let sum = 0, weights = 0;
  for (let point = 0; point < across ** 2; point++) {
    const [row, column] = [Math.floor(point / across), point % across].map((i) => Math.min(size - 1, 4 * i));
    const texel = row! * size + column!;
    weights += mask[texel]!;
    for (let face = 0; face < 2; face++) {
      for (const axis of [0, 1]) {
        const wanted = target[(face * size * size + texel) * 3 + axis]!;
        sum += presence[face]! * mask[texel]! * Math.abs(found[(face * across ** 2 + point) * 2 + axis]! - wanted);
      }
    }
  }
  const loss = tf.tidy(() =>
    pointLoss(tf.tensor4d(found, [2, across, across, 2]), {
      target: tf.tensor4d(target, [2, size, size, 3]),
      mask: tf.tensor2d(mask, [size, size]),
      presence: tf.tensor1d(presence),
    }).dataSync()[0]!
  );
  assertClose(loss, sum / (2 * 2 * weights), FLOAT32_TOLERANCE);
});

Deno.test("heatmapLoss() is the weighted cross-entropy with the four cells around each point, of points in the picture", () => {
  const [size, side, across] = [64, 16, 17], count = across ** 2, cells = side ** 2;
  const random = (i: number) => Math.abs(Math.sin(12.9898 * i + 78.233));
  const target = Float32Array.from({ length: 3 * size * size * 3 }, (_, i) => random(i)); // some outside
  const mask = Float32Array.from({ length: size * size }, (_, i) => Math.floor(3 * random(i + 0.5)));
  const logits = Float32Array.from({ length: 3 * count * cells }, (_, i) => 30 * random(i + 0.25) - 15);
  const presence = [0, 1, 1];
  for (const encoding of ["centered", "paper", "prnet"] as const) {
    const { scale, offsets } = positionScale({ size, encoding });
    let sum = 0, weights = 0, ignored = 0;
    const slopes = new Float32Array(logits.length), aims: [number, number][] = [];
    for (let point = 0; point < count; point++) {
      const [row, column] = [Math.floor(point / across), point % across].map((i) => Math.min(size - 1, 4 * i));
      const texel = row! * size + column!;
      weights += mask[texel]!;
      for (let face = 0; face < 3; face++) {
        const weight = presence[face]! * mask[texel]!;
        const [x, y] = [0, 1].map((axis) => {
          const pixels = (target[(face * size * size + texel) * 3 + axis]! - offsets[axis]!) / scale;
          return pixels * side / size - 0.5;
        }) as [number, number];
        if ([x, y].some((place) => place < 0 || place > side - 1)) {
          ignored += weight;
          continue;
        }
        const start = (face * count + point) * cells;
        const own = Array.from(logits.subarray(start, start + cells));
        const logSum = Math.log(own.reduce((total, value) => total + Math.exp(value), 0));
        let mean = [0, 0];
        own.forEach((value, cell) => {
          const [u, v] = [cell % side, Math.floor(cell / side)];
          const share = Math.max(0, 1 - Math.abs(u - x)) * Math.max(0, 1 - Math.abs(v - y));
          mean = [mean[0]! + share * u, mean[1]! + share * v];
          sum += weight * share * (logSum - value);
          slopes[start + cell] = weight * (Math.exp(value - logSum) - share);
        });
        aims.push([Math.abs(mean[0]! - x), Math.abs(mean[1]! - y)]);
      }
    }
    assert(aims.flat().every((off) => off < 1e-9) && ignored > 0, "the four cells' mean is the point");
    const found = tf.tidy(() => {
      const truth = {
        target: tf.tensor4d(target, [3, size, size, 3]),
        mask: tf.tensor2d(mask, [size, size]),
        presence: tf.tensor1d(presence),
        encoding,
      };
      const { value, grad } = tf.valueAndGrad((x) => heatmapLoss(x as tf.Tensor3D, truth))(
        tf.tensor3d(logits, [3, count, cells]),
      );
      return [value, grad].map((tensor) => tensor.dataSync());
    }) as [Float32Array, Float32Array];
    assertClose(found[0][0]!, sum / (3 * weights), 1e-4);
    assertAllClose(found[1], slopes.map((slope) => slope / (3 * weights)), 1e-6);
  }
});
