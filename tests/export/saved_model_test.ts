/** TensorFlow's Python as an outside judge of its own format. */
import { InputError } from "@/lib/errors.ts";
import { encodeOnnx } from "@/lib/export/onnx.ts";
import { encodeSavedModel } from "@/lib/export/saved_model.ts";
import { useOwnBackend } from "@/lib/export/save_onnx.ts";
import { placeEyes } from "@/lib/model/eyes.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { CropModel } from "@/lib/model/crop_model.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import type { FoldedNetwork } from "@/lib/model/folded_network.ts";
import ort from "onnxruntime-node";
import { crops, describe, shake, SMALL, smallNetworks, TOLERANCE } from "@/tests/export/onnx_cases.ts";
import { hasModules, plainPython } from "@/tests/python.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** Loads each SavedModel of a folder, and prints how far its outputs are from what was expected of it. */
const judge = `
import glob, json, sys, numpy as np, tensorflow as tf
answers = {}
for path in sorted(glob.glob(sys.argv[1] + "/*.model")):
    serve = tf.saved_model.load(path).signatures["serving_default"]
    size = serve.structured_input_signature[1]["image"].shape[1]
    image = np.fromfile(path + "/image", np.uint8).reshape(-1, size, size, 3)
    outputs = serve(image=tf.constant(image))
    answers[path.split("/")[-1]] = {
        name: [list(value.shape), float(np.abs(value.numpy().ravel() - np.fromfile(path + "/" + name, np.float32)).max())]
        for name, value in outputs.items()
    }
print(json.dumps(answers))
`;

const COUNT = 3;

Deno.test({
  name: "TensorFlow's Python loads what encodeSavedModel() writes, and computes from it what ONNX Runtime does",
  ignore: !await hasModules("tensorflow"),
  fn: async () => {
    await useOwnBackend();
    await using folder = await temporaryFolder();
    const sizes: Record<string, number> = {};
    const write = async (name: string, network: FoldedNetwork, size: number) => {
      const path = `${folder.path}/${name}.model`;
      await Deno.mkdir(path);
      const description = describe(size);
      await Deno.writeFile(`${path}/saved_model.pb`, encodeSavedModel(network, description));
      const photos = crops(COUNT, size);
      await Deno.writeFile(`${path}/image`, Uint8Array.from(photos.flatMap(({ rgb }) => [...rgb])));
      await using session = await OnnxSession.open(ort, encodeOnnx(network, description));
      const said = await new CropModel(session, size).predict(photos);
      const save = async (output: string, parts: readonly Float32Array[]) =>
        await Deno.writeFile(
          `${path}/${output}`,
          new Uint8Array(await new Blob(parts.map((part) => part.slice())).arrayBuffer()),
        );
      await save("positions", said.map(({ map }) => map.positions));
      await save("landmarks", said.map(({ landmarks }) => landmarks));
      await save("expressions", said.map(({ expressions }) => expressions));
      await save("presence", said.map(({ presence }) => Float32Array.of(presence ?? NaN)));
      sizes[`${name}.model`] = size;
    };
    const heads = { expressionWeight: 1, eyes: true, lids: true, absentShare: 0.1 };
    for (const [architecture, imageSize] of [["prnet", 64], ["lite", 64], ["lite", 128], ["heatmap", 128]] as const) {
      const network = shake(buildNetwork({ architecture, imageSize, width: 4, seed: 2, ...heads }, 5));
      placeEyes(network, describe(imageSize));
      await write(`${architecture}_${imageSize}`, foldNetwork(network), imageSize);
      network.dispose();
    }
    for (const [kinds, network] of smallNetworks()) {
      await write(kinds.replaceAll(/\\W+/g, "_"), foldNetwork(network), SMALL);
      network.dispose();
    }
    const answers: Record<string, Record<string, [number[], number]>> = JSON.parse(
      await plainPython(judge, folder.path),
    );
    assertEquals(Object.keys(answers).sort(), Object.keys(sizes).sort());
    for (const [name, outputs] of Object.entries(answers)) {
      const size = sizes[name]!;
      const saysMore = /^(lite|heatmap)/.test(name);
      assertEquals(Object.fromEntries(Object.entries(outputs).map(([output, [shape]]) => [output, shape])), {
        landmarks: [COUNT, 68, 3],
        positions: [COUNT, size, size, 3],
        ...saysMore && { expressions: [COUNT, 5], presence: [COUNT] },
      });
      for (const [output, [, difference]] of Object.entries(outputs)) {
        const limit = output in { positions: 0, landmarks: 0 } ? TOLERANCE * size : TOLERANCE;
        assert(difference <= limit, `${name} ${output}: ${difference}`);
      }
    }
  },
});

Deno.test("encodeSavedModel() names a layer that it cannot write", async () => {
  const layer = { name: "odd", getClassName: () => "Odd" };
  const nodes = [
    { operation: "input", shape: [SMALL, SMALL, 3] },
    { operation: "layer", inputs: [0], layer, output: 0, shape: [SMALL, SMALL, 3] },
  ] as unknown as FoldedNetwork["nodes"];
  await assertThrows(
    () => encodeSavedModel({ nodes, heads: {} }, describe(SMALL)),
    InputError,
    /the layer odd \(Odd\) for TensorFlow: it is not known/,
  );
});
