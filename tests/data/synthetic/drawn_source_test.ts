import { CROP_MARGIN } from "@/lib/data/maps/crop.ts";
import { warpPhoto } from "@/lib/data/maps/warp.ts";
import { componentName } from "@/lib/face/expression_names.ts";
import { landmarkBox, mirroredLandmarks } from "@/lib/face/landmarks.ts";
import { mirrorExpressions } from "@/lib/face/mirror.ts";
import { alignPoints3D } from "@/lib/geometry/procrustes.ts";
import { type Similarity2D, transformPositions } from "@/lib/geometry/transforms.ts";
import type { Photo } from "@/lib/types.ts";
import { readLandmarks } from "@/lib/data/maps/position_map.ts";
import type { Sample, Split } from "@/lib/data/sample.ts";
import { type SampleStage, sampleStages } from "@/lib/portrait/stage_timer.ts";
import { StageClock } from "@/lib/stage_clock.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { Sitters } from "@/lib/data/synthetic/sitters.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";

const SIZE = 64;
const model = builtInFace();
const open = (options: { seed?: number; augment?: boolean } = {}) =>
  drawnSource(model, { seed: 7, imageSize: SIZE, augment: true, ...options });
const training = open();
const fifty = Array.from({ length: 50 }, (_, i) => training.sample(i, "train"));

function bytesOf({ image, map, landmarks }: Sample): Uint8Array {
  const arrays = [image.rgb, map.positions, landmarks].map((a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength));
  return Uint8Array.from(arrays.flatMap((array) => [...array]));
}

Deno.test("drawnSource() gives the same bytes for the same seed, in any order", () => {
  const backwards = open();
  for (const index of [9, 5, 3, 0]) {
    assertEquals([...bytesOf(backwards.sample(index, "train"))], [...bytesOf(fifty[index]!)]);
  }
});

Deno.test("drawnSource() gives other samples for another seed", () => {
  const other = open({ seed: 8 }).sample(0, "train");
  assert(other.image.rgb.some((byte, i) => byte !== fifty[0]!.image.rgb[i]));
});

Deno.test("drawnSource() shows other people in each split and in each eight samples", () => {
  // Whatever the pose, the eyes' distances from the nose and from each other tell people apart.
  const build = ({ landmarks }: Sample) => {
    const distance = (a: number, b: number) =>
      Math.hypot(...[0, 1, 2].map((axis) => landmarks[3 * a + axis]! - landmarks[3 * b + axis]!));
    return [36, 39, 42].map((eye) => distance(eye, 27) / distance(36, 45));
  };
  const seen = (["train", "validation", "test"] as Split[]).flatMap((split) =>
    [0, 8, 16, 24].map((index) => build(training.sample(index, split)))
  );
  assertEquals(fifty.map(({ person }) => person), fifty.map((_, i) => Math.floor(i / 8)));
  seen.forEach((one, i) => {
    for (const other of seen.slice(i + 1)) assert(one.some((value, k) => Math.abs(value - other[k]!) > 1e-4));
  });
});

Deno.test("drawnSource()'s maps read back to its landmarks within half a pixel", () => {
  const large = drawnSource(model, { seed: 7, imageSize: 256, augment: true });
  for (const index of [0, 4, 8]) {
    const { map, landmarks } = large.sample(index, "train");
    assertEquals(map.size, 256);
    assertAllClose(readLandmarks(map, model.surface), landmarks, 0.5);
  }
});

Deno.test("drawnSource()'s depths begin at 0, at the surface's farthest point", () => {
  for (const { map } of fifty.slice(0, 8)) {
    let least = Infinity;
    for (let i = 2; i < map.positions.length; i += 3) least = Math.min(least, map.positions[i]!);
    assertClose(least, 0, 0.5);
  }
});

Deno.test("drawnSource() without augmentation cuts out exactly the crop of the landmarks", () => {
  const plain = open({ augment: false });
  for (let index = 0; index < 8; index++) {
    const { left, top, width, height } = landmarkBox(plain.sample(index, "validation").landmarks);
    assertClose(left + width / 2, SIZE / 2, 0.01);
    assertClose(top + height / 2, SIZE / 2, 0.01);
    assertClose(CROP_MARGIN * Math.max(width, height), SIZE, 0.01);
  }
});

Deno.test("drawnSource() with augmentation shifts by a tenth and scales from 0.9 to 1.2 at most", () => {
  const boxes = fifty.map(({ landmarks }) => landmarkBox(landmarks));
  const scales = boxes.map(({ width, height }) => CROP_MARGIN * Math.max(width, height) / SIZE);
  const shifts = boxes.flatMap(({ left, top, width, height }) => {
    const box = Math.max(width, height);
    return [(left + width / 2 - SIZE / 2) / box, (top + height / 2 - SIZE / 2) / box];
  });
  assert(Math.min(...scales) >= 0.9 - 1e-4 && Math.max(...scales) <= 1.2 + 1e-4);
  assert(shifts.every((shift) => Math.abs(shift) <= 0.1 + 1e-4));
  assert(Math.max(...scales) - Math.min(...scales) > 0.2 && Math.max(...shifts) > 0.07 && Math.min(...shifts) < -0.07);
});

