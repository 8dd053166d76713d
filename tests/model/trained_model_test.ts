import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { loadTrainedModel, saveTrainedModel } from "@/lib/model/trained_model.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "../support.ts";
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
  training: { steps: 12, seed: 7, nme68_2d: 3.5, source: "procedural", note: null },
};

async function withModel(
  model: ModelDescription["architecture"],
  use: (folder: string, network: tf.LayersModel) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const network = buildNetwork({ model, imageSize: IMAGE_SIZE, width: 8, seed: 5 });
  network.weights.filter(({ trainable }) => !trainable).forEach((average, i) => {
    average.write(tf.fill(average.shape as number[], 0.5 + (i % 7) / 7)); // as training would have moved them
  });
  try {
    await saveTrainedModel(folder, { network, description: { ...description, architecture: model } });
    await use(folder, network);
  } finally {
    network.dispose();
    await Deno.remove(folder, { recursive: true });
  }
}

function answer(network: tf.LayersModel): Float32Array {
  return tf.tidy(() => (network.predict(patternedImage(IMAGE_SIZE)) as tf.Tensor).dataSync<"float32">());
}

for (const model of ["prnet", "lite"] as const) {
  Deno.test(`loadTrainedModel() gives back what saveTrainedModel() got: ${model}`, async () => {
    await withModel(model, async (folder, network) => {
      const loaded = await loadTrainedModel(folder);
      assertAllClose(answer(loaded.network), answer(network), 0);
      assertEquals(loaded.description, { ...description, architecture: model });
      assert(loaded.description.surface.triangles instanceof Uint32Array);
      loaded.network.dispose();
    });
  });

  Deno.test(`saveTrainedModel() writes what tfjs loads as it comes: ${model}`, async () => {
    await withModel(model, async (folder, network) => {
      const script = new URL("./stock_predict.ts", import.meta.url).pathname;
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-read", "--allow-env", script, folder],
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      assertAllClose(new Float32Array(stdout.slice().buffer), answer(network), NETWORK_TOLERANCE);
    });
  });
}

Deno.test("saveTrainedModel() and loadTrainedModel() leave no tensor behind", async () => {
  await withModel("lite", async (folder, network) => {
    const before = tf.memory().numTensors;
    await saveTrainedModel(folder, { network, description });
    (await loadTrainedModel(folder)).network.dispose();
    assertEquals(tf.memory().numTensors, before);
  });
});

Deno.test("saveTrainedModel() replaces what was saved before", async () => {
  await withModel("lite", async (folder) => {
    const other = buildNetwork({ model: "lite", imageSize: IMAGE_SIZE, width: 8, seed: 6 });
    await saveTrainedModel(folder, { network: other, description });
    const loaded = await loadTrainedModel(folder);
    assertAllClose(answer(loaded.network), answer(other), 0);
    assertEquals([...Deno.readDirSync(folder)].length, 3);
    loaded.network.dispose();
    other.dispose();
  });
});

Deno.test("loadTrainedModel() names the file that is missing, cut short or changed", async () => {
  await withModel("lite", async (folder) => {
    for (const { name } of [...Deno.readDirSync(folder)]) {
      const path = `${folder}/${name}`;
      const content = await Deno.readFile(path);
      const damages = [undefined, content.slice(0, 0), content.slice(0, content.length >> 1), content.slice(0, -1)];
      if (name.endsWith(".bin")) damages.push(content.with(100, content[100]! ^ 1));
      for (const damaged of damages) {
        if (damaged) await Deno.writeFile(path, damaged);
        else await Deno.remove(path);
        const { message } = await assertThrows(() => loadTrainedModel(folder), InputError, /^Cannot load /);
        assert(message.includes(path), `${message} does not name ${path}`);
      }
      await Deno.writeFile(path, content);
    }
    (await loadTrainedModel(folder)).network.dispose();
  });
});

Deno.test("loadTrainedModel() refuses a description that does not fit, and says where", async () => {
  await withModel("lite", async (folder) => {
    const json = JSON.parse(await Deno.readTextFile(`${folder}/posmap.json`));
    const refused: [RegExp, (changed: typeof json) => void][] = [
      [/version/, (changed) => changed.version = 2],
      [/encoding/, (changed) => changed.encoding = "other"],
      [/surface\.uv/, (changed) => changed.surface.uv = "AAA="],
      [/surface\.uv/, (changed) => changed.surface.uv = "no base64!"],
      [/surface: uv and regions/, (changed) => changed.surface.uv = ""],
      [/vertex that is not there/, (changed) => changed.surface.triangles = new Uint8Array(12).fill(255).toBase64()],
      [/128 pixels a side, its network gives 64/, (changed) => changed.imageSize = 128],
    ];
    for (const [message, change] of refused) {
      const changed = structuredClone(json);
      change(changed);
      await Deno.writeTextFile(`${folder}/posmap.json`, JSON.stringify(changed));
      await assertThrows(() => loadTrainedModel(folder), InputError, message);
    }
  });
});
