/** ONNX's own checker and PyPI's onnxruntime as outside judges of what is exported. */
import * as tf from "@tensorflow/tfjs";
import { readLandmarks } from "@/lib/data/maps/position_map.ts";
import { encodeOnnx, type OnnxDescription } from "@/lib/export/onnx.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { Predictor } from "@/lib/model/predictor.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { crops, describe, shake, SMALL, smallNetworks, TOLERANCE } from "@/tests/export/onnx_cases.ts";
import { hasModules, plainPython } from "@/tests/python.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** Checks each model of a folder, and prints how far its outputs are from what was expected of it. */
const judge = `
import glob, json, sys, numpy as np, onnx, onnxruntime
answers = {}
for path in sorted(glob.glob(sys.argv[1] + "/*.onnx")):
    def read(name, kind): return np.fromfile(path.replace(".onnx", "." + name), kind)
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    size = session.get_inputs()[0].shape[1]
    positions, landmarks = session.run(["positions", "landmarks"], {"image": read("image", np.uint8).reshape(-1, size, size, 3)})
    answers[path.split("/")[-1]] = {
        "positions": float(np.abs(positions.ravel() - read("positions", np.float32)).max() / size),
        "landmarks": float(np.abs(landmarks.ravel() - read("landmarks", np.float32)).max() / size),
        "shapes": [positions.shape, landmarks.shape],
        "metadata": {p.key: p.value for p in model.metadata_props},
    }
print(json.dumps(answers))
`;

interface Answer {
  /** Largest differences, in crop sides. */
  readonly positions: number;
  readonly landmarks: number;
  readonly shapes: number[][];
  readonly metadata: Record<string, string>;
}

const hasJudges = await hasModules("numpy", "onnx", "onnxruntime");

/** A model, crops and what posmap itself says of them. */
async function write(
  path: string,
  network: tf.LayersModel,
  description: OnnxDescription,
  count: number,
): Promise<void> {
  const photos = crops(count, description.imageSize);
  using predictor = new Predictor(network, description);
  const maps = await predictor.predict(photos);
  await Deno.writeFile(`${path}.onnx`, encodeOnnx(foldNetwork(network), description));
  await Deno.writeFile(`${path}.image`, Uint8Array.from(photos.flatMap(({ rgb }) => [...rgb])));
  const floats = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
  await Deno.writeFile(`${path}.positions`, floats(maps.flatMap(({ positions }) => [...positions])));
  const landmarks = maps.flatMap((map) => [...readLandmarks(map, description.surface)]);
  await Deno.writeFile(`${path}.landmarks`, floats(landmarks));
  network.dispose();
}

Deno.test({
  name: "onnx's checker accepts what encodeOnnx() writes, and PyPI's onnxruntime computes the same from it",
  ignore: !hasJudges,
  fn: async () => {
    await openTensorFlow({ device: "cpu" });
    await using folder = await temporaryFolder();
    const sizes = [["prnet", 64], ["lite", 64], ["lite", 128], ["lite", 256], ["heatmap", 128]] as const;
    for (const [architecture, imageSize] of sizes) {
      const network = shake(buildNetwork({ architecture, imageSize, width: 4, seed: 2 }));
      await write(`${folder.path}/${architecture}_${imageSize}`, network, describe(imageSize), 20);
    }
    let kinds = 0;
    for (const [, network] of smallNetworks()) await write(`${folder.path}/${kinds++}`, network, describe(SMALL), 20);
    const answers: Record<string, Answer> = JSON.parse(await plainPython(judge, folder.path));
    assertEquals(Object.keys(answers).length, sizes.length + kinds);
    for (const [name, { positions, landmarks }] of Object.entries(answers)) {
      assert(positions <= TOLERANCE && landmarks <= TOLERANCE, `${name}: ${positions}, ${landmarks}`);
    }
    const { shapes, metadata } = answers["lite_128.onnx"]!;
    assertEquals(shapes, [[20, 128, 128, 3], [20, 68, 3]]);
    assertEquals(metadata["license"], "MIT");
    assertEquals([metadata["posmap.crop_margin"], metadata["posmap.landmarks"]], ["1.5", "300w-lp"]);
  },
});
