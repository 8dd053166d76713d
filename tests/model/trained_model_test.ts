import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { vertexPoints } from "@/lib/face/landmarks.ts";
import { encodeDescription, type ModelDescription, parseDescription } from "@/lib/model/description.ts";
import { placeEyes } from "@/lib/model/eyes.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { sealJson } from "@/lib/formats/seal.ts";
import { openOnnxModel, readDescription } from "@/lib/model/model_folder.ts";
import { openTrainedModel, saveTrainedModel } from "@/lib/model/trained_model.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "../support.ts";
import { Random } from "@/lib/random.ts";
import { patternedImage } from "./patterned_image.ts";

await tf.setBackend("cpu");

const NETWORK_TOLERANCE = 1e-4; // of encoded positions: 256 px × 2 × 1e-4 is a twentieth of a pixel
const IMAGE_SIZE = 64;
const description: ModelDescription = {
  architecture: "lite",
  imageSize: IMAGE_SIZE,
  encoding: "centered",
  crop: { margin: 1.5 },
  surface: builtInFace().surface,
  mirror: Uint32Array.from(builtInFace().surface.regions.keys()),
  meanLandmarks: Float32Array.from({ length: 68 * 3 }, (_, i) => i / 204),
  neutralLandmarks: Float32Array.from({ length: 68 * 3 }, (_, i) => i),
  expressionNames: ["jawOpen"],
  license: "MIT",
  summary: { steps: 12, seed: 7, nme68_2d: 3.5, source: "built-in", note: null },
};

async function withModel(
  kind: ModelDescription["architecture"] | "lite that sees eyes",
  use: (folder: string, network: tf.LayersModel) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const eyes = kind === "lite that sees eyes", architecture = eyes ? "lite" : kind;
  const config = { architecture, imageSize: IMAGE_SIZE, width: 8, seed: 5, eyes, expressionWeight: Number(eyes) };
  const network = buildNetwork(config, 1);
  placeEyes(network, description);
  network.weights.filter(({ originalName }) => originalName.includes("/moving_")).forEach((average, i) => {
    average.write(tf.fill(average.shape as number[], 0.5 + (i % 7) / 7)); // as training would have moved them
  });
  try {
    await saveTrainedModel(folder, { network, description: { ...description, architecture } });
    await use(folder, network);
  } finally {
    network.dispose();
    await Deno.remove(folder, { recursive: true });
  }
}

function answer(network: tf.LayersModel): Float32Array {
  return tf.tidy(() => {
    const outputs = [network.predict(patternedImage(IMAGE_SIZE))].flat();
    return tf.concat(outputs.map((output) => output.flatten())).dataSync<"float32">();
  });
}

for (const kind of ["prnet", "lite", "lite that sees eyes", "heatmap"] as const) {
  Deno.test(`openTrainedModel() gives back what saveTrainedModel() got: ${kind}`, async () => {
    await withModel(kind, async (folder, network) => {
      const loaded = await openTrainedModel(folder);
      assertAllClose(answer(loaded.network), answer(network), 0);
      assertEquals(loaded.description, {
        ...description,
        architecture: kind === "lite that sees eyes" ? "lite" : kind,
      });
      assert(loaded.description.surface.triangles instanceof Uint32Array);
      loaded.network.dispose();
    });
  });

  Deno.test(`saveTrainedModel() writes what tfjs loads as it comes: ${kind}`, async () => {
    await withModel(kind, async (folder, network) => {
      const script = fileURLToPath(new URL("./stock_predict.ts", import.meta.url));
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-read", "--allow-env", script, folder],
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      assertAllClose(new Float32Array(stdout.slice().buffer), answer(network), NETWORK_TOLERANCE);
    });
  });
}

Deno.test("saveTrainedModel() and openTrainedModel() leave no tensor behind", async () => {
  await withModel("lite", async (folder, network) => {
    const before = tf.memory().numTensors;
    await saveTrainedModel(folder, { network, description });
    (await openTrainedModel(folder)).network.dispose();
    assertEquals(tf.memory().numTensors, before);
  });
});

