import { assert, assertEquals } from "@/tests/support.ts";
import { runTaskChild } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("deno task train --fast-dev-run makes a model and a report; deno task evaluate --json measures it", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const trained = await runTaskChild("train", "--fast-dev-run", "--device", "cpu", "--run", run);
  assertEquals([trained.code, trained.stdout.includes(`${run}/report.html`)], [0, true]);
  for (const path of ["config.json", "metrics.jsonl", "events", "checkpoints", "model/posmap.json", "report.html"]) {
    await Deno.stat(`${run}/${path}`);
  }
  const { code, stdout } = await runTaskChild("evaluate", run, "--json", "--test-samples", "2", "--device", "cpu");
  assertEquals(code, 0);
  const evaluation = JSON.parse(stdout); // one object and nothing else
  assertEquals(Object.keys(evaluation), ["images", "imagesWithDepth", "nme68_2d", "nme68_3d", "baseline"]);
  assertEquals(evaluation.images, 2);
});

Deno.test("deno task evaluate refuses what it cannot use in one sentence, exit status 2", async () => {
  await using folder = await temporaryFolder();
  const refused: [string[], RegExp][] = [
    [[], /missing required argument 'folder'/],
    [[folder.path, "--fast"], /unknown option '--fast'/],
    [[folder.path, "--test-samples", "0"], /Cannot set testSamples to 0: /],
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
