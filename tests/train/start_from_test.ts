import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { InputError, SettingError } from "@/lib/errors.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { exportWeights } from "@/lib/export/save_onnx.ts";
import { Random } from "@/lib/random.ts";
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
const names = ["jawOpen", "smile", "blink", "frown", "pout"];
const faces = { surface, expressionNames: names };

const valuesOf = (network: tf.LayersModel) =>
  new Map(network.weights.map((weight) => [weight.originalName, [...weight.read().dataSync()]]));

async function save(
  folder: string,
  settings: NetworkConfig,
  expressionNames: readonly string[] = names,
): Promise<Map<string, number[]>> {
  const network = buildNetwork(settings, expressionNames.length);
  await saveTrainedModel(folder, {
    network,
    description: { ...config, crop: { margin: 1.5 }, surface, meanLandmarks, expressionNames },
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
  await startFrom(folder.path, { network, config, images, faces });
  for (const [name, values] of valuesOf(network)) assertEquals(values, saved.get(name) ?? before.get(name));
  assert([...before.keys()].some((name) => !saved.has(name)), "there is a head");
  network.dispose();
});

Deno.test("startedSettings() has a model's shape, and a tenth of the rate where its architecture stays", () => {
  const shape = { architecture: "lite", imageSize: 64, width: 5, encoding: "paper", eyes: true, lids: false } as const;
  const { architecture: _, ...kept } = shape;
  const wanted = { learningRate: 2e-3, eyes: false, lids: false, freeze: "nothing" } as const;
  const ofRate = (architecture: "lite" | "heatmap") => startedSettings(shape, { ...wanted, architecture });
  assertEquals(ofRate("lite"), { ...kept, learningRate: 2e-4 });
  assertEquals(ofRate("heatmap"), { ...kept, learningRate: 2e-3 });
});

Deno.test("startedSettings() has eyes seen, and lids moved, where the model or the preset does, but lids of a map that stays as the model does", () => {
  const shape = { architecture: "lite", imageSize: 64, width: 5, encoding: "paper" } as const;
  const wanted = { architecture: "lite", learningRate: 2e-3, freeze: "nothing" } as const;
  for (const ofModel of [false, true]) {
    for (const ofPreset of [false, true]) {
      const { eyes, lids } = startedSettings(
        { ...shape, eyes: ofModel, lids: ofPreset },
        { ...wanted, eyes: ofPreset, lids: ofModel },
      );
      assertEquals([eyes, lids], [ofModel || ofPreset, ofModel || ofPreset]);
      const frozen = { ...wanted, freeze: "trunk", eyes: ofPreset, lids: ofPreset } as const;
      assertEquals(startedSettings({ ...shape, eyes: ofModel, lids: ofModel }, frozen).lids, ofModel);
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
      await startFrom(folder.path, { network, config: { ...seeing, lids: wanted }, images, faces, onWarning });
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
  for (const found of [surface, mirrored]) {
    const onWarning = (sentence: string) => told.push(sentence);
    await startFrom(folder.path, { network, config, images, faces: { surface: found }, onWarning });
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
    () => startFrom(folder.path, { network, config, images, faces }),
    InputError,
    /wanted stem_2\/convolution\/kernel/,
  );
  const refused = (change: object) => () =>
    startFrom(folder.path, { network, images, faces, config: { ...config, ...change } });
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
  const others = { surface, expressionNames: Array.from("abcdefg") };
  await startFrom(folder.path, { network, config: { ...config, width: 8 }, images, faces: others });
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
  const model = `${folder.path}/model`, exported = `${folder.path}/exported`;
  const saved = await save(model, { ...config, seed: 1 });
  await exportWeights(model, exported);
  const pictures = async function* () {
    const random = new Random("pictures");
    const values = Float32Array.from({ length: 2 * 3 * 64 ** 2 }, () => random.next());
    const pictures = tf.tensor4d(values, [2, 64, 64, 3]);
    yield pictures;
    pictures.dispose();
  };
  for (const from of [model, exported]) {
    const network = buildNetwork({ ...config, architecture: "heatmap", seed: 2 });
    const before = valuesOf(network);
    const started = { network, config: { ...config, architecture: "heatmap" }, faces } as const;
    await startFrom(from, { ...started, images: from === exported ? pictures() : images });
    const shared = [...before].filter(([name, values]) => saved.get(name)?.length === values.length);
    assert(shared.length > 50 && shared.length < before.size);
    const taken = new Set(shared.map(([name]) => name));
    for (const [name, values] of valuesOf(network)) {
      if (!taken.has(name)) assertEquals(values, before.get(name));
      else if (from === model) assertEquals(values, saved.get(name));
    }
    network.dispose();
  }
});

Deno.test("startFrom() takes what sees eyes, but not where its surface had them", async () => {
  await using folder = await temporaryFolder();
  const settings = { ...config, expressionWeight: 1, eyes: true };
  const saved = await save(folder.path, { ...settings, seed: 1 });
  const network = buildNetwork({ ...settings, seed: 2 }, 5);
  placeEyes(network, { ...config, surface: builtInFace().surface });
  const before = valuesOf(network);
  await startFrom(folder.path, { network, config, images, faces });
  for (const [name, values] of valuesOf(network)) {
    assertEquals(values, (name.startsWith("eyes/landmarks/") ? before : saved).get(name));
  }
  network.dispose();
});

Deno.test("startFrom() has the head of expressions by their names, whatever their order and the width, and leaves others as they are", async () => {
  await using folder = await temporaryFolder();
  const settings = { ...config, expressionWeight: 1 };
  const wanted = ["blink", "wink", "jawOpen", "component 0", "frown", "smile"];
  const given = [...names, "component 0"];
  const saved = await save(folder.path, { ...settings, seed: 1 }, given);
  const mirrored = { ...surface, uv: surface.uv.map((value, i) => i % 2 === 0 ? 1 - value : value) };
  for (const width of [config.width, 8]) {
    for (const found of [surface, mirrored]) {
      const network = buildNetwork({ ...settings, seed: 2, width }, wanted.length);
      const before = valuesOf(network);
      const started = { network, config: { ...config, width }, images };
      await startFrom(folder.path, { ...started, faces: { surface: found, expressionNames: wanted } });
      const after = valuesOf(network);
      for (const weight of ["expressions/kernel", "expressions/bias"]) {
        const columns = (values: Map<string, number[]>, count: number, column: number) =>
          values.get(weight)!.filter((_, i) => i % count === column);
        wanted.forEach((name, column) => {
          const isKnown = name !== "wink" && !(name === "component 0" && found === mirrored);
          const expected = isKnown
            ? columns(saved, given.length, given.indexOf(name))
            : columns(before, wanted.length, column);
          assertEquals(columns(after, wanted.length, column), expected);
        });
      }
      network.dispose();
    }
  }
});

Deno.test("startFrom() tells of each thing that the model says and the network does not", async () => {
  await using folder = await temporaryFolder();
  await save(folder.path, { ...config, seed: 1, expressionWeight: 1, absentShare: 0.1 });
  const lost = [/says expressions: the new network does not/, /says whether there is a face: the new network does not/];
  for (const expressionWeight of [0, 1]) {
    for (const absentShare of [0, 0.1]) {
      const network = buildNetwork({ ...config, seed: 2, expressionWeight, absentShare }, names.length);
      const told: string[] = [];
      const onWarning = (sentence: string) => told.push(sentence);
      await startFrom(folder.path, { network, config, images, faces, onWarning });
      const expected = lost.filter((_, i) => [expressionWeight, absentShare][i] === 0);
      assertEquals(told.length, expected.length);
      expected.forEach((pattern, i) => assert(pattern.test(told[i]!), told[i]!));
      network.dispose();
    }
  }
});

Deno.test("startFrom() tells of expressions that the model says, and of which the new faces have none by that name", async () => {
  await using folder = await temporaryFolder();
  const settings = { ...config, expressionWeight: 1 };
  await save(folder.path, { ...settings, seed: 1 });
  for (const wanted of [names, names.toReversed(), ["wink", ...names.slice(1)], ["wink"]]) {
    const network = buildNetwork({ ...settings, seed: 2 }, wanted.length);
    const told: string[] = [];
    const onWarning = (sentence: string) => told.push(sentence);
    await startFrom(folder.path, {
      network,
      config: settings,
      images,
      faces: { surface, expressionNames: wanted },
      onWarning,
    });
    const unsaid = names.filter((name) => !wanted.includes(name));
    assertEquals(told.length, unsaid.length > 0 ? 1 : 0);
    if (unsaid.length > 0) assert(told[0]!.includes(`, ${unsaid.length} of which, such as ${unsaid[0]}`), told[0]);
    network.dispose();
  }
});

Deno.test("startFrom() refuses to freeze a map that is not the model's, and changes nothing then", async () => {
  await using folder = await temporaryFolder();
  const settings = { ...config, expressionWeight: 1, eyes: true };
  await save(`${folder.path}/still`, { ...settings, seed: 1 });
  await save(`${folder.path}/moving`, { ...settings, seed: 1, lids: true });
  const mirrored = { ...surface, uv: surface.uv.map((value, i) => i % 2 === 0 ? 1 - value : value) };
  const refused: [string, Partial<Config>, RegExp, FaceSurface?][] = [
    ["still", { lids: true }, /Cannot set freeze to trunk: .*still moves no lids, .* another one with lids true/],
    ["moving", { lids: false }, /Cannot set freeze to trunk: .* moves its map's lids, .* another one with lids false/],
    ["still", { architecture: "heatmap" }, /Cannot set freeze to trunk: .* is of lite, and most of .* heatmap is new/],
    ["still", {}, /Cannot set freeze to trunk: .* maps of another surface than these faces'/, mirrored],
  ];
  for (const [model, change, message, found = surface] of refused) {
    const wanted = { ...settings, ...change, freeze: "trunk" } as const;
    const network = buildNetwork({ ...wanted, seed: 2 }, names.length);
    const before = valuesOf(network);
    const start = (config: Config) =>
      startFrom(`${folder.path}/${model}`, { network, config, images, faces: { ...faces, surface: found } });
    await assertThrows(() => start(wanted), SettingError, message);
    assertEquals(valuesOf(network), before);
    await start({ ...wanted, freeze: "nothing" });
    network.dispose();
  }
});