Deno.test("drawnSource() turns heads from profile to profile", () => {
  // The nose's tip lies beside the eyes' middle by the sine of the yaw, roughly, in halves of the head's depth.
  const turns = fifty.map(({ landmarks }) => {
    const between = (landmarks[3 * 0]! + landmarks[3 * 16]!) / 2;
    return (landmarks[3 * 30]! - between) / SIZE;
  });
  assert(Math.min(...turns) < -0.25 && Math.max(...turns) > 0.25);
});

Deno.test("drawnSource()'s images are neither black nor white, and differ in brightness", () => {
  const means = fifty.map(({ image }) => image.rgb.reduce((sum, byte) => sum + byte, 0) / image.rgb.length);
  assert(means.filter((mean) => mean > 40 && mean < 215).length >= 45, `means ${means.map(Math.round)}`);
  assert(Math.max(...means) - Math.min(...means) > 50);
  assert(fifty.every(({ map, landmarks }) => map.positions.every(Number.isFinite) && landmarks.every(Number.isFinite)));
});

Deno.test("drawnSource() tells a StageClock of every stage, and gives the same bytes with it", () => {
  const clock = new StageClock<SampleStage>();
  const timed = drawnSource(model, { seed: 7, imageSize: SIZE, augment: true, timer: clock });
  timed.sample(0, "train"); // the first one also waits for what all are drawn with
  clock.reset();
  const start = performance.now();
  const sample = timed.sample(3, "train");
  const spent = performance.now() - start;
  assertEquals([...bytesOf(sample)], [...bytesOf(fifty[3]!)]);
  const made = sampleStages.filter((stage) => !["read", "decode", "crop", "encode"].includes(stage));
  assertEquals([...clock.milliseconds.keys()].sort(), made.sort());
  const sum = clock.milliseconds.values().reduce((total, value) => total + value, 0);
  assert(sum > 0 && sum <= spent, `the stages took ${sum} of ${spent} ms`);
  clock.reset();
  assertEquals(clock.milliseconds.size, 0);
});

Deno.test("drawnSource() misses the face in as many crops as asked for, and leaves the others as they are", () => {
  const missing = drawnSource(model, { seed: 7, imageSize: SIZE, augment: true, absentShare: 0.3 });
  const labels = Array.from({ length: 200 }, (_, i) => missing.label(i, "train"));
  const share = labels.filter(({ isAbsent }) => isAbsent).length / labels.length;
  assertClose(share, 0.3, 0.1); // three standard deviations
  for (const [i, { isAbsent, landmarks }] of labels.entries()) {
    const { left, top, width, height } = landmarkBox(landmarks);
    const offset = Math.max(Math.abs(left + width / 2 - SIZE / 2), Math.abs(top + height / 2 - SIZE / 2));
    const fits = offset < 0.3 * SIZE && Math.abs(Math.log2(1.5 * Math.max(width, height) / SIZE)) < 1;
    assert(fits === !isAbsent, `sample ${i}`);
    if (!isAbsent && i < 50) assertEquals([...landmarks], [...fifty[i]!.landmarks]);
  }
  const held = drawnSource(model, { seed: 7, imageSize: SIZE, augment: false, absentShare: 0.3 });
  for (let i = 0; i < 50; i++) assert(!held.label(i, "test").isAbsent, "only training crops miss their faces");
});

Deno.test("drawnSource() says which expressions its faces make, 0 to 1, and their mouths open as far as jawOpen says", () => {
  const jaw = training.expressionNames!.indexOf("jawOpen");
  const opening = fifty.map(({ landmarks, expressions }) => {
    assertEquals(expressions!.length, training.expressionNames!.length);
    assert(expressions!.every((amount) => amount >= 0 && amount <= 1));
    const distance = (a: number, b: number) =>
      Math.hypot(...[0, 1, 2].map((axis) => landmarks[3 * a + axis]! - landmarks[3 * b + axis]!));
    return { amount: expressions![jaw]!, gap: distance(62, 66) / distance(27, 33) };
  });
  const [open, shut] = [opening.filter(({ amount }) => amount > 0.5), opening.filter(({ amount }) => amount < 0.05)];
  assert(open.length > 0 && shut.length > 0);
  const mean = (list: typeof opening) => list.reduce((sum, { gap }) => sum + gap / list.length, 0);
  assert(mean(open) > 2 * mean(shut), `${mean(open)}, ${mean(shut)}`);
});

/** Takes the first points to the others best, of similarities in the image plane; landmarks are [68, 3]. */
function similarityBetween(from: Float32Array, to: Float32Array): Similarity2D {
  const flat = (points: Float32Array) => points.map((value, i) => i % 3 === 2 ? 0 : value);
  const { rotation, scale, translation: [dx, dy] } = alignPoints3D(flat(from), flat(to));
  return { rotation: Math.atan2(rotation[3]!, rotation[0]!), scale, dx, dy };
}

