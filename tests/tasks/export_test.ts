import ort from "onnxruntime-node";
import { type OnnxModel, openOnnxModel } from "@/lib/model/model_folder.ts";
import { bytesText } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { exportOnnx } from "@/lib/export/save_onnx.ts";
import { filesBelow } from "@/lib/files.ts";
import { sha256 } from "@/lib/formats/seal.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { runTaskChild, taskEnds } from "@/tests/tasks/children.ts";
import { saveTinyModel } from "@/tests/tasks/tiny_model.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const weights = `${import.meta.dirname}/../../data/weights/lite`;

Deno.test("deno task export writes a model's ONNX beside it, or in half precision elsewhere", async () => {
  await using folder = await temporaryFolder();
  const model = `${folder.path}/run/model`;
  await saveTinyModel(model);
  await assertThrows(
    () => openOnnxModel(model),
    InputError,
    /model\.onnx: there is no such file; deno task export makes it/,
  );
  const whole = await runTaskChild("export", `${folder.path}/run`);
  assertEquals([whole.code, whole.stderr], [0, "Writing the model\n"]);
  assert(whole.stdout.startsWith(`${model}/model.onnx: `), whole.stdout);
  const { network } = await openOnnxModel(`${folder.path}/run`);
  const out = `${folder.path}/half.onnx`;
  assertEquals((await runTaskChild("export", model, "--half", "--out", out)).code, 0);
  const half = await Deno.readFile(out);
  assert(half.length < 0.6 * network.length, `${half.length} of ${network.length} bytes`);

  const path = `${model}/model.onnx`;
  for (const damaged of [network.slice(0, -1), network.with(1000, network[1000]! ^ 1), network.slice(0, 9)]) {
    await Deno.writeFile(path, damaged);
    await assertThrows(() => openOnnxModel(model), InputError, /model\.onnx: its content is not what was saved/);
  }
  await saveTinyModel(model); // other weights would have another network
  await assertThrows(() => openOnnxModel(model), InputError, /model\.onnx: there is no such file/);
});

Deno.test("deno task export writes weights that come along in other formats, and never over them", async () => {
  await using folder = await temporaryFolder();
  const model = `${folder.path}/model`;
  await Deno.mkdir(model);
  for (const name of ["model.onnx", "posmap.json"]) await Deno.copyFile(`${weights}/${name}`, `${model}/${name}`);
  const [other, alias] = [`${folder.path}/other`, `${folder.path}/alias`];
  await saveTinyModel(other);
  await Deno.symlink(model, alias);
  await Deno.writeTextFile(`${folder.path}/notes.txt`, "notes");
  const alone = "it is all that there is of this model; name another file by --out";
  const isThere = "it is there already; name another place by --out";
  const refused: [string[], string][] = [
    [["--half", "--out", `${alias}/model.onnx`], `${alias}/model.onnx: ${alone}`],
    [[], `${model}/model.onnx: ${alone}`],
    [
      ["--out", `${other}/model.onnx`],
      `${other}/model.onnx: there is another model in that folder; name another file by --out`,
    ],
    [["--out", `${folder.path}/notes.txt`], `${folder.path}/notes.txt: ${isThere}`],
    [["--out", `${folder.path}/new/`], `"${folder.path}/new/": a file's name is wanted, not a folder's`],
    [["--format", "weights", "--out", alias], `${alias}: ${isThere}`],
    [["--format", "weights", "--out", `${other}/`], `${other}/: ${isThere}`],
    [["--format", "savedmodel", "--out", other], `${other}: ${isThere}`],
  ];
  const files = async () =>
    await Promise.all(
      (await filesBelow([folder.path])).map(async (path) => [path, await sha256(await Deno.readFile(path))]),
    );
  const before = await files();
  const ends = await taskEnds("export", refused.map(([flags]) => [model, ...flags]), { apart: 1 });
  assertEquals(
    ends.map(({ code, stderr }) => [code, stderr.replace("Writing the model\n", "")]),
    refused.map(([, sentence]) => [2, `Cannot write ${sentence}\n`]),
  );
  assertEquals(await files(), before);
  const out = `${folder.path}/saved`;
  const { code, stdout } = await runTaskChild("export", model, "--format", "savedmodel", "--out", out);
  const saved = await Promise.all((await filesBelow([out])).map((path) => Deno.stat(path)));
  const bytes = saved.reduce((sum, { size }) => sum + size, 0);
  assertEquals([code, stdout], [0, `${out}: ${bytesText(bytes)}\n`]);
});

