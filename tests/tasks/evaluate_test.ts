import { encodeJpeg, encodePng } from "@/lib/data/files/images.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { savePreparedFace } from "@/lib/face/prepared_face.ts";
import { assertEvaluation } from "@/tests/evaluate/evaluation_shape.ts";
import { annotationFile, facePoints } from "@/tests/data/sets/annotation_writer.ts";
import { assert, assertEquals, sharedData } from "@/tests/support.ts";
import { Lines, runTaskChild, spawnTask, taskEnds } from "@/tests/tasks/children.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("what deno task train makes where the user stands, deno task evaluate measures and deno task video opens", async () => {
  await using folder = await temporaryFolder();
  const standing = { folder: folder.path };
  const trained = await runTaskChild(
    "train",
    "--fast-dev-run",
    "--width",
    "4",
    "--workers",
    "0",
    "--device",
    "cpu",
    "--run",
    "a run",
    standing,
  );
  assertEquals(trained.code, 0);
  assert(/\nmodel +a run\/model\nreport +a run\/report\.html\n$/.test(trained.stdout), trained.stdout);
  const wanted = [
    /^Opening the faces and the network\n/,
    /\na run: lite at 64² /,
    /\nTracing the first step\n/,
    /\nstep 1\/2 .* – faces\/s +– left\nstep 2\/2 .* \d+(\.\d)? faces\/s +0 s left\n/,
    /\nEvaluating on 3 faces\n/,
    /\nWriting the model and the report\n/,
  ];
  for (const pattern of wanted) assert(pattern.test(trained.stderr), `${pattern}: ${trained.stderr}`);
  for (const path of ["config.json", "metrics.jsonl", "events", "checkpoints", "model/posmap.json", "report.html"]) {
    await Deno.stat(`${folder.path}/a run/${path}`);
  }
  const curves = /data-figure="blink".*data-figure="jaw"/s;
  assert(curves.test(await Deno.readTextFile(`${folder.path}/a run/report.html`)));
  const measure = ["a run", "--json", "--test-samples", "2", "--out", "page.html"];
  const { code, stdout } = await runTaskChild("evaluate", ...measure, standing);
  assertEquals(code, 0);
  const evaluation = JSON.parse(stdout); // one object and nothing else
  assertEvaluation(evaluation, "dense", "expressions"); // its own faces
  assertEquals(evaluation.images, 2);
  assert(curves.test(await Deno.readTextFile(`${folder.path}/page.html`)));
  const again = await runTaskChild("evaluate", ...measure, standing);
  assertEquals(again, {
    code: 2,
    stdout: "",
    stderr: "Cannot write page.html: it is there already; name another by --out\n",
  });

  await using stopped = spawnTask("evaluate", "a run", "--test-samples", "1000000", standing);
  const [out, said] = [new Lines(stopped.stdout), new Lines(stopped.stderr)];
  await said.until(/\nEvaluating on 1000000 faces\n/);
  stopped.kill("SIGTERM");
  assertEquals([(await stopped.status).code, await out.end()], [143, ""]);
  await said.end();

  const photo = { width: 40, height: 30, rgb: new Uint8Array(3 * 40 * 30) };
  await Deno.writeFile(`${folder.path}/photo.png`, await encodePng(photo));
  const beside = ["photo.png", "--model", "a run", "--crop", "40,0,20"];
  const video = await runTaskChild("video", ...beside, standing);
  const refusal =
    "Cannot look for a face in photo.png at 40,0,20: that lies beside the photo, which is 40 × 30 pixels\n";
  assert(video.code === 2 && video.stderr.endsWith(refusal), video.stderr);
});

const weights = "data/weights/lite";