Deno.test("saveTrainedModel() replaces what was saved before", async () => {
  await withModel("lite", async (folder) => {
    const other = buildNetwork({ architecture: "lite", imageSize: IMAGE_SIZE, width: 8, seed: 6 });
    await saveTrainedModel(folder, { network: other, description });
    const loaded = await openTrainedModel(folder);
    assertAllClose(answer(loaded.network), answer(other), 0);
    assertEquals([...Deno.readDirSync(folder)].length, 3);
    loaded.network.dispose();
    other.dispose();
  });
});

Deno.test("openTrainedModel() names the file that is missing, cut short or changed", async () => {
  await withModel("lite", async (folder) => {
    for (const { name } of [...Deno.readDirSync(folder)]) {
      const path = `${folder}/${name}`;
      const content = await Deno.readFile(path);
      const damages = [undefined, content.slice(0, 0), content.slice(0, content.length >> 1), content.slice(0, -1)];
      if (name.endsWith(".bin")) damages.push(content.with(100, content[100]! ^ 1));
      for (const damaged of damages) {
        if (damaged) await Deno.writeFile(path, damaged);
        else await Deno.remove(path);
        const open = () => name === "posmap.json" ? readDescription(folder) : openTrainedModel(folder);
        const { message } = await assertThrows(open, InputError, /^Cannot load /);
        assert(message.includes(path), `${message} does not name ${path}`);
      }
      await Deno.writeFile(path, content);
    }
    (await openTrainedModel(folder)).network.dispose();
  });
});

Deno.test("openTrainedModel() says of any byte that was changed which file it is in, or reads the same", async () => {
  await withModel("lite", async (folder) => {
    const random = new Random("flips");
    const whole = JSON.stringify(encodeDescription(await readDescription(folder)));
    for (const { name } of [...Deno.readDirSync(folder)]) {
      const path = `${folder}/${name}`;
      const content = await Deno.readFile(path);
      for (let flip = 0; flip < 60; flip++) {
        const at = flip < 20 ? flip : random.integer(0, content.length - 1);
        await Deno.writeFile(path, content.with(at, content[at]! ^ (1 << random.integer(0, 7))));
        try {
          const { network, description } = await openTrainedModel(folder);
          network.dispose();
          assertEquals([name.endsWith(".json"), JSON.stringify(encodeDescription(description))], [true, whole]);
        } catch (error) {
          assert(error instanceof InputError && error.message.startsWith(`Cannot load ${path}: `), `${error}`);
        }
      }
      await Deno.writeFile(path, content);
    }
  });
});

Deno.test("openTrainedModel() opens a run's model, and says what it misses: no folder, a file, an unfinished run", async () => {
  await withModel("lite", async (folder) => {
    await Deno.mkdir(`${folder}/run`);
    await Deno.writeTextFile(`${folder}/run/config.json`, "{}");
    await assertThrows(() => openTrainedModel(`${folder}/run`), InputError, /run.*has not finished.*run\/model/);
    await Deno.mkdir(`${folder}/run/model`);
    for (const { name } of [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile)) {
      await Deno.copyFile(`${folder}/${name}`, `${folder}/run/model/${name}`);
    }
    (await openTrainedModel(`${folder}/run`)).network.dispose();
    await assertThrows(() => openTrainedModel(`${folder}/nothing`), InputError, /nothing\/.*there is no such file/);
    await assertThrows(() => openTrainedModel(`${folder}/model.json`), InputError, /^Cannot load .*model\.json/);
  });
});

Deno.test("openTrainedModel() refuses layers that take from none before them, which tfjs would wait for", async () => {
  await withModel("lite", async (folder) => {
    const path = `${folder}/model.json`;
    const text = await Deno.readTextFile(path);
    const changed = text.replace('"inbound_nodes":[[["', '"inbound_nodes":[[["x');
    assert(changed !== text, "nothing was changed");
    await Deno.writeTextFile(path, changed);
    await assertThrows(() => openTrainedModel(folder), InputError, /model\.json: its content is not what was saved/);
    const { sha256: _, ...content } = JSON.parse(changed);
    await Deno.writeTextFile(path, await sealJson(content)); // by somebody who means it
    await assertThrows(() => openTrainedModel(folder), InputError, /layer stem_1.* takes from ximage/);
    await Deno.writeTextFile(path, text);
  });
});

