import { encodePng } from "@/lib/data/files/images.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { Lines, runTaskChild, spawnTask } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("what deno task train makes where the user stands, deno task evaluate measures and deno task video opens", async () => {
  await using folder = await temporaryFolder();
  const standing = { folder: folder.path };
  const trained = await runTaskChild("train", "--fast-dev-run", "--device", "cpu", "--run", "a run", standing);
  assertEquals(trained.code, 0);
  assert(/\nmodel +a run\/model\nreport +a run\/report\.html\n$/.test(trained.stdout), trained.stdout);
  const wanted = [
    /^Opening the faces and the network\n/,
    /\na run: lite at 64² /,
    /\nTracing the first step\n/,
    /\nstep 1\/2 .* – faces\/s +– left\nstep 2\/2 .* \d+(\.\d)? faces\/s +0 s left\n/,
    /\nEvaluating on 8 faces\n/,
    /\nWriting the model and the report\n/,
  ];
  for (const pattern of wanted) assert(pattern.test(trained.stderr), `${pattern}: ${trained.stderr}`);
  for (const path of ["config.json", "metrics.jsonl", "events", "checkpoints", "model/posmap.json", "report.html"]) {
    await Deno.stat(`${folder.path}/a run/${path}`);
  }
  const measure = ["a run", "--json", "--test-samples", "2"];
  const { code, stdout } = await runTaskChild("evaluate", ...measure, standing);
  assertEquals(code, 0);
  const evaluation = JSON.parse(stdout); // one object and nothing else
  assertEquals(Object.keys(evaluation), [
    "images",
    "imagesWithDepth",
    "nme68_2d",
    "nme68_3d",
    "nme51_2d",
    "jaw17_2d",
    "baseline",
  ]);
  assertEquals(evaluation.images, 2);

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

Deno.test("deno task evaluate refuses what it cannot use in one sentence, exit status 2", async () => {
  await using folder = await temporaryFolder();
  const refused: [string[], RegExp][] = [
    [[], /missing required argument 'folder'/],
    [[folder.path, "--fast"], /unknown option '--fast'/],
    [[folder.path, "--test-samples", "0"], /Cannot set --test-samples to 0: a whole number from 1 is wanted/],
    [[folder.path, "--photos", folder.path, "--seed", "8"], /'--photos <folder>' cannot be used with option '--seed/],
    [[folder.path], new RegExp(`Cannot load ${folder.path}/posmap\\.json: there is no such file`)],
  ];
  const ends = await Promise.all(refused.map(([flags]) => runTaskChild("evaluate", ...flags)));
  ends.forEach(({ code, stdout, stderr }, i) => {
    const [flags, message] = refused[i]!;
    const sentence = stderr.trimEnd().split("\n").at(-1)!; // after the line that names the device
    assert(message.test(sentence), `${flags}: ${stderr}`);
    assertEquals([code, stdout], [2, ""]);
  });
});
