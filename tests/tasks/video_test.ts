import { decodePhoto, encodePng } from "@/lib/data/files/images.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { runTaskChild, taskEnds } from "@/tests/tasks/children.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";
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

Deno.test("deno task video turns the largest face of a photo, and says where there is none", async () => {
  await using folder = await temporaryFolder();
  const { picture } = new DrawnActor({ seed: "anna", size: 256 }).draw({});
  await Deno.writeFile(`${folder.path}/anna.png`, await encodePng(picture));
  const made = await runTaskChild("video", "anna.png", "--seconds", "0.5", { folder: folder.path });
  assertEquals([made.code, made.stdout.trim()], [
    0,
    "turning.mp4, turning.webp and turning.html: 12 frames of 400 × 400 pixels",
  ]);
  const empty = { width: 90, height: 60, rgb: new Uint8Array(3 * 90 * 60).fill(120) };
  await Deno.writeFile(`${folder.path}/empty.png`, await encodePng(empty));
  const refused = await runTaskChild("video", "empty.png", "--out", "none", { folder: folder.path });
  assertEquals([refused.code, refused.stderr.trimEnd().split("\n").at(-1)], [
    2,
    "Found no face in empty.png; --box says where one is",
  ]);
});

Deno.test("deno task video refuses what it cannot use in one sentence, exit status 2", async () => {
  const apart: [string[], RegExp][] = [
    [["--fast"], /unknown option '--fast'/],
    [["--out", "/nowhere/face"], /Cannot write \/nowhere\/face\.mp4: there is no folder \/nowhere/],
  ];
  const refused: typeof apart = [
    ...apart,
    [["--model", "runs/1"], /Cannot look for the built-in face: --model, --backend, --crop and --box are for a photo/],
    [["--box", "1,2,3,4"], /Cannot look for the built-in face/],
    [["photo.jpg", "--crop", "1,2"], /Cannot use --crop 1,2: 3 numbers were expected/],
    [["photo.jpg", "--crop", "1,2,-3"], /Cannot use --crop 1,2,-3: /],
    [["--seconds", "long"], /Cannot set --seconds to long: a number from 0\.5 to 60 is wanted/],
    ...["folder/", "..", "folder/.", ""].map((out): [string[], RegExp] => [
      ["--out", out],
      new RegExp(`Cannot write "${RegExp.escape(out)}": a file's name is wanted, not a folder's$`),
    ]),
  ];
  const ends = await taskEnds("video", refused.map(([flags]) => flags), { apart: apart.length });
  ends.forEach(({ code, stdout, stderr }, i) => {
    const [flags, message] = refused[i]!;
    assert(message.test(stderr.trimEnd()) && stderr.trimEnd().split("\n").length === 1, `${flags}: ${stderr}`);
    assertEquals([code, stdout], [2, ""]);
  });
});
