import { openSource } from "@/lib/data/sources/open_source.ts";
import { InputError } from "@/lib/errors.ts";
import { savePreparedFace } from "@/lib/face/prepared_face.ts";
import { randomFit, standInModel, writeStandInSet } from "@/tests/data/sets/300w_lp/stand_in.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { runTaskChild } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";
import { Random } from "@/lib/random.ts";
import { fittedFaceFile } from "@/tests/data/sets/300w_lp/fitted_face_writer.ts";

/** Stands for 300W-LP and for the Basel Face Model in one file. */
async function standIns(folder: string) {
  const fitted = standInModel();
  const model = `${folder}/bfm.model`;
  await savePreparedFace(model, {
    model: fitted.model,
    identityDeviations: Float64Array.from(fitted.identityDeviations),
    expressionDeviations: Float64Array.from(fitted.expressionDeviations),
  });
  const set = `${folder}/300W_LP`;
  const fits = await writeStandInSet(set, fitted, { subjects: 4, rotations: 2, side: 60 });
  return { model, set, fits, fitted };
}

Deno.test("deno task prepare 300w-lp makes a store that training takes, names what it leaves out, and mends", async () => {
  await using folder = await temporaryFolder();
  const { model, set, fits, fitted } = await standIns(folder.path);
  const [first] = fits.keys();
  await Deno.remove(`${set}/${first}.mat`);
  const store = `${folder.path}/store`;
  const prepare = () =>
    runTaskChild("prepare", "300w-lp", set, "--source-model", model, "--out", store, "--image-size", "64");
  const made = await prepare();
  assertEquals([made.code, made.stdout.replace(/[\d.]+ MB/, "? MB").replace(/0\.00\d+/, "?")], [
    0,
    `${store}: 3 samples for training, 2 for validation, 2 for tests, ? MB; positions to ? pixels\n`,
  ]);
  assert(made.stderr.includes(`Left out: ${set}/${first}.jpg has no `), made.stderr);
  assert(made.stderr.includes("Left out 1 file that could not be used"), made.stderr);

  const spec = { seed: 7, imageSize: 64, augment: true };
  const kept = await openSource({ ...spec, source: { name: "store", path: store } });
  const fly = await openSource({ ...spec, source: { name: "300w-lp", path: set, model } });
  assertEquals(kept.counts, fly.counts);
  assertEquals((await kept.sample(1, "train", 3)).image, (await fly.sample(1, "train", 3)).image);

  const shard = `${store}/train-00000.shard`;
  const bytes = await Deno.readFile(shard);
  await Deno.writeFile(shard, bytes.with(bytes.length >> 1, bytes[bytes.length >> 1]! ^ 1));
  const mended = await prepare();
  assert(mended.code === 0 && mended.stderr.includes(`${shard} was damaged, and is made anew`), mended.stderr);
  assertEquals(await Deno.readFile(shard), bytes);

  await Deno.writeFile(`${set}/LFPW/LFPW_image_test_0001_0.mat`, fittedFaceFile(randomFit(fitted, 60, new Random(1))));
  await Deno.copyFile(`${set}/LFPW/LFPW_image_train_0002_0.jpg`, `${set}/LFPW/LFPW_image_test_0001_0.jpg`);
  const other = await prepare();
  assertEquals([other.code, other.stdout], [2, ""]);
  assert(/holds one of another fingerprint/.test(other.stderr), other.stderr);
});

Deno.test("what needs the Basel Face Model says which file to get and where, when it is not there", async () => {
  await using folder = await temporaryFolder();
  const { model, set } = await standIns(folder.path);
  const open = (settings: object) =>
    openSource({ seed: 7, imageSize: 64, augment: false, source: { name: "300w-lp", ...settings } });
  await assertThrows(
    () => open({}),
    InputError,
    /--source-path was not given, the folder of 300W-LP is wanted.*data\/README/,
  );
  await assertThrows(
    () => open({ path: set }),
    InputError,
    /--source-model was not given, the file that `deno task prepare bfm` makes of the Basel Face Model's is wanted; data\/README/,
  );
  await assertThrows(
    () => open({ path: set, model: `${folder.path}/none` }),
    InputError,
    /Cannot read .*none: .*; the file that `deno task prepare bfm` makes of the Basel Face Model's is wanted; data\/README/,
  );
  await savePreparedFace(model, { model: { ...standInModel().model, identityModes: [] } });
  await assertThrows(
    () => open({ path: set, model }),
    InputError,
    /by .*bfm\.model, a model of 0 identity and 29 expression modes: the file that .* is wanted/,
  );
  const { code, stderr } = await runTaskChild("prepare", "300w-lp", set, "--out", `${folder.path}/store`);
  assertEquals(code, 2);
  assert(/--source-model was not given, the file that `deno task prepare bfm` makes/.test(stderr), stderr);
});