Deno.test("parseDescription() keeps what it does not know, at every level", () => {
  const json = JSON.parse(JSON.stringify(encodeDescription(description)));
  const more = { ...json, later: [1], crop: { ...json.crop, shift: 2 }, surface: { ...json.surface, seams: "AAAA" } };
  assertEquals(encodeDescription(parseDescription(more)), more);
});

Deno.test("parseDescription() reads version 1, also with landmarks that are vertices", () => {
  const { meanLandmarks, summary, license: _, ...rest } = JSON.parse(
    JSON.stringify(encodeDescription(description)),
  );
  const numbers = [...description.meanLandmarks];
  const version1 = { ...rest, version: 1, training: { ...summary, meanLandmarks: numbers } };
  const { license: __, ...wanted } = description;
  assertEquals(parseDescription(version1), wanted);
  assertEquals(JSON.parse(JSON.stringify(encodeDescription(parseDescription(version1)))).meanLandmarks, meanLandmarks);
  const vertices = Uint32Array.from({ length: 68 }, (_, i) => 3 * i);
  const first = { ...version1, surface: { ...rest.surface, landmarks: new Uint8Array(vertices.buffer).toBase64() } };
  assertEquals(parseDescription(first).surface.landmarks, { outline: vertexPoints(vertices) });
});

Deno.test("parseDescription() knows the heatmap network by the name that it had at first", () => {
  const json = JSON.parse(JSON.stringify(encodeDescription(description)));
  assertEquals(parseDescription({ ...json, architecture: "large" }), { ...description, architecture: "heatmap" });
});

Deno.test("parseDescription() takes a published PRNet, which has neither a seed nor a source", () => {
  const prnet: ModelDescription = {
    architecture: "prnet",
    imageSize: 256,
    encoding: "paper",
    crop: { margin: 1.5 },
    surface: {
      uv: Float32Array.of(0.1, 0.1, 0.9, 0.1, 0.5, 0.9),
      triangles: Uint32Array.of(0, 1, 2),
      landmarks: { "300w-lp": vertexPoints(new Array(68).fill(2)) },
      regions: new Uint8Array(3),
    },
    meanLandmarks: new Float32Array(68 * 3),
  };
  assertEquals(parseDescription(JSON.parse(JSON.stringify(encodeDescription(prnet)))), prnet);
});

Deno.test("parseDescription() refuses what does not fit, and says where", async () => {
  const json = JSON.parse(JSON.stringify(encodeDescription(description)));
  const refused: [RegExp, (changed: typeof json) => void][] = [
    [/version/, (changed) => changed.version = 3],
    [/encoding/, (changed) => changed.encoding = "other"],
    [/surface\.uv: .*4 bytes each/, (changed) => changed.surface.uv = "AAA="],
    [/surface\.uv: it is not base64/, (changed) => changed.surface.uv = "no base64!"],
    [/surface\.uv: it is not base64/, (changed) => changed.surface.uv = changed.surface.uv.replace("A", "=")],
    [/surface: uv and regions/, (changed) => changed.surface.uv = ""],
    [/vertex that is not there/, (changed) => changed.surface.triangles = new Uint8Array(12).fill(255).toBase64()],
    [/mirror: it does not pair/, (changed) => changed.mirror = new Uint8Array(12).toBase64()],
    [/meanLandmarks: they are not 68/, (changed) => changed.meanLandmarks = ""],
  ];
  for (const [message, change] of refused) {
    const changed = structuredClone(json);
    change(changed);
    await assertThrows(() => parseDescription(changed, "x.json"), InputError, message);
  }
});

Deno.test("openTrainedModel() refuses a description of another network's size", async () => {
  await withModel("lite", async (folder) => {
    const { network } = await openTrainedModel(folder);
    await saveTrainedModel(folder, { network, description: { ...description, imageSize: 128 } });
    network.dispose();
    await assertThrows(() => openTrainedModel(folder), InputError, /128 pixels a side, its network gives 64/);
  });
});

for (const name of ["lite", "large"]) {
  Deno.test(`openOnnxModel() opens the weights that come with posmap, which are what was saved: ${name}`, async () => {
    const folder = fileURLToPath(new URL(`../../data/weights/${name}`, import.meta.url));
    const { description } = await openOnnxModel(folder);
    assertEquals(description.architecture, "heatmap");
  });
}
