import { encodeJpeg } from "@/lib/data/files/images.ts";
import { annotationFile } from "@/tests/data/sets/annotation_writer.ts";
import { assertEvaluation } from "@/tests/evaluate/evaluation_shape.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { runTaskChild } from "@/tests/tasks/children.ts";
import { saveTinyModel } from "@/tests/tasks/tiny_model.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const weights = "data/weights/lite";

Deno.test("deno task compare measures models on the same drawn faces: the trained one is better, the larger one larger", async () => {
  await using folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  const compare = (...more: string[]) => runTaskChild("compare", weights, folder.path, "--test-samples", "4", ...more);
  const { code, stdout, stderr } = await compare("--format", "json");
  assertEquals([code, stderr.includes("Timing, in turns")], [0, true]);
  const { faces, models: [trained, tiny], papers } = JSON.parse(stdout);
  assertEquals([faces, trained.name, tiny.name, papers], ["4 unseen built-in faces", weights, folder.path, undefined]);
  assertEvaluation(trained.evaluation, "expressions"); // those that both have
  assertEvaluation(tiny.evaluation, "dense"); // the faces are of its own surface
  assert(trained.evaluation.nme68_2d.mean < tiny.evaluation.nme68_2d.mean);
  assertEquals(trained.bytes, (await Deno.stat(`${weights}/model.onnx`)).size);
  assert(trained.bytes > tiny.bytes && tiny.bytes > 0 && trained.milliseconds > 0 && tiny.milliseconds > 0);
  const rows = (await compare("--format", "markdown")).stdout.trimEnd().split("\n");
  assertEquals(rows.length, 4); // head, rule, models
  for (const row of rows) assertEquals(row.split("|").length, 15);
});

Deno.test("deno task compare shows papers' figures beside those on photos, with where they stand", async () => {
  await using folder = await temporaryFolder();
  const { picture, landmarks } = new DrawnActor({ seed: "anna", size: 320 }).draw({ yaw: 20 });
  await Deno.writeFile(`${folder.path}/anna.jpg`, await encodeJpeg(picture));
  await Deno.writeFile(`${folder.path}/anna.mat`, annotationFile({ pt3d_68: [...landmarks] }));
  const compare = (...more: string[]) => runTaskChild("compare", weights, "--photos", folder.path, ...more);
  const { models: [{ pose, evaluation }], papers } = JSON.parse((await compare("--format", "json")).stdout);
  assertEquals([evaluation.images, pose.images], [1, 1]);
  const html = (await compare("--format", "html")).stdout;
  for (const { method, url, balanced } of papers) {
    assert(
      html.includes(`<th>${method}</th>`) && html.includes(url) && html.includes(`<td>${balanced.toFixed(2)}</td>`),
    );
  }
  assert(html.includes(`<td>${evaluation.nme68_2d.mean.toFixed(2)}</td>`), html);
  const refused: [string[], RegExp][] = [
    [["--face-model", `${folder.path}/none`], /Cannot read .*none/],
    [["--source", "ict"], /'--photos <folder>' cannot be used with option '--source/],
    [["--boxes", "3ddfa"], /Allowed choices are truth, detector/],
    [["--format", "csv"], /Allowed choices are text, markdown, html, json/],
  ];
  for (const [flags, message] of refused) {
    const { code, stdout, stderr } = await compare(...flags);
    assertEquals([code, stdout, message.test(stderr)], [2, "", true]);
  }
  const { code: status, stderr: sentence } = await runTaskChild("compare", weights, "--boxes", "detector");
  assertEquals(
    [status, sentence],
    [2, "Cannot use --face-model or --boxes without --photos, of which they say more\n"],
  );
});
