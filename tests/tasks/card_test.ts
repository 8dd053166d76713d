import { decodePhoto } from "@/lib/data/files/images.ts";
import { exportOnnx } from "@/lib/export/save_onnx.ts";
import { isThere } from "@/lib/files.ts";
import { readDescription } from "@/lib/model/model_folder.ts";
import { replaceDescription } from "@/lib/model/trained_model.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";
import { runTaskChild } from "@/tests/tasks/children.ts";
import { saveTinyModel } from "@/tests/tasks/tiny_model.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const weights = `${import.meta.dirname}/../../data/weights/lite`;

Deno.test("deno task card measures a model on faces like those of its training, by what pictures show", async () => {
  await using folder = await temporaryFolder();
  const [model, out] = ["a model", "new/card"].map((name) => `${folder.path}/${name}`) as [string, string];
  await saveTinyModel(model, { summary: { source: "built-in", seed: 7 } });
  await exportOnnx(model);
  const { code, stdout } = await runTaskChild("card", "--model", model, "--test-samples", "24", "--out", out);
  assertEquals([code, stdout], [0, `${out}/card.md and ${out}/worst.jpg\n`]);
  const card = await Deno.readTextFile(`${out}/card.md`);
  const weightCount = /- Model: `lite` at 64², ([\d.]+) M weights in `model\.onnx`, license not said\n/.exec(card)?.[1];
  assert(
    Number(weightCount) > 0 && 4e6 * Number(weightCount) < 1.1 * (await Deno.stat(`${model}/model.onnx`)).size,
    card,
  );
  const lines = [
    "# …/a model\n",
    "- Measured on 24 faces of 3 people of the source `built-in`, split `test`, seed 7\n",
    "- Made by `deno task card --model '…/a model' --test-samples 24 --seed 7`\n",
    "\n## Drawn faces of unseen people: 24 faces of 3 people\n",
  ];
  for (const line of lines) assert(card.includes(line), card);
  assert(card.startsWith(lines[0]!) && !card.includes(folder.path), "it says of which model, not on which machine");
  assert(/^\| light \| \w[^|]* \| \d+ \| [1-3] \| /m.test(card), card); // faces, people
  for (const trait of ["yaw", "pitch", "skin tone", "cover", "light", "sharpness", "resolution", "color"]) {
    assert(card.includes(`\n| ${trait} | `), trait);
  }
  const counts = [...card.matchAll(/^\| (?:yaw)? ?\| (?:0–30°|30–60°|beyond 60°) \| (\d+) /gm)].map(([, n]) =>
    Number(n)
  );
  assertEquals(counts.reduce((a, b) => a + b), 24);
  const rows = card.split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((text) => text.trim()));
  const columnOf = (heading: string) => rows.find((row) => row.includes(heading))!.indexOf(heading);
  const overall = rows.find((row) => row.includes("68 points, 2D"))!;
  const bins = ["yaw 0–30°", "yaw 30–60°", "yaw 60–90°"].map((heading) => overall[columnOf(heading)]!);
  const groups = rows.filter((row) => ["0–30°", "30–60°", "beyond 60°"].includes(row[2]!));
  assertEquals(groups.map((row) => row[columnOf("68, 2D")]), bins.filter((text) => text !== "–"));
  const tones = [...card.matchAll(/^\| (?:skin tone)? ?\| ([a-z ]+) \| \d+ \| \d+ \| ([\d.]+) /gm)]
    .filter(([, label]) => ["dark", "brown", "tan", "intermediate", "light", "very light"].includes(label!))
    .map(([, label, error]) => ({ label: label!, error: Number(error) })).sort((a, b) => a.error - b.error);
  const [best, worst] = [tones[0]!, tones.at(-1)!];
  const said = /worst of their groups, ([a-z ]+), is .* It is ([\d.]+) % worse than the best, ([a-z ]+)\.\n/.exec(
    card,
  )!;
  assertEquals([said[1], said[3], tones.length > 1], [worst.label, best.label, true]);
  assertClose(Number(said[2]), 100 * (worst.error / best.error - 1), 0.2, "of errors with two decimals");
  const { width, height } = await decodePhoto(`${out}/worst.jpg`);
  assertEquals([width, height], [6 * 192 + 5 * 4, 2 * 192 + 4]);
});

Deno.test("deno task card refuses a model that does not say what it was trained on, and one of other faces", async () => {
  await using folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  await exportOnnx(folder.path);
  const { code, stderr } = await runTaskChild("card", "--model", folder.path);
  assertEquals(code, 2);
  assert(stderr.endsWith(`Cannot measure ${folder.path}: it does not say which faces it was trained on\n`), stderr);

  const other = `${folder.path}/other`;
  await Deno.mkdir(other);
  await replaceDescription(other, { ...await readDescription(weights), summary: { source: "built-in", seed: 7 } });
  await Deno.copyFile(`${weights}/model.onnx`, `${other}/model.onnx`);
  const refused = await runTaskChild("card", "--model", other, "--out", `${folder.path}/card`);
  assertEquals([refused.code, await isThere(`${folder.path}/card`)], [2, false]);
  assert(
    /\nCannot measure .*other on the source built-in: its maps have another layout /.test(refused.stderr),
    refused.stderr,
  );
});