Deno.test("deno task evaluate measures photos by AFLW2000-3D's protocol, where faces are and where they are found", async () => {
  await using folder = await temporaryFolder();
  const { picture, landmarks } = new DrawnActor({ seed: "anna", size: 320 }).draw({ yaw: 20 });
  const inMatlab = [...landmarks].map((value, i) => i % 3 === 2 ? value : value + 0.5);
  const gray = { width: 200, height: 200, rgb: new Uint8Array(3 * 200 * 200).fill(120) };
  for (const [name, photo, pt3d_68] of [["anna", picture, inMatlab], ["nobody", gray, facePoints(3, 15)]] as const) {
    await Deno.writeFile(`${folder.path}/${name}.jpg`, await encodeJpeg(photo));
    await Deno.writeFile(`${folder.path}/${name}.mat`, annotationFile({ pt3d_68 }));
  }
  const measure = (...more: string[]) => runTaskChild("evaluate", weights, "--photos", folder.path, ...more);
  const truth = JSON.parse((await measure("--json")).stdout);
  assertEvaluation(truth, "boxes", "protocol");
  assertEquals([truth.boxes, truth.images, truth.protocol.missed], ["truth", 2, 0]);
  const found = JSON.parse((await measure("--json", "--boxes", "detector")).stdout);
  assertEquals([found.boxes, found.images, found.protocol.images, found.protocol.missed], ["detector", 1, 2, 1]);
  assert(found.nme68_2d.mean < 10, `${found.nme68_2d.mean} %`); // it was found where it is
  assertEquals(found.protocol.cumulative.at(-1), 0.5); // a missed face is below no error
  assertEquals(found.protocol.pose.images, 1);
  const page = `${folder.path}/page.html`;
  const { stdout } = await measure("--boxes", "detector", "--out", page);
  const [, drawn] = /<script type="application\/json" data-figure="cumulative">(.*?)<\/script>/
    .exec(await Deno.readTextFile(page))!;
  assertEquals(JSON.parse(drawn!).data[0].y.at(-1), 50);
  assert(/\nNME in %, 1 of 2 faces, yaws of the fits /.test(stdout), stdout);
});

Deno.test({
  name: "deno task evaluate takes 3DDFA's annotations of AFLW2000-3D: corrected landmarks, other yaws, its boxes",
  ignore: !sharedData("aflw2000-3d"),
  fn: async () => {
    const [photos, annotations] = [`${sharedData("aflw2000-3d")}/samples`, `${sharedData("aflw2000-3d")}/annotations`];
    const given = ["--photos", photos, "--annotations", annotations, "--boxes", "3ddfa", "--json"];
    const { protocol } = JSON.parse((await runTaskChild("evaluate", weights, ...given)).stdout);
    const bins = { "0-30": 6, "30-60": 1, "60-90": 1 };
    assertEquals([protocol.counts, protocol.missed], [{ fitted: bins, reannotated: bins }, 0]);
    assertEquals(protocol.rows.length, 18);
    for (const { points, errors } of protocol.rows) {
      assert(points === "68 points, 3D" || errors.mean < 8, `${points}: ${errors.mean} %`);
    }
    for (const angle of ["yaw", "pitch", "roll"]) {
      assert(protocol.pose[angle] < 8, `${angle}: ${protocol.pose[angle]}°`);
    }
  },
});

Deno.test("deno task evaluate refuses what it cannot use in one sentence, exit status 2", async () => {
  await using folder = await temporaryFolder();
  const otherFace = `${folder.path}/other.model`;
  await savePreparedFace(otherFace, { model: builtInFace() });
  const apart: [string[], RegExp][] = [
    [[], /missing required argument 'folder'/],
    [[folder.path], new RegExp(`Cannot load ${folder.path}/posmap\\.json: there is no such file`)],
  ];
  const refused: typeof apart = [
    ...apart,
    [[folder.path, "--fast"], /unknown option '--fast'/],
    [[folder.path, "--test-samples", "0"], /Cannot set --test-samples to 0: a whole number from 1 is wanted/],
    [[folder.path, "--photos", folder.path, "--seed", "8"], /'--photos <folder>' cannot be used with option '--seed/],
    [[weights, "--boxes", "detector"], /Cannot use --annotations, --face-model or --boxes without --photos/],
    [
      [weights, "--photos", folder.path, "--face-model", otherFace],
      /by .*other\.model, a model of .* modes: the file that .* is wanted;/,
    ],
    [[weights, "--photos", folder.path, "--boxes", "3ddfa"], /Cannot use --boxes 3ddfa without --annotations/],
    [[weights, "--photos", folder.path, "--boxes", "all"], /Allowed choices are truth, detector, 3ddfa/],
  ];
  const ends = await taskEnds("evaluate", refused.map(([flags]) => flags), { apart: apart.length });
  ends.forEach(({ code, stdout, stderr }, i) => {
    const [flags, message] = refused[i]!;
    const sentence = stderr.trimEnd().split("\n").at(-1)!; // after the line that names the device
    assert(message.test(sentence), `${flags}: ${stderr}`);
    assertEquals([code, stdout], [2, ""]);
  });
});
