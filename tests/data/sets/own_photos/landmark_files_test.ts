import { openLandmarkFiles, parseCoco, parseFaces, parsePts } from "@/lib/data/sets/own_photos/landmark_files.ts";
import { InputError } from "@/lib/errors.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** Places whose numbers all differ. */
const places = Array.from({ length: 68 }, (_, k) => [10 + k, 100 - k] as const);
const inPixels = (shift: number) => Float32Array.from(places.flat(), (value) => value + shift);
const pts = `version: 1\nn_points:  68\n{\n${places.map((place) => place.join(" ")).join("\n")}\n}\n`;
const outline = { path: "a.json", convention: "outline" } as const;
const size = { fileWidth: 200, fileHeight: 150 };

const wholeBody = (changes: object = {}, image: object = {}) =>
  JSON.stringify({
    images: [{ id: 7, file_name: "some/anna.jpg", width: 200, height: 150, ...image }],
    annotations: [
      { image_id: 7, face_valid: true, face_kpts: places.flatMap((place) => [...place, 2]), ...changes },
      { image_id: 7, face_valid: false, face_kpts: new Array(204).fill(0) },
      { image_id: 8, keypoints: new Array(51).fill(1) },
    ],
  });

Deno.test("landmarks of every kind of file are where their pixels' centers are: at 1 in .pts, 0 in COCO, 0.5 in ours", async () => {
  assertEquals(parsePts(pts, "a.pts"), [inPixels(-0.5)]);
  assertEquals(parsePts(pts.replaceAll("\n", "\r\n"), "a.pts"), [inPixels(-0.5)]);
  assertEquals(parseFaces(JSON.stringify(places), outline), [inPixels(0)]);
  assertEquals(parseFaces(JSON.stringify({ landmarks: places.map((place) => [...place, 5]) }), outline), [inPixels(0)]);
  assertEquals(parseFaces(JSON.stringify([{ landmarks: places }, { landmarks: places }]), outline).length, 2);
  const files = parseCoco(wholeBody(), "coco.json");
  assertEquals(await files.of("some/anna.jpg", size), [inPixels(0.5)]);
  assertEquals(await files.of("anna.png", size), undefined);
});

Deno.test("a name without folders in COCO's format is that of one photo, the first that comes, however often", async () => {
  const files = parseCoco(wholeBody({}, { file_name: "0001.jpg" }), "coco.json");
  for (let time = 0; time < 2; time++) assertEquals(await files.of("cam1/0001.jpg", size), [inPixels(0.5)]);
  await assertThrows(
    () => files.of("cam2/0001.jpg", size),
    InputError,
    /^Cannot use cam2\/0001\.jpg with coco\.json: 0001\.jpg there was taken for cam1\/0001\.jpg; paths with folders /,
  );
  await assertThrows(() => files.of("0001.jpg", size), InputError, /taken for cam1/);
});

Deno.test("landmarks in JSON that says their convention are those in the one that is asked for, or are refused", async () => {
  const jaws = places.map(([x, y]) => [x + 3, y]);
  const said = (more: object) => JSON.stringify({ landmarks: jaws, convention: "300w-lp", ...more });
  const both = said({ landmarksByConvention: { outline: places } });
  assertEquals(parseFaces(both, outline), [inPixels(0)]);
  const moved = [Float32Array.from(jaws.flat())];
  for (const text of [both, said({})]) {
    assertEquals(parseFaces(text, { path: "a.json", convention: "300w-lp" }), moved);
  }
  for (const convention of [undefined, "of our own"]) assertEquals(parseFaces(said({ convention }), outline), moved);
  for (const landmarksByConvention of [{}, { outline: [[1, 2]] }, "none"]) {
    await assertThrows(
      () => parseFaces(said({ landmarksByConvention }), outline),
      InputError,
      /a\.json: its landmarks are in the convention 300w-lp, outline was expected; --convention 300w-lp takes them$/,
    );
  }
});

Deno.test("openLandmarkFiles() finds the file named as the photo, in a folder in the folder, too", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/trip`);
  await Deno.writeTextFile(`${folder.path}/trip/anna.pts`, pts);
  await Deno.writeTextFile(`${folder.path}/bert.json`, `\ufeff${JSON.stringify(places)}`);
  await Deno.writeTextFile(`${folder.path}/coco.json`, wholeBody());
  const files = await openLandmarkFiles(folder.path, "outline");
  assertEquals(await files.of("trip/anna.jpg", size), [inPixels(-0.5)]);
  assertEquals(await files.of("bert.JPG", size), [inPixels(0)]);
  assertEquals(await files.of("carl.jpg", size), undefined);
  const one = await openLandmarkFiles(`${folder.path}/coco.json`, "outline");
  assertEquals((await one.of("some/anna.jpg", size))?.length, 1);
  await assertThrows(
    () => openLandmarkFiles(`${folder.path}/none`, "outline"),
    InputError,
    /a folder of .pts or .json files, or/,
  );
});

Deno.test("landmarks that are not all marked, or not where the photo is, are refused with the file's name", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/anna.pts`;
  const files = await openLandmarkFiles(folder.path, "outline");
  const refused: [string, RegExp][] = [
    ["hello", /Cannot use .*anna\.pts: it has no points in braces, 68 lines of x and y/],
    [pts.replace("10 100\n", ""), /its braces hold 134 words/],
    [pts.replace("10 100", "nan nan"), /68 lines of x and y were expected/],
    [pts.replace("10 100", "0 0").replace("11 99", "-1 -1"), /Cannot use anna\.jpg with .*: 2 of 68 landmarks are not/],
    [pts.replaceAll(/^(\d+) (\d+)$/gm, "1$1 7$2"), /68 of 68 landmarks lie beside the photo, which has 200 × 150/],
  ];
  for (const [text, sentence] of refused) {
    await Deno.writeTextFile(path, text);
    await assertThrows(() => files.of("anna.jpg", size), InputError, sentence);
  }
  await assertThrows(() => parseFaces("[[1, 2]]", outline), InputError, /a\.json: "landmarks" of 68 \[x, y\]/);
  await assertThrows(
    () => parseFaces("{", outline),
    InputError,
    /^Cannot read a\.json: it is no JSON: it ends in line 1/,
  );
  await assertThrows(
    () => parseCoco('{"images": []}', "c.json"),
    InputError,
    /c\.json: "annotations": .*COCO's format/,
  );
  const hidden = wholeBody({ face_kpts: places.flatMap((place, k) => [...place, k < 2 ? 0 : 2]) });
  await assertThrows(() => parseCoco(hidden, "c.json").of("some/anna.jpg", size), InputError, /2 of 68 landmarks/);
  await assertThrows(
    () => parseCoco(wholeBody({}, { width: 100 }), "c.json").of("some/anna.jpg", size),
    InputError,
    /it has 200 × 150 pixels, and there 100 × 150/,
  );
});
