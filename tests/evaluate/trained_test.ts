import ort from "onnxruntime-node";
import { CROP_MARGIN } from "@/lib/data/maps/crop.ts";
import { gridSurface } from "@/lib/data/maps/grid_surface.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { encodeJpeg } from "@/lib/data/files/images.ts";
import { InputError } from "@/lib/errors.ts";
import { evaluatePhotos } from "@/lib/evaluate/photos.ts";
import { evaluateHeldOut, type MeasuredModel, trainedOn } from "@/lib/evaluate/trained.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { saveOnnx, useOwnBackend } from "@/lib/export/save_onnx.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { CropModel } from "@/lib/model/crop_model.ts";
import { openOnnxModel } from "@/lib/model/model_folder.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { saveTrainedModel } from "@/lib/model/trained_model.ts";
import type { Photo } from "@/lib/types.ts";
import { ErrorTable } from "@/lib/view/evaluation/error_table.ts";
import { annotationFile, facePoints } from "@/tests/data/sets/annotation_writer.ts";
import { assert, assertClose, assertEquals, assertThrows, sharedData } from "@/tests/support.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

await useOwnBackend();
const { surface } = builtInFace();
const samples = sharedData("aflw2000-3d/samples");

/** A model as a run leaves it, untrained. */
async function saveModel(folder: string): Promise<void> {
  const config = tinyConfig();
  const network = buildNetwork(config);
  const model = {
    network,
    description: {
      architecture: config.architecture,
      imageSize: config.imageSize,
      encoding: config.encoding,
      crop: { margin: CROP_MARGIN },
      surface,
      meanLandmarks: Float32Array.from({ length: 68 * 3 }, (_, i) => 0.2 + 0.6 * (i % 7) / 7),
    },
  };
  await saveTrainedModel(folder, model);
  await saveOnnx(`${folder}/model.onnx`, model);
  network.dispose();
}

