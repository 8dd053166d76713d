import { fileURLToPath } from "node:url";
import ort from "onnxruntime-node";
import { InputError } from "@/lib/errors.ts";
import { readBundle, writeBundle } from "@/lib/formats/tensor_bundle.ts";
import { importPrnet } from "@/lib/model/import_prnet.ts";
import { openOnnxModel } from "@/lib/model/model_folder.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { buildPrnet } from "@/lib/model/prnet.ts";
import * as tf from "@tensorflow/tfjs";
import { hasModules, pythonProgram } from "@/tests/python.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { runTaskChild } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

await tf.setBackend("cpu");
const SIZE = 256;

const hasTensorFlow = await hasModules("tensorflow");

/** UV files as the release has them: the face is the map's middle half, the landmarks lie in it on a spiral. */
async function writeUvData(folder: string): Promise<number[]> {
  await Deno.mkdir(folder);
  const inside = (place: number) => place >= 64 && place < 192;
  const texels = Array.from({ length: SIZE * SIZE }, (_, i) => i)
    .filter((i) => inside(i % SIZE) && inside(Math.floor(i / SIZE)));
  const spiral = Array.from(
    { length: 68 },
    (_, i) => [Math.cos(i / 5), Math.sin(i / 5)].map((value) => Math.round(128 + 0.8 * i * value)),
  );
  const number = (value: number) => value.toExponential(18); // as NumPy's savetxt
  await Deno.writeTextFile(`${folder}/face_ind.txt`, texels.map(number).join("\n") + "\n");
  await Deno.writeTextFile(`${folder}/triangles.txt`, "0 1 128\n1 129 128\n".replace(/\d+/g, (n) => number(+n)));
  const rows = [0, 1].map((axis) => spiral.map((place) => number(place[axis]!)).join(" "));
  await Deno.writeTextFile(`${folder}/uv_kpt_ind.txt`, rows.join("\n") + "\n");
  return spiral.map(([column, row]) => row! * SIZE + column!);
}

Deno.test({
  name:
    "deno task import prnet: what TensorFlow's Python saves and computes under the release's names, model.onnx gives",
  ignore: !hasTensorFlow,
  async fn() {
    await using folder = await temporaryFolder();
    const texels = await writeUvData(`${folder.path}/uv-data`);
    const images = Uint8Array.from({ length: 2 * SIZE * SIZE * 3 }, (_, i) => (i * 7919 + (i >> 9)) % 256);
    await Deno.writeFile(`${folder.path}/images`, images);
    const [checkpoint, out] = [`${folder.path}/256_256_resfcn256_weight`, `${folder.path}/prnet`];
    const script = fileURLToPath(new URL("./prnet_release.py", import.meta.url));
    const python = await new Deno.Command(pythonProgram, {
      args: [script, checkpoint, `${folder.path}/images`, `${folder.path}/maps`],
      env: { CUDA_VISIBLE_DEVICES: "", TF_CPP_MIN_LOG_LEVEL: "3" },
    }).output();
    assert(python.success, new TextDecoder().decode(python.stderr));
    const flags = ["--checkpoint", checkpoint, "--uv-data", `${folder.path}/uv-data`, "--out", out];
    const { code, stderr } = await runTaskChild("import", "prnet", ...flags);
    assertEquals([code, stderr], [0, "Reading the weights\nWriting the model\n"]);
    const { network, description } = await openOnnxModel(out);
    await using session = await OnnxSession.open(ort, network);
    const { positions, landmarks } = await session.run({ image: { data: images, shape: [2, SIZE, SIZE, 3] } });
    const expected = new Float32Array((await Deno.readFile(`${folder.path}/maps`)).buffer);
    const ours = expected.map((value, i) => i % 3 === 2 ? value : value + 0.5); // whose pixels begin at whole numbers
    assertAllClose(positions!.data, ours, 1e-4 * SIZE);
    const read = texels.flatMap((texel) => [...ours.subarray(3 * texel, 3 * texel + 3)]);
    assertAllClose(landmarks!.data.subarray(0, 204), read, 1e-4 * SIZE);
    assertEquals([description.encoding, description.crop.margin, description.architecture], ["prnet", 1.6, "prnet"]);
    assertClose(Math.max(...description.meanLandmarks.filter((_, i) => i % 3 < 2)), 0.5 + 0.5 / 1.6, 1e-6);
  },
});

