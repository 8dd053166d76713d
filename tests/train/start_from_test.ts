import * as tf from "@tensorflow/tfjs";
import { InputError, SettingError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { placeEyes } from "@/lib/model/eyes.ts";
import { buildNetwork, type NetworkConfig } from "@/lib/model/network.ts";
import { readShape, saveTrainedModel } from "@/lib/model/trained_model.ts";
import { startFrom } from "@/lib/train/start_from.ts";
import { startedSettings } from "@/lib/train/started_settings.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

await tf.setBackend("cpu");

const config = tinyConfig({ absentShare: 0, expressionWeight: 0 });
/** None is asked for where statistics come along. */
// deno-lint-ignore require-yield
const images = (async function* () {
  throw new Error("Pictures were asked for");
})();
const meanLandmarks = new Float32Array(68 * 3);
const { surface } = builtInFace();

const valuesOf = (network: tf.LayersModel) =>
  new Map(network.weights.map((weight) => [weight.originalName, [...weight.read().dataSync()]]));

async function save(folder: string, settings: NetworkConfig): Promise<Map<string, number[]>> {
  const network = buildNetwork(settings, 5);
  await saveTrainedModel(folder, {
    network,
    description: { ...config, crop: { margin: 1.5 }, surface, meanLandmarks },
  });
  const values = valuesOf(network);
  network.dispose();
  return values;
}

Deno.test("startFrom() takes all weights that lead to the map, and leaves heads that the model lacks as they are", async () => {
  await using folder = await temporaryFolder();
  const saved = await save(folder.path, { ...config, seed: 1 });
  const network = buildNetwork({ ...config, seed: 2, absentShare: 0.1, expressionWeight: 1, eyes: true }, 5);
  const before = valuesOf(network);
  await startFrom(folder.path, { network, config, images, surface });
  for (const [name, values] of valuesOf(network)) assertEquals(values, saved.get(name) ?? before.get(name));
  assert([...before.keys()].some((name) => !saved.has(name)), "there is a head");
  network.dispose();
});

Deno.test("startedSettings() has a model's shape, and a tenth of the rate where its architecture stays", () => {
  const shape = { architecture: "lite", imageSize: 64, width: 5, encoding: "paper", eyes: true, lids: false } as const;
  const { architecture: _, ...kept } = shape;
  const wanted = { learningRate: 2e-3, eyes: false, lids: false };
  const ofRate = (architecture: "lite" | "heatmap") => startedSettings(shape, { ...wanted, architecture });
  assertEquals(ofRate("lite"), { ...kept, learningRate: 2e-4 });
  assertEquals(ofRate("heatmap"), { ...kept, learningRate: 2e-3 });
});

Deno.test("startedSettings() has eyes seen, and lids moved, where the model or the preset does", () => {
  const shape = { architecture: "lite", imageSize: 64, width: 5, encoding: "paper" } as const;
  const wanted = { architecture: "lite", learningRate: 2e-3 } as const;
  for (const ofModel of [false, true]) {
    for (const ofPreset of [false, true]) {
      const { eyes, lids } = startedSettings(
        { ...shape, eyes: ofModel, lids: ofPreset },
        { ...wanted, eyes: ofPreset, lids: ofModel },
      );
      assertEquals([eyes, lids], [ofModel || ofPreset, ofModel || ofPreset]);
    }
  }
});

Deno.test("readShape() says whether a network sees eyes and moves lids; startFrom() warns where only the model moves them", async () => {
  const seeing = { ...config, expressionWeight: 1, eyes: true };
  for (const lids of [false, true]) {
    await using folder = await temporaryFolder();
    await save(folder.path, { ...seeing, seed: 1, lids });
    const { eyes, lids: found } = await readShape(folder.path);
    assertEquals([eyes, found], [true, lids]);
    for (const wanted of [false, true]) {
      const network = buildNetwork({ ...seeing, seed: 2, lids: wanted }, 5);
      const told: string[] = [];
      const onWarning = (sentence: string) => told.push(sentence);
      await startFrom(folder.path, { network, config: { ...seeing, lids: wanted }, images, surface, onWarning });
      const expected =
        `${folder.path} moves its map's lids by what it sees of eyes: the map is another one without --lids true`;
      assertEquals(told, lids && !wanted ? [expected] : []);
      network.dispose();
    }
  }
});

Deno.test("startFrom() tells where the model's maps are of another surface, whose texels are other points", async () => {
  await using folder = await temporaryFolder();
  await save(folder.path, { ...config, seed: 1 });
  const network = buildNetwork({ ...config, seed: 2 });
  const mirrored = { ...surface, uv: surface.uv.map((value, i) => i % 2 === 0 ? 1 - value : value) };
  const told: string[] = [];
  for (const faces of [surface, mirrored]) {
    const onWarning = (sentence: string) => told.push(sentence);
    await startFrom(folder.path, { network, config, images, surface: faces, onWarning });
  }
  assertEquals(told.length, 1);
  assert(told[0]!.startsWith(`${folder.path} has learned maps of another surface than these faces'`), told[0]!);
  network.dispose();
});

Deno.test("startFrom() refuses another width, size or architecture, and changes nothing then", async () => {
  await using folder = await temporaryFolder();
  await save(folder.path, { ...config, seed: 1 });
  const network = buildNetwork({ ...config, seed: 2, width: 2 });
  const before = valuesOf(network);
  await assertThrows(
    () => startFrom(folder.path, { network, config, images, surface }),
    InputError,
    /wanted stem_2\/convolution\/kernel/,
  );
  const refused = (change: object) => () =>
    startFrom(folder.path, { network, images, surface, config: { ...config, ...change } });
  await assertThrows(refused({ imageSize: 128 }), SettingError, /imageSize 128: that model has 64/);
  await assertThrows(refused({ width: 2 }), SettingError, /width 2: that model has 4/);
  await assertThrows(refused({ architecture: "prnet" }), SettingError, /architecture prnet: that model has lite/);
  assertEquals(valuesOf(network), before);
  network.dispose();
});

Deno.test("startFrom() has a wider network say what the model does, with heads of its own where that says other expressions", async () => {
  await using folder = await temporaryFolder();
  const settings = { ...config, expressionWeight: 1 };
  await save(folder.path, { ...settings, seed: 1 });
  const given = buildNetwork({ ...settings, seed: 1 }, 5),
    network = buildNetwork({ ...settings, seed: 2, width: 8 }, 7);
  const before = valuesOf(network);
  await startFrom(folder.path, { network, config: { ...config, width: 8 }, images, surface });
  const [wanted, found] = [given, network].map((network) =>
    tf.tidy(() => {
      const [map] = network.predict(tf.ones([1, 64, 64, 3])) as tf.Tensor[];
      return map!.dataSync();
    })
  );
  assertAllClose(found!, wanted!, 1e-6);
  const after = valuesOf(network);
  for (const name of ["expressions/kernel", "expressions/bias"]) assertEquals(after.get(name), before.get(name));
  for (const each of [given, network]) each.dispose();
});

Deno.test("startFrom() takes of a light model what the heatmap network has, too, and leaves the rest new", async () => {
  await using folder = await temporaryFolder();
  const saved = await save(folder.path, { ...config, seed: 1 });
  const network = buildNetwork({ ...config, architecture: "heatmap", seed: 2 });
  const before = valuesOf(network);
  await startFrom(folder.path, { network, config: { ...config, architecture: "heatmap" }, images, surface });
  const shared = [...before].filter(([name, values]) => saved.get(name)?.length === values.length);
  assert(shared.length > 50 && shared.length < before.size);
  const taken = new Set(shared.map(([name]) => name));
  for (const [name, values] of valuesOf(network)) assertEquals(values, (taken.has(name) ? saved : before).get(name));
  network.dispose();
});

Deno.test("startFrom() takes what sees eyes, but not where its surface had them", async () => {
  await using folder = await temporaryFolder();
  const settings = { ...config, expressionWeight: 1, eyes: true };
  const saved = await save(folder.path, { ...settings, seed: 1 });
  const network = buildNetwork({ ...settings, seed: 2 }, 5);
  placeEyes(network, { ...config, surface: builtInFace().surface });
  const before = valuesOf(network);
  await startFrom(folder.path, { network, config, images, surface });
  for (const [name, values] of valuesOf(network)) {
    assertEquals(values, (name.startsWith("eyes/landmarks/") ? before : saved).get(name));
  }
  network.dispose();
});
