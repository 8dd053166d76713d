import { augmentSample, cropSample, randomAugmentation } from "@/lib/data/augment.ts";
import { cropToImage, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { readLandmarks, readVertices } from "@/lib/data/maps/position_map.ts";
import { splits } from "@/lib/data/sample.ts";
import { type FittedFace, fittedPlacement } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import type { FittedModel } from "@/lib/data/sets/300w_lp/fitted_faces.ts";
import { list300wLp } from "@/lib/data/sets/300w_lp/listing.ts";
import { type PhotoSource, photoSource } from "@/lib/data/sets/300w_lp/photo_source.ts";
import { InputError } from "@/lib/errors.ts";
import { mappedFaces } from "@/lib/evaluate/mapped_faces.ts";
import { meshLandmarks, shapeFace } from "@/lib/face/morphable_model.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { placeInImage } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import { fittedFaceFile } from "@/tests/data/sets/300w_lp/fitted_face_writer.ts";
import { standInModel, writeStandInSet } from "@/tests/data/sets/300w_lp/stand_in.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const fitted = standInModel();

async function openSet(
  folder: string,
  options: Partial<Parameters<typeof photoSource>[2]> = {},
): Promise<PhotoSource> {
  return photoSource(await list300wLp(folder), fitted, { seed: 7, imageSize: 64, augment: false, ...options });
}

/** The whole model's vertices in the photo, one mode after the other. */
function placedSlowly({ model, identityDeviations, expressionDeviations }: FittedModel, fit: FittedFace, side: number) {
  const identity = fit.identity.map((amount, k) => amount / identityDeviations[k]!);
  const expression = fit.expression.map((amount, k) => amount / expressionDeviations[k]!);
  return placeInImage(shapeFace(model, { identity, expression }), fittedPlacement(fit, side));
}

/** The mean difference of numbers, those left out that are not. */
function meanApart(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const apart = Array.from(found, (value, i) => Math.abs(value - expected[i]!)).filter((value) => !Number.isNaN(value));
  return apart.reduce((sum, value) => sum + value, 0) / apart.length;
}

Deno.test("photoSource() says of each photo what its parameters say, in the crop about its landmarks", async () => {
  await using folder = await temporaryFolder();
  const fits = await writeStandInSet(folder.path, fitted, { subjects: 3, rotations: 2 });
  const source = await openSet(folder.path);
  assertEquals(splits.map((split) => source.counts[split]), [2, 2, 2]);
  for (const split of splits) {
    for (const [index, photo] of source.photos[split].entries()) {
      const { image, map, landmarks, person } = await source.sample(index, split);
      assertEquals(person, source.photos[split].findIndex(({ subject }) => subject === photo.subject));
      assertEquals([image.width, image.height, map.size], [64, 64, 64]);
      const placed = placedSlowly(fitted, fits.get(photo.name)!, 120);
      const truth = valuesAt(meshLandmarks(fitted.model), placed);
      const crop = landmarkCrop(truth, { margin: 1.5 });
      const found = cropToImage(landmarks, { crop, size: 64 });
      const offX = (points: Float32Array) => points.filter((_, i) => i % 3 !== 2);
      assertAllClose(offX(found), offX(truth), 0.05);
      const farthest = fitted.model.surfaceVertices.reduce((z, v) => Math.min(z, placed[3 * v + 2]!), Infinity);
      assertAllClose(
        found.filter((_, i) => i % 3 === 2),
        truth.filter((_, i) => i % 3 === 2).map((z) => z - farthest),
        0.05,
      );
      assert(meanApart(readLandmarks(map, source.surface), landmarks) < 0.3);
      const vertices = cropToImage(readVertices(map, source.surface), { crop, size: 64 });
      const seen = [...fitted.model.surfaceVertices].flatMap((v) => [...placed.subarray(3 * v, 3 * v + 2), NaN]);
      assert(meanApart(vertices.map((value, i) => i % 3 === 2 ? NaN : value), seen) < 0.3);
      assertEquals(await source.label(index, split), { map, landmarks });
    }
  }
});

Deno.test("photoSource() shows the face where the label has it", async () => {
  await using folder = await temporaryFolder();
  await writeStandInSet(folder.path, fitted, { subjects: 3, rotations: 1 });
  const source = await openSet(folder.path);
  const { image, landmarks } = await source.sample(0, "train");
  // lips are red in the stand-in's pictures, and the chin is not
  const redness = (x: number, y: number) => {
    const at = 3 * (Math.floor(y) * 64 + Math.floor(x));
    return image.rgb[at]! / (image.rgb[at + 1]! + 1);
  };
  const mouth = [51, 57, 62, 66].map((l) => redness(landmarks[3 * l]!, landmarks[3 * l + 1]!));
  const chin = redness(landmarks[3 * 8]!, landmarks[3 * 8 + 1]! - 2);
  assert(Math.min(...mouth) > 1.2 * chin, `${mouth} ${chin}`);
});

Deno.test("cropSample() changes a photo's crop as augmentSample() does, and shows the photo beside it", async () => {
  await using folder = await temporaryFolder();
  await writeStandInSet(folder.path, fitted, { subjects: 3, rotations: 1 });
  const source = await openSet(folder.path);
  const labeled = await source.labeledPhoto(source.photos.train[0]!);
  for (let seed = 0; seed < 10; seed++) {
    const augmentation = { ...randomAugmentation(new Random(seed)), patches: [] };
    const [once, twice] = [cropSample(labeled, augmentation), augmentSample(cropSample(labeled), augmentation)];
    assertEquals({ ...once, image: 0 }, { ...twice, image: 0 });
    const apart = once.image.rgb.map((value, i) => Math.abs(value - twice.image.rgb[i]!));
    const isBlack = (i: number) => twice.image.rgb[i]! < 5 && once.image.rgb[i]! > 5;
    const inside = apart.filter((_, i) => !isBlack(i));
    assert(inside.reduce((sum, value) => sum + value, 0) / inside.length < 4, `seed ${seed}`);
  }
});

Deno.test("photoSource() changes a photo by the seed and by how often it was shown, in any order", async () => {
  await using folder = await temporaryFolder();
  await writeStandInSet(folder.path, fitted, { subjects: 4, rotations: 1 });
  const [source, again] = [
    await openSet(folder.path, { augment: true }),
    await openSet(folder.path, { augment: true }),
  ];
  const first = await source.sample(0, "train");
  const later = await source.sample(0, "train", 1);
  assertEquals(await again.sample(0, "train", 1), later);
  assertEquals(await again.sample(0, "train"), first);
  assert(first.landmarks.some((value, i) => Math.abs(value - later.landmarks[i]!) > 0.5));
  const other = await openSet(folder.path, { augment: true, seed: 8 });
  assert((await other.sample(0, "train")).landmarks.some((value, i) => Math.abs(value - first.landmarks[i]!) > 0.5));
});

Deno.test("photoSource() passes over files that cannot be used, and names each with what is wrong", async () => {
  await using folder = await temporaryFolder();
  const fits = await writeStandInSet(folder.path, fitted, { subjects: 11, rotations: 1 });
  const { photos } = await openSet(folder.path);
  const [cut, foreign, dark, small, vast, bare, good] = photos.train.map(({ name }) => `${folder.path}/${name}`) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  await Deno.truncate(`${cut}.mat`, 300);
  const spoil = async (stem: string, changes: Partial<FittedFace>) => {
    const fit = fits.get(stem.slice(folder.path.length + 1))!;
    await Deno.writeFile(`${stem}.mat`, fittedFaceFile({ ...fit, ...changes }));
  };
  await spoil(foreign, { translation: [500, 60, 0] });
  await spoil(small, { scale: 1e-12 });
  await spoil(vast, { identity: Float64Array.of(1e300) });
  await Deno.truncate(`${dark}.jpg`, 700);
  await Deno.remove(`${bare}.mat`);
  const refused = new Set<string>();
  const source = await openSet(folder.path, { onRefused: (sentence) => refused.add(sentence) });
  assertEquals([...refused].map((sentence) => sentence.slice(folder.path.length)), [
    `${bare}.jpg has no ${bare.replace(/.*\//, "")}.mat`.slice(folder.path.length),
  ]);
  const expected = await source.sample(source.photos.train.findIndex(({ name }) => good.endsWith(name)), "train");
  for (let index = 0; index < 5; index++) assertEquals(await source.sample(index, "train"), expected);
  assertEquals(await source.label(0, "train"), { map: expected.map, landmarks: expected.landmarks });
  const named = [...refused].slice(1);
  assertEquals(named.length, 5);
  for (
    const [path, wrong] of [
      [`${cut}.mat`, /it ends inside|are broken/],
      [
        `${foreign}.mat`,
        /the face is at \(\d+, \d+\) of 120 × 120 pixels/,
      ],
      [`${dark}.jpg`, /700 bytes/],
      [`${small}.mat`, /has no finite size/],
      [`${vast}.mat`, /has no finite size/],
    ] as const
  ) {
    assert(named.some((sentence) => sentence.includes(path) && wrong.test(sentence)), `${path}: ${named}`);
  }
});

Deno.test("photoSource() gives up where no file can be used, and names the last", async () => {
  await using folder = await temporaryFolder();
  const fits = await writeStandInSet(folder.path, fitted, { subjects: 4, rotations: 1, side: 60 });
  for (const name of fits.keys()) await Deno.truncate(`${folder.path}/${name}.jpg`, 50);
  const source = await openSet(folder.path);
  await assertThrows(
    () => source.sample(1, "train"),
    InputError,
    /^Cannot read .*\.jpg: 50 bytes.*; nor could the 1 before/,
  );
});

Deno.test("held out, each photo that can be used counts once, and one that cannot is named and not at all", async () => {
  await using folder = await temporaryFolder();
  await writeStandInSet(folder.path, fitted, { subjects: 4, rotations: 2, side: 60 });
  const refused: string[] = [];
  const source = await openSet(folder.path, { onRefused: (sentence) => refused.push(sentence) });
  const test = source.photos.test.map(({ name }) => `${folder.path}/${name}`);
  const measured = () =>
    mappedFaces({
      ...{ seed: 7, source: { name: "300w-lp" }, imageSize: 64, augment: false, encoding: "centered" },
      ...{ split: "test", batchSize: 2, workers: 0, overfitBatches: 0, sampleCount: test.length, opened: source },
    });
  const all = await measured();
  assertEquals([all.length, refused], [test.length, []]);
  await Deno.truncate(`${test[0]}.jpg`, 50);
  assertEquals([await measured(), refused.map((sentence) => sentence.includes(test[0]!))], [all.slice(1), [true]]);
  for (const name of test) await Deno.truncate(`${name}.jpg`, 50);
  await assertThrows(measured, InputError, /^Cannot measure on test faces: of \d+ photos, none can be used$/);
});

Deno.test("photoSource()'s fingerprint is another for other photos or parameters, and the same elsewhere", async () => {
  await using folder = await temporaryFolder();
  await writeStandInSet(`${folder.path}/a`, fitted, { subjects: 3, rotations: 1, side: 60 });
  await writeStandInSet(`${folder.path}/b`, fitted, { subjects: 3, rotations: 1, side: 60 });
  const print = async (name: string) => await (await openSet(`${folder.path}/${name}`)).fingerprint();
  const first = await print("a");
  assertEquals(await print("b"), first);
  const mat = `${folder.path}/b/LFPW/LFPW_image_train_0001_0.mat`;
  const bytes = await Deno.readFile(mat);
  await Deno.writeFile(mat, bytes.with(-1, bytes.at(-1)! ^ 1)); // as large as before
  assert(await print("b") !== first);
  const source = await openSet(`${folder.path}/b`);
  const photo = mat.replace(/mat$/, "jpg"); // and what cannot be read ends nothing
  await Deno.remove(photo);
  await Deno.symlink(`${folder.path}/nowhere`, photo);
  assert(await (await openSet(`${folder.path}/b`)).fingerprint() !== first);
  await Deno.remove(mat);
  assert(await source.fingerprint() !== first);
  await Deno.remove(photo);
  await writeStandInSet(`${folder.path}/b`, fitted, { subjects: 4, rotations: 1, side: 60 });
  assert(await print("b") !== first);
});