Deno.test("deno task export writes weights to ship: the same landmarks, of a surface that is the map's own texels", async () => {
  await using folder = await temporaryFolder();
  const [model, out] = [`${folder.path}/model`, `${folder.path}/new/weights/`];
  await saveTinyModel(model);
  await exportOnnx(model);
  const { code, stdout } = await runTaskChild("export", model, "--format", "weights", "--out", out);
  assert(code === 0 && stdout.startsWith(`${out}: `), stdout);
  const [before, shipped] = [await openOnnxModel(model), await openOnnxModel(out)];
  const { surface, imageSize } = shipped.description;
  assertEquals(shipped.description.mirror, undefined);
  const isCenter = (place: number) => Math.abs(place * imageSize % 1 - 0.5) < 1e-4;
  assert(surface.uv.every(isCenter), "vertices lie in texels' middles");
  const crop = {
    data: Uint8Array.from({ length: 3 * imageSize ** 2 }, (_, i) => i * 7919 % 256),
    shape: [1, imageSize, imageSize, 3],
  };
  const landmarksOf = async ({ network }: OnnxModel) => {
    await using session = await OnnxSession.open(ort, network);
    return (await session.run({ image: crop })).landmarks!.data;
  };
  assertAllClose(await landmarksOf(shipped), await landmarksOf(before), 0.01 * imageSize);
});

Deno.test("deno task export writes a model as one file of a SavedModel, its outputs named in it", async () => {
  await using folder = await temporaryFolder();
  const [model, out] = [`${folder.path}/model`, `${folder.path}/new/saved`];
  await saveTinyModel(model);
  const { code, stdout } = await runTaskChild("export", model, "--format", "savedmodel", "--out", out);
  assert(code === 0 && stdout.startsWith(`${out}: `), stdout);
  assertEquals([...Deno.readDirSync(out)].map(({ name }) => name), ["saved_model.pb"]);
  const text = new TextDecoder("latin1").decode(await Deno.readFile(`${out}/saved_model.pb`));
  for (const name of ["serving_default", "serve", "image", "positions", "landmarks"]) assert(text.includes(name), name);
});

Deno.test("deno task export refuses what it cannot use in one sentence, exit status 2, and leaves no file", async () => {
  await using folder = await temporaryFolder();
  await saveTinyModel(`${folder.path}/model`);
  const apart: [string[], RegExp][] = [
    [[], /missing required argument 'folder'/],
    [[`${folder.path}/none`], /Cannot load .*none\/model\.json: there is no such file/],
    [
      [weights, "--format", "page", "--out", folder.path],
      /Cannot write .*: it is there already; name another/,
    ],
    [
      [weights, "--format", "page", "--out", `${folder.path}/model/posmap.json/site`],
      /Cannot write to .*: .*posmap\.json is a file, not a folder; name another place by --out/,
    ],
    [
      [`${folder.path}/model`, "--out", `${folder.path}/none/a.onnx`],
      /Cannot write .*a\.onnx: there is no folder .*none$/m,
    ],
  ];
  const refused: typeof apart = [
    ...apart,
    [[`${folder.path}/model`, "--format", "keras"], /Allowed choices are onnx/],
    [[`${folder.path}/model`, "--format", "weights"], /--out names the folder to write/],
    [[`${folder.path}/model`, "--format", "page"], /--out names the folder to write/],
    [[`${folder.path}/model`, "--format", "savedmodel"], /--out names the folder to write/],
    [
      [`${folder.path}/model`, "--half", "--format", "savedmodel", "--out", `${folder.path}/saved`],
      /^Cannot write savedmodel in half precision: leave --half out, or take/,
    ],
    [
      [`${folder.path}/model`, "--half", "--format", "page", "--out", `${folder.path}/site`],
      /^Cannot write page in half precision: /,
    ],
    [
      [`${folder.path}/model`, "--format", "savedmodel", "--out", `${folder.path}/model/posmap.json/saved`],
      /Cannot write to .*: .*posmap\.json is a file, not a folder; name another place by --out/,
    ],
    [[`${folder.path}/model`, "--out", folder.path], /Cannot write .*: it is there already; name another/],
  ];
  const ends = await taskEnds("export", refused.map(([flags]) => flags), { apart: apart.length });
  ends.forEach(({ code, stdout, stderr }, i) => {
    const [flags, message] = refused[i]!;
    const lines = stderr.trimEnd().split("\n").filter((line) => !/^Writing the (model|page)$/.test(line));
    assert(lines.length === 1 && message.test(lines[0]!), `${flags}: ${stderr}`);
    assertEquals([code, stdout], [2, ""]);
  });
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["model"]);
});
