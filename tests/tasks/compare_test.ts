import { encodeJpeg } from "@/lib/data/files/images.ts";
import { FittedFaces } from "@/lib/data/sets/300w_lp/fitted_faces.ts";
import { landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import { savePreparedFace } from "@/lib/face/prepared_face.ts";
import { Random } from "@/lib/random.ts";
import { fittedFaceFile } from "@/tests/data/sets/300w_lp/fitted_face_writer.ts";
import { drawFit, randomFit, standInModel } from "@/tests/data/sets/300w_lp/stand_in.ts";
import { annotationFile } from "@/tests/data/sets/annotation_writer.ts";
import { assertEvaluation } from "@/tests/evaluate/evaluation_shape.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { runTaskChild, taskEnds } from "@/tests/tasks/children.ts";
import { saveTinyModel } from "@/tests/tasks/tiny_model.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const weights = "data/weights/lite";

Deno.test("deno task compare measures models on the same drawn faces: the trained one is better, the larger one larger", async () => {
  await using folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  const compare = (...more: string[]) => runTaskChild("compare", ...more, folder.path, "--test-samples", "4");
  const { code, stdout, stderr } = await compare("--format", "json", weights);
  assertEquals([code, stderr.includes("Timing, in turns")], [0, true]);
  const { faces, models: [trained, tiny], papers } = JSON.parse(stdout);
  assertEquals([faces, papers], ["4 unseen built-in faces of 1 person", undefined]);
  assertEquals([trained.name, tiny.name, trained.difference], [weights, folder.path, undefined]);
  assertEvaluation(trained.evaluation, "expressions"); // those that both have
  assertEvaluation(tiny.evaluation, "dense"); // the faces are of its own surface
  const [better, worse] = [trained, tiny].map(({ evaluation: { nme68_2d } }) => nme68_2d.mean);
  assert(better < worse && Math.abs(tiny.difference.mean - (worse - better)) < 1e-9, `${tiny.difference.mean}`);
  assertEquals(trained.bytes, (await Deno.stat(`${weights}/model.onnx`)).size);
  assert(trained.bytes > tiny.bytes && tiny.bytes > 0 && trained.milliseconds > 0 && tiny.milliseconds > 0);
  const rows = (await compare("--format", "markdown")).stdout.trimEnd().split("\n");
  assertEquals(rows.length, 3); // head, rule, model
  for (const row of rows) assertEquals(row.split("|").length, 16);
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
  assert(/^<!doctype html>\n[^]*<meta charset="utf-8">[^]*<title>Models compared on 1 photo<\/title>/.test(html), html);
  assert(html.length < 2e4, `${html.length} characters: nothing is drawn`);
  for (const { method, url, balanced } of papers) {
    assert(
      html.includes(`<th>${method}</th>`) && html.includes(url) && html.includes(`<td>${balanced.toFixed(2)}</td>`),
    );
  }
  assert(html.includes(`<td>${evaluation.nme68_2d.mean.toFixed(2)}</td>`), html);
  const apart: [string[], RegExp][] = [
    [["--format", "csv"], /Allowed choices are text, markdown, html, json/],
  ];
  const refused: typeof apart = [
    ...apart,
    [["--face-model", `${folder.path}/none`], /Cannot read .*none/],
    [["--source", "ict"], /'--photos <folder>' cannot be used with option '--source/],
    [["--boxes", "3ddfa"], /Allowed choices are truth, detector/],
  ];
  const lists = refused.map(([flags]) => [weights, "--photos", folder.path, ...flags]);
  (await taskEnds("compare", lists, { apart: apart.length })).forEach(({ code, stdout, stderr }, i) => {
    assertEquals([code, stdout, refused[i]![1].test(stderr)], [2, "", true]);
  });
  const { code: status, stderr: sentence } = await runTaskChild("compare", weights, "--boxes", "detector");
  assertEquals(
    [status, sentence],
    [2, "Cannot use --face-model or --boxes without --photos, of which they say more\n"],
  );
});

Deno.test("deno task compare measures whole faces by a face model, of models that are laid out as it is, as evaluate does", async () => {
  await using folder = await temporaryFolder();
  const [photos, own, faceModel] = ["photos", "own", "bfm.model"].map((name) => `${folder.path}/${name}`) as Three;
  const flat = `${folder.path}/300w-lp`; // the same photos without depths
  const fitted = standInModel();
  await savePreparedFace(faceModel, {
    model: fitted.model,
    identityDeviations: Float64Array.from(fitted.identityDeviations),
    expressionDeviations: Float64Array.from(fitted.expressionDeviations),
  });
  await saveTinyModel(own); // of the stand-in's surface
  for (const path of [photos, flat]) await Deno.mkdir(path);
  for (const name of ["image00001", "image00002"]) {
    const fit = randomFit(fitted, 200, new Random(name));
    const vertices = new FittedFaces(fitted).place(fit, 200);
    const landmarks = valuesAt(landmarksOf(fitted.model.surface.landmarks), vertices);
    const pt3d_68 = [...landmarks].map((value, i) => i % 3 === 2 ? value : value + 0.5); // MATLAB's pixels
    await Deno.writeFile(`${photos}/${name}.jpg`, await encodeJpeg(drawFit(fitted, fit, 200)));
    await Deno.writeFile(`${photos}/${name}.mat`, fittedFaceFile(fit, { pt3d_68 }));
    await Deno.copyFile(`${photos}/${name}.jpg`, `${flat}/${name}.jpg`);
    await Deno.writeFile(`${flat}/${name}.mat`, fittedFaceFile(fit, { pt2d: pt3d_68.filter((_, i) => i % 3 < 2) }));
  }
  const given = ["--photos", photos, "--face-model", faceModel];
  const { code, stdout, stderr } = await runTaskChild("compare", weights, own, ...given, "--format", "json");
  assert(code === 0 && stderr.includes("Timing, in turns"), stderr);
  const { models: [others, ours], faces } = JSON.parse(stdout);
  assertEquals([faces, others.evaluation.dense], ["2 photos", undefined]); // its surface is another
  const { protocol } = JSON.parse((await runTaskChild("evaluate", own, ...given, "--json")).stdout);
  const errorsOf = (points: string) => protocol.rows.find((row: { points: string }) => row.points === points).errors;
  assertEquals(ours.evaluation.dense, {
    in2d: errorsOf("whole face, 2D"),
    in3d: errorsOf("whole face, 3D, depths aligned"),
  });
  assert(ours.evaluation.dense.in3d.mean > ours.evaluation.dense.in2d.mean);
  assert(ours.evaluation.dense.in2d.mean > 0 && errorsOf("whole face, after ICP").mean > 0);
  const inFlat = await runTaskChild("evaluate", own, "--photos", flat, "--face-model", faceModel, "--json");
  const rowsOfFlat = JSON.parse(inFlat.stdout).protocol.rows as { points: string; errors: object }[];
  assert(!rowsOfFlat.some(({ points }) => points.startsWith("68 points, 3D")));
  for (const { points, errors } of rowsOfFlat) assertEquals([points, errors], [points, errorsOf(points)]);
  assertEquals(rowsOfFlat.filter(({ points }) => points.startsWith("whole face")).length, 4);
  const rows = (await runTaskChild("compare", weights, own, ...given)).stdout.split("\n");
  const numbers = (name: string) => rows.find((row) => row.startsWith(name))!.slice(name.length).trim().split(/ {2,}/);
  assertEquals(numbers(weights).slice(7, 9), ["–", "–"]);
  assertEquals(numbers(own)[7], ours.evaluation.dense.in2d.mean.toFixed(2));
  assertEquals(numbers(weights)[1], "–");
  const { mean, interval: [low, high] } = ours.difference;
  assert(numbers(own)[1] === `+${mean.toFixed(2)} (+${low.toFixed(2)} to +${high.toFixed(2)})`, numbers(own)[1]);
});

type Three = [string, string, string];
