import { decodePhoto } from "@/lib/data/files/images.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { runTaskChild } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("deno task video makes MP4, WebP and page of a built-in face, and never overwrites them", async () => {
  await using folder = await temporaryFolder();
  const out = `${folder.path}/face`;
  const first = await runTaskChild("video", "--out", out, "--seconds", "0.5");
  assertEquals([first.code, first.stderr], [
    0,
    "Drawing the face from all sides\nWriting the video and the page\n",
  ]);
  assertEquals(first.stdout.trim(), `${out}.mp4, ${out}.webp and ${out}.html: 12 frames of 400 × 400 pixels`);
  assertEquals((await decodePhoto(`${out}.webp`)).width, 400);
  const page = await Deno.readTextFile(`${out}.html`);
  assert(page.includes('data-figure="mesh"') && page.includes("data:image/webp;base64,"));
  assert(!/(src|href)="https?:/.test(page), "the page needs a network");

  const before = (await Deno.stat(`${out}.mp4`)).mtime;
  await Deno.remove(`${out}.webp`);
  const again = await runTaskChild("video", "--out", out);
  assertEquals([again.code, again.stderr], [
    2,
    `Cannot write ${out}.mp4: it is there already; name another by --out\n`,
  ]);
  assertEquals((await Deno.stat(`${out}.mp4`)).mtime, before);
});

Deno.test("deno task video refuses what it cannot use in one sentence, exit status 2", async () => {
  const refused: [string[], RegExp][] = [
    [["--model", "runs/1"], /Cannot look for the built-in face: --model, --crop and --box are for a photo/],
    [["--box", "1,2,3,4"], /Cannot look for the built-in face/],
    [["photo.jpg", "--crop", "1,2"], /Cannot use --crop 1,2: 3 numbers were expected/],
    [["photo.jpg", "--crop", "1,2,-3"], /Cannot use --crop 1,2,-3: /],
    [["--seconds", "long"], /Cannot set --seconds to long: a number from 0\.5 to 60 is wanted/],
    [["--out", "folder/"], /Cannot set --out to "folder\/": the files' name is wanted, not a folder/],
    [["--out", ".."], /Cannot set --out to "\.\."/],
    [["--out", "/nowhere/face"], /Cannot write \/nowhere\/face\.mp4: there is no folder \/nowhere/],
    [["--fast"], /unknown option '--fast'/],
  ];
  const ends = await Promise.all(refused.map(([flags]) => runTaskChild("video", ...flags)));
  ends.forEach(({ code, stdout, stderr }, i) => {
    const [flags, message] = refused[i]!;
    assert(message.test(stderr.trimEnd()) && stderr.trimEnd().split("\n").length === 1, `${flags}: ${stderr}`);
    assertEquals([code, stdout], [2, ""]);
  });
});