/** The sample with left and right exchanged. */
function mirroredSample({ image: { width, height, rgb }, landmarks }: Sample): Pick<Sample, "image" | "landmarks"> {
  const turned = rgb.map((_, i) => {
    const pixel = Math.floor(i / 3), column = pixel % width;
    return rgb[3 * (pixel - column + width - 1 - column) + i % 3]!;
  });
  const marks = mirroredLandmarks.flatMap((l) => [width - landmarks[3 * l]!, ...landmarks.slice(3 * l + 1, 3 * l + 3)]);
  return { image: { width, height, rgb: turned }, landmarks: Float32Array.from(marks) };
}

/** How alike two pictures' middles are in brightness, up to contrast: a correlation. */
function likeness(a: Photo, b: Photo): number {
  const grays = [a, b].map(({ width, rgb }) => {
    const values: number[] = [];
    for (let row = width / 4; row < 3 * width / 4; row++) {
      for (let column = width / 4; column < 3 * width / 4; column++) values.push(rgb[3 * (row * width + column) + 1]!);
    }
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    const length = Math.hypot(...values.map((value) => value - mean)) || 1;
    return values.map((value) => (value - mean) / length);
  });
  return grays[0]!.reduce((sum, value, i) => sum + value * grays[1]![i]!, 0);
}

Deno.test("drawnSource() photographs a head several times: labels move with what is seen, mirrored in every other shot", () => {
  const shots = 3;
  const several = drawnSource(model, { seed: 7, imageSize: SIZE, augment: true, shots });
  const names = several.expressionNames!;
  const gains: number[] = [];
  for (let head = 0; head < 24; head++) {
    const [first, mirrored, last] = [0, 1, 2].map((shot) => several.sample(shots * head + shot, "train"));
    for (const [from, to] of [[first!, last!], [mirroredSample(mirrored!), first!]] as const) {
      const change = similarityBetween(from.landmarks, to.landmarks);
      const moved = transformPositions(from.landmarks, change);
      for (let i = 0; i < moved.length; i++) if (i % 3 < 2) assertClose(moved[i]!, to.landmarks[i]!, 0.02);
      const see = (dx: number) =>
        likeness(
          warpPhoto(from.image, { transform: { ...change, dx: change.dx + dx }, width: SIZE, height: SIZE }),
          to.image,
        );
      gains.push(see(0) - (see(-4) + see(4)) / 2);
    }
    assertEquals(first!.traits.pose.yaw, -mirrored!.traits.pose.yaw);
    assertEquals([...last!.expressions!], [...first!.expressions!]);
    const other = mirrorExpressions(names)!;
    assertEquals([...mirrored!.expressions!], names.map((_, e) => first!.expressions![other[e]!]));
    assert(first!.image.rgb.some((byte, i) => byte !== last!.image.rgb[i]));
  }
  // covers and colors differ, so that a few may not look alike
  const better = gains.filter((gain) => gain > 0).length / gains.length;
  assert(better > 0.8, `in ${better} of shots the face is where the landmarks are`);
});

Deno.test("drawnSource() mirrors no shot of a face whose expressions are principal components, which are not known mirrored", () => {
  const expressionNames = model.expressionNames.map((_, mode) => componentName(mode));
  const source = drawnSource({ ...model, expressionNames }, { seed: 7, imageSize: SIZE, augment: true, shots: 2 });
  const [first, second] = [source.sample(0, "train"), source.sample(1, "train")];
  assertEquals(first.traits.pose.yaw, second.traits.pose.yaw);
  assertEquals([...first.expressions!], [...second.expressions!]);
});

Deno.test("drawnSource() gives the same bytes for a shot, in any order, and its label alone", () => {
  const options = { seed: 7, imageSize: SIZE, augment: true, shots: 4, absentShare: 0.2 };
  const inOrder = drawnSource(model, options);
  const all = Array.from({ length: 24 }, (_, i) => inOrder.sample(i, "train"));
  assertEquals(all.map(({ person }) => person), all.map((_, i) => Math.floor(i / 8)));
  const backwards = drawnSource(model, options);
  for (const index of [22, 9, 8, 21, 4, 7, 0]) {
    assertEquals([...bytesOf(backwards.sample(index, "train"))], [...bytesOf(all[index]!)]);
    const label = drawnSource(model, options).label(index, "train");
    assertAllClose(label.landmarks, all[index]!.landmarks, 1e-3);
    assertEquals(label.isAbsent, all[index]!.isAbsent);
  }
});

Deno.test("drawnSource() shows people of all ages, each of one in all of its samples", () => {
  const sitters = new Sitters(model, { seed: 7, imageSize: SIZE, augment: true, layout: training.layout });
  const years = Array.from({ length: 200 }, (_, person) => sitters.sit(8 * person, "train").years);
  for (const [from, to] of [[0, 3], [3, 12], [12, 20], [20, 50], [50, 70], [70, 91]] as const) {
    assert(years.some((age) => age >= from && age < to), `somebody is from ${from} to ${to} years old`);
  }
  const one = [...Array(8).keys()].map((index) => training.sample(index, "train").traits.years);
  assertEquals(new Set(one).size, 1);
});