async function openModel(runOrModel: string): Promise<MeasuredModel & AsyncDisposable> {
  const { description, network } = await openOnnxModel(runOrModel);
  const session = await OnnxSession.open(ort, network);
  return {
    description,
    crops: new CropModel(session, description.imageSize),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

type Points = Parameters<typeof annotationFile>[0];

/** A photo of nobody with landmarks. */
async function savePhoto(folder: string, name: string, points: Points = { pt3d_68: facePoints(3, 9) }): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const photo = { width: 120, height: 100, rgb: new Uint8Array(120 * 100 * 3).map((_, i) => i % 251) };
  await Deno.writeFile(`${folder}/${name}.jpg`, await encodeJpeg(photo));
  await Deno.writeFile(`${folder}/${name}.mat`, annotationFile(points));
}

Deno.test("evaluatePhotos() measures a model that is opened by its folder or its run's", async () => {
  await using folder = await temporaryFolder();
  await saveModel(`${folder.path}/run/model`);
  await savePhoto(`${folder.path}/photos`, "a");
  await savePhoto(`${folder.path}/photos`, "b");
  for (const path of [`${folder.path}/run`, `${folder.path}/run/model`]) {
    await using model = await openModel(path);
    const { images, people, nme68_2d, baseline } = await evaluatePhotos(model, `${folder.path}/photos`);
    assertEquals(people, undefined); // it is not known whose photos these are
    assertEquals([images, nme68_2d.bins["0-30"], nme68_2d.bins["60-90"]], [2, null, null]);
    assertEquals([nme68_2d.balanced, nme68_2d.bins["30-60"]], [nme68_2d.mean, nme68_2d.mean]);
    assert(nme68_2d.mean > 0 && baseline.nme68_3d.mean > 0);
  }
});

Deno.test("evaluatePhotos() measures 300W-LP's photos in 2D, and in 3D those alone that have depths", async () => {
  await using folder = await temporaryFolder();
  await saveModel(`${folder.path}/model`);
  const photos = `${folder.path}/photos`;
  await savePhoto(photos, "AFW_ann_0", { pt2d: facePoints(2, 9) });
  await using model = await openModel(`${folder.path}/model`);
  const flat = await evaluatePhotos(model, photos);
  assertEquals([flat.images, flat.people, flat.imagesWithDepth, flat.nme68_3d.mean], [1, 1, 0, NaN]);
  assert(flat.nme68_2d.mean > 0);
  const rows = new ErrorTable(flat).toText().split("\n");
  assert(rows.filter((row) => /3D \(0 faces with depths\)( +–){6}$/.test(row)).length === 2, rows.join("\n"));
  await savePhoto(photos, "AFW_ann_1"); // the same, turned
  const mixed = await evaluatePhotos(model, photos);
  assertEquals([mixed.images, mixed.people, mixed.imagesWithDepth], [2, 1, 1]);
  assert(mixed.nme68_3d.mean > 0 && mixed.baseline.nme68_3d.mean > 0);
});

Deno.test("evaluatePhotos() names the photo or .mat that is missing, cut, or no such file at all", async () => {
  await using folder = await temporaryFolder();
  await saveModel(`${folder.path}/model`);
  const photos = `${folder.path}/photos`;
  await using model = await openModel(`${folder.path}/model`);
  const refused = async (name: string) => {
    const error = await assertThrows(() => evaluatePhotos(model, photos), InputError, /^(Cannot|Found)/);
    assert(error.message.includes(`${photos}/${name}`) || error.message.includes(photos), error.message);
  };
  await refused(""); // no folder
  await Deno.mkdir(photos);
  await refused(""); // an empty one
  for (const name of ["a.jpg", "a.mat"]) {
    await savePhoto(photos, "a");
    const path = `${photos}/${name}`;
    const whole = await Deno.readFile(path);
    for (const part of [0.95, 0.5, 0.1, 0]) {
      await Deno.writeFile(path, whole.subarray(0, Math.floor(part * whole.length)));
      const error = await assertThrows(() => evaluatePhotos(model, photos), InputError, /./);
      assert(error.message.includes(path), `${part}: ${error.message}`);
    }
    await Deno.remove(path);
    await refused("a.");
  }
});

Deno.test("evaluateHeldOut() measures on as many faces as asked, and refuses a source without its files", async () => {
  await using folder = await temporaryFolder();
  await saveModel(folder.path);
  await using model = await openModel(folder.path);
  const options = { source: { name: "built-in" }, seed: 7, workers: 1, sampleCount: 3 };
  const { images, people } = await evaluateHeldOut(model, options);
  assertEquals([images, people], [3, 1]);
  await assertThrows(
    () => evaluateHeldOut(model, { ...options, source: { name: "obj" } }),
    InputError,
    /--source-path was not given/,
  );
});

Deno.test("evaluateHeldOut() measures the whole surface of a model whose surface is the map's texels, as of one whose is the mesh", async () => {
  await using folder = await temporaryFolder();
  await saveModel(folder.path);
  await using model = await openModel(folder.path);
  const { imageSize } = model.description;
  const denseOn = async (surface: FaceSurface) => {
    const measured = { ...model, description: { ...model.description, surface } };
    return (await evaluateHeldOut(measured, { source: { name: "built-in" }, seed: 7, workers: 1, sampleCount: 3 }))
      .dense;
  };
  const own = await denseOn(surface);
  assert(own!.in2d.mean > 0);
  assertEquals(await denseOn(gridSurface(uvLayout(surface, imageSize), surface)), own);
  assertEquals(await denseOn(gridSurface(uvLayout(surface, imageSize / 2), surface)), undefined); // of other texels
});

Deno.test("evaluateHeldOut() measures the expressions that a model says and faces have, by their names", async () => {
  await using folder = await temporaryFolder();
  await saveModel(folder.path);
  await using model = await openModel(folder.path);
  const errorsOf = async (amount: number, names: string[] | undefined) => {
    const predict = async (crops: readonly Photo[]) =>
      (await model.crops.predict(crops)).map((one) => ({ ...one, expressions: Float32Array.of(0.5, amount) }));
    const saying = { crops: { predict }, description: { ...model.description, expressionNames: names } };
    const options = { source: { name: "built-in" as const }, seed: 7, workers: 1, sampleCount: 6 };
    return (await evaluateHeldOut(saying, options)).expressions;
  };
  const [none, all] = [await errorsOf(0, ["noSuch", "jawOpen"]), await errorsOf(1, ["noSuch", "jawOpen"])];
  assertEquals(none!.each.map(({ name }) => name), ["jawOpen"]);
  assert(none!.rmseOfMean > 0.01 && none!.explained! < 0, `${none!.rmseOfMean}, ${none!.explained}`);
  const mean = (1 + none!.rmse ** 2 - all!.rmse ** 2) / 2; // of amounts a: the mean of a² less that of (1 − a)² is 2 · mean − 1
  assertClose(none!.rmse ** 2, mean ** 2 + none!.rmseOfMean ** 2, 1e-6);
  assertEquals(await errorsOf(0, undefined), undefined);
});

Deno.test("trainedOn() says which faces a model has seen, by the source's name of today, if its summary does", () => {
  const built = { source: { name: "built-in" }, seed: 7 };
  for (const source of ["built-in", "procedural"]) assertEquals(trainedOn({ summary: { source, seed: 7 } }), built);
  for (const summary of [undefined, {}, { source: "ict" }]) assertEquals(trainedOn({ summary }) === undefined, true);
});

Deno.test({
  name: "evaluatePhotos() measures AFLW2000-3D's own photos",
  ignore: !samples,
  fn: async () => {
    await using folder = await temporaryFolder();
    await saveModel(folder.path);
    await using model = await openModel(folder.path);
    const { images, nme68_2d, nme68_3d, baseline } = await evaluatePhotos(model, samples!);
    assertEquals(images, [...Deno.readDirSync(samples!)].length / 2);
    for (const { mean } of [nme68_2d, nme68_3d, baseline.nme68_2d, baseline.nme68_3d]) assert(mean > 0 && mean < 1e4);
  },
});