Deno.test("importPrnet() names the variable that is missing, has another shape or no place, and a UV file that is not one", async () => {
  await using folder = await temporaryFolder();
  const uvData = `${folder.path}/uv-data`;
  await writeUvData(uvData);
  const checkpoint = `${folder.path}/weights`;
  const network = buildPrnet({ imageSize: SIZE, width: 16, seed: 0 });
  const whole = network.weights.map(({ originalName, shape }) => ({
    name: `resfcn256/${originalName.replace(/kernel$/, "weights")}`,
    dtype: "float32" as const,
    shape: shape as number[],
    values: new Float32Array(tf.util.sizeFromShape(shape as number[])),
  }));
  network.dispose();
  const refused = async (tensors: typeof whole, message: RegExp) => {
    await writeBundle(checkpoint, tensors);
    await assertThrows(() => importPrnet({ checkpoint, uvData }), InputError, message);
  };
  await refused(whole.slice(1), /weights: wanted resfcn256\/Conv\/weights of 4 × 4 × 3 × 16, found none/);
  await refused(whole.with(0, { ...whole[0]!, shape: [4, 4, 16, 3] }), /wanted resfcn256.*, found 4 × 4 × 16 × 3/);
  const other = { name: "resfcn256/Conv_9/biases", dtype: "float32" as const, shape: [1], values: new Float32Array(1) };
  await refused([...whole, other], /it has resfcn256\/Conv_9\/biases, for which the network has no place/);
  const moments = whole.map((tensor) => ({ ...tensor, name: `${tensor.name}/Adam_1` }));
  await writeBundle(checkpoint, [...whole, ...moments]);
  (await importPrnet({ checkpoint, uvData })).network.dispose();
  assertEquals((await readBundle(checkpoint)).size, 2 * whole.length);
  const trianglesOf = async (text: string) => {
    await Deno.writeTextFile(`${uvData}/triangles.txt`, text);
    const { network, description } = await importPrnet({ checkpoint, uvData });
    network.dispose();
    return description.surface.triangles;
  };
  const wanted = Uint32Array.of(0, 128, 1, 1, 128, 129); // down, then to the right: counter-clockwise on the screen
  const sorted = (triangles: Uint32Array) => {
    const turned = [0, 3].map((t) => [...triangles.subarray(t, t + 3)]);
    return turned.map(([a, b, c]) => a! < b! && a! < c! ? [a, b, c] : b! < c! ? [b, c, a] : [c, a, b]);
  };
  for (const text of ["0 1 128\n1 129 128\n", "0 128 1\n1 128 129\n"]) {
    assertEquals(sorted(await trianglesOf(text)), sorted(wanted));
  }
  for (
    const [file, text, message] of [
      ["triangles.txt", "0 1", /2 numbers are not three a triangle/],
      ["triangles.txt", "0 1 99999", /wanted whole numbers from 0 to 16383, found "99999"/],
      ["uv_kpt_ind.txt", "1 2 3", /wanted 2 × 68 numbers, found 3/],
      ["face_ind.txt", "", /wanted whole numbers from 0 to 65535, found none/],
    ] as const
  ) {
    const before = await Deno.readTextFile(`${uvData}/${file}`);
    await Deno.writeTextFile(`${uvData}/${file}`, text);
    await assertThrows(() => importPrnet({ checkpoint, uvData }), InputError, message);
    await Deno.writeTextFile(`${uvData}/${file}`, before);
  }
  await Deno.remove(`${uvData}/face_ind.txt`);
  await assertThrows(() => importPrnet({ checkpoint, uvData }), InputError, /face_ind\.txt: .*Data\/uv-data/);
});

Deno.test("deno task import leaves a folder that is there as it is", async () => {
  await using folder = await temporaryFolder();
  const flags = ["--checkpoint", "weights", "--uv-data", "uv-data", "--out", folder.path];
  const { code, stderr } = await runTaskChild("import", "prnet", ...flags);
  assertEquals([code, stderr], [2, `Cannot write ${folder.path}: it is there already; name another place by --out\n`]);
  assertEquals([...Deno.readDirSync(folder.path)], []);
});
