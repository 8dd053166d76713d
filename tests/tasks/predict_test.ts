/** The command as users call it, with the weights that come along, on drawn faces. */
import { dirname } from "node:path";
import sharp from "sharp";
import { encodeJpeg, encodePng } from "@/lib/data/files/images.ts";
import { nme } from "@/lib/evaluate/nme.ts";
import type { Photo } from "@/lib/types.ts";
import { orientations, orientedJpeg } from "@/tests/data/files/oriented.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { Lines, runTaskChild, spawnTask, taskEnds } from "@/tests/tasks/children.ts";
import { saveTinyModel } from "@/tests/tasks/tiny_model.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const SIZE = 320;
const anna = new DrawnActor({ seed: "anna", size: SIZE }).draw({ yaw: 20 });
const empty: Photo = { width: 200, height: 150, rgb: new Uint8Array(3 * 200 * 150).fill(120) };

/** A folder where a user stands, with these files in it. */
async function standing(files: Readonly<Record<string, Uint8Array | string>> = {}) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await Deno.mkdir(dirname(`${folder.path}/${name}`), { recursive: true });
    await Deno.writeFile(
      `${folder.path}/${name}`,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }
  return {
    ...folder,
    predict: (...given: string[]) => runTaskChild("predict", ...given, { folder: folder.path }),
    /** What stands in a folder, in order. */
    list: (name: string) => [...Deno.readDirSync(`${folder.path}/${name}`)].map((entry) => entry.name).sort(),
    // deno-lint-ignore no-explicit-any -- what the command writes
    read: async (name: string): Promise<any> => JSON.parse(await Deno.readTextFile(`${folder.path}/${name}`)),
  };
}

const allFiles = [
  ...["depth.png", "face.json", "map.npy", "map.png", "mesh.glb", "mesh.mtl", "mesh.obj", "mesh.ply", "panels.png"],
  "texture.jpg",
];

function errorOf(landmarks: number[][], truth: Float32Array): number {
  return nme({ predicted: Float32Array.from(landmarks.flat()), truth }, 2);
}

Deno.test("deno task predict finds a face, writes every file of it, and never overwrites them", async () => {
  await using user = await standing({ "anna.jpg": await encodeJpeg(anna.picture) });
  const first = await user.predict("anna.jpg");
  assertEquals(first, { code: 0, stdout: "", stderr: "anna.jpg: 1 face\n1 face in 1 photo: faces\n" });
  assertEquals([user.list("faces"), user.list("faces/anna")], [["anna"], allFiles]);
  const record = await user.read("faces/anna/face.json");
  assert(errorOf(record.landmarks, anna.landmarks) < 5);
  assert(Math.abs(Math.abs(record.pose.yaw) - 20) < 6, `${record.pose.yaw}°`);
  assert(record.scores.detector > 0.5 && record.scores.fit > 0.9);
  assertEquals(await user.predict("anna.jpg"), {
    code: 2,
    stdout: "",
    stderr: "Cannot write faces/anna: it is there already; name another place by --out\n",
  });
});

Deno.test("deno task predict takes folders and patterns, names what is without a face or unreadable, and goes on", async () => {
  const photo = await encodeJpeg(anna.picture);
  await using user = await standing({
    "photos/anna.jpg": photo,
    "photos/anna.PNG": await encodePng(anna.picture),
    "photos/cut.jpeg": photo.subarray(0, photo.length / 2),
    "photos/nobody.png": await encodePng(empty),
    "photos/zero.webp": "",
    "photos/notes.txt": "no photo",
    "photos/.hidden.jpg": photo,
    "photos/wave.gif": "GIF89a",
    "photos/nod.GIF": "GIF89a",
    "photos/anna.heic": "",
  });
  await Deno.symlink(user.path, `${user.path}/photos/link.jpg`); // a folder's
  const { code, stdout, stderr } = await user.predict("photos", "--only", "landmarks", "--json", "--out", "made/here");
  const said = stderr.trimEnd().split("\n");
  assertEquals([code, said.length], [0, 5]);
  assertEquals(said.shift(), "passed over: 1 HEIC and 2 GIF files, as JPEG, PNG and WebP pictures are read");
  assert(
    /^Cannot read photos\/cut\.jpeg: \d+ bytes, .*; a whole JPEG, PNG or WebP picture was expected$/.test(said[0]!),
  );
  assertEquals(said[1], "no face: photos/nobody.png");
  assert(said[2]!.startsWith("Cannot read photos/zero.webp: 0 bytes, "), stderr);
  assertEquals(said.slice(3), [
    "2 faces in 5 photos, 1 without a face, 2 not read: made/here",
  ]);
  const records = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(records.map(({ photo, folder }) => [photo, folder]), [
    ["photos/anna.PNG", "made/here/anna"],
    ["photos/anna.jpg", "made/here/anna_2"],
  ]);
  assertEquals(user.list("made/here"), ["anna", "anna_2"]);
  assertEquals(user.list("made/here/anna"), ["face.json"]);
  const { photo: _, folder: __, ...record } = records[1];
  const { photo: ___, folder: ____, ...stored } = await user.read("made/here/anna_2/face.json");
  assertEquals(record, stored);

  await Deno.remove(`${user.path}/made/here/anna_2`, { recursive: true }); // as where the batch was stopped
  const kept = await user.read("made/here/anna/face.json");
  const given = ["photos/a*.PNG", "./photos/anna.PNG", "photos/anna.jpg"];
  assertEquals(await user.predict(...given, "--only", "landmarks", "--out", "made/here"), {
    code: 0,
    stdout: "",
    stderr: "left as it is: made/here/anna\nphotos/anna.jpg: 1 face\n" +
      "1 face in 2 photos, 1 left as it is: made/here\n",
  });
  assertEquals(await user.read("made/here/anna/face.json"), kept);
  assertEquals(user.list("made/here/anna_2"), ["face.json"]);

  await Deno.mkdir(`${user.path}/others`); // whose photos are called the same
  for (const name of ["anna.jpg", "ben.jpg"]) await Deno.writeFile(`${user.path}/others/${name}`, photo);
  const others = await user.predict("others", "--only", "landmarks", "--out", "made/here");
  assertEquals([others.code, others.stderr.trimEnd().split("\n").at(-1)], [0, "2 faces in 2 photos: made/here"]);
  assertEquals(user.list("made/here"), ["anna", "anna_2", "anna_3", "ben"]);
  assertEquals((await user.read("made/here/anna_3/face.json")).photo, "others/anna.jpg");
  await Deno.writeFile(`${user.path}/others/anna.jpg`, await encodeJpeg(anna.picture, { quality: 60 }));
  await user.predict("others", "--only", "landmarks", "--out", "made/here"); // as one of the same path elsewhere
  assertEquals(user.list("made/here"), ["anna", "anna_2", "anna_3", "anna_4", "ben"]);
  assertEquals(await user.read("made/here/anna/face.json"), kept);
});

Deno.test("deno task predict numbers the faces of one photo from the image's left", async () => {
  const two: Photo = { width: 2 * SIZE, height: SIZE, rgb: new Uint8Array(6 * SIZE * SIZE) };
  const ben = new DrawnActor({ seed: "ben", size: SIZE }).draw({});
  [ben, anna].forEach(({ picture }, i) => {
    for (let row = 0; row < SIZE; row++) {
      two.rgb.set(picture.rgb.subarray(3 * row * SIZE, 3 * (row + 1) * SIZE), 3 * (row * two.width + i * SIZE));
    }
  });
  await using user = await standing({
    "two.png": await encodePng(two),
    "series/two.png": await encodePng(two),
    "series/two-1.png": await encodePng(anna.picture),
    "series/two-2.png": await encodePng(anna.picture),
  });
  const { code, stderr } = await user.predict("two.png", "--only", "landmarks");
  assertEquals([code, stderr, user.list("faces")], [
    0,
    "two.png: 2 faces\n2 faces in 1 photo: faces\n",
    ["two-1", "two-2"],
  ]);
  assert(errorOf((await user.read("faces/two-1/face.json")).landmarks, ben.landmarks) < 5);
  const shifted = anna.landmarks.map((value, i) => i % 3 === 0 ? value + SIZE : value);
  assert(errorOf((await user.read("faces/two-2/face.json")).landmarks, shifted) < 5);

  const series = await user.predict("series", "--only", "landmarks", "--out", "apart");
  assertEquals([series.code, user.list("apart")], [0, ["two-1", "two-2", "two_2-1", "two_2-2"]]);
});

Deno.test("deno task predict looks where a flag says: --crop as it is, --box refined", async () => {
  await using user = await standing({ "anna.png": await encodePng(anna.picture) });
  const told = async (out: string, ...flags: string[]) => {
    const { code } = await user.predict("anna.png", "--only", "landmarks", "--out", out, ...flags);
    assertEquals(code, 0);
    return await user.read(`${out}/anna/face.json`);
  };
  const found = await told("found");
  const { left, top, side } = found.crop;
  const crop = { left: Math.round(left) - 4, top: Math.round(top) + 3, side: Math.round(side) };
  const exact = await told("exact", "--crop", Object.values(crop).join());
  assertEquals([exact.crop, "detector" in exact.scores], [crop, false]);
  const boxed = await told("boxed", `--box=${left + side / 6},${top + side / 6},${side / 1.5},${side / 1.5}`);
  const [predicted, truth] = [boxed, found].map(({ landmarks }) => Float32Array.from(landmarks.flat()));
  assert(nme({ predicted: predicted!, truth: truth! }, 2) < 2, "the box leads to the same face");
});

Deno.test("deno task predict sees the same face in every kind of file", async () => {
  const raw = { raw: { width: SIZE, height: SIZE, channels: 3 } } as const;
  const picture = () => sharp(anna.picture.rgb, raw);
  const blank = new Uint8Array(3 * SIZE * SIZE).fill(90);
  const stack = Uint8Array.from([...anna.picture.rgb, ...blank]);
  const files = {
    "gray.jpg": await picture().grayscale().jpeg().toBuffer(),
    "cmyk.jpg": await picture().toColorspace("cmyk").jpeg().toBuffer(),
    ...Object.fromEntries(
      await Promise.all(orientations.map(async (n) => [`exif ${n}.jpg`, await orientedJpeg(anna.picture, n)])),
    ),
    "rgba.png": await picture().ensureAlpha(0.999).png().toBuffer(),
    "deep.png": await picture().toColorspace("rgb16").png().toBuffer(),
    "moving.webp": await sharp(stack, {
      raw: { width: SIZE, height: 2 * SIZE, channels: 3, pageHeight: SIZE },
    }).webp({ loop: 0, delay: [100, 100] }).toBuffer(),
  };
  await using user = await standing(files);
  const { code, stdout, stderr } = await user.predict(".", "--only", "landmarks", "--json");
  assertEquals([code, stderr], [0, "13 faces in 13 photos: faces\n"]);
  for (const line of stdout.trimEnd().split("\n")) {
    const { photo, picture, landmarks } = JSON.parse(line);
    const error = errorOf(landmarks, anna.landmarks);
    assert(error < 5, `${photo}: ${error} %`);
    const orientation = Number(/exif (\d)/.exec(photo)?.[1] ?? 1);
    assertEquals(picture, { width: SIZE, height: SIZE, orientation });
  }
});

Deno.test("deno task predict gives pixels of the file where a large photo is reduced to be read", async () => {
  const large = sharp(anna.picture.rgb, { raw: { width: SIZE, height: SIZE, channels: 3 } }).resize(4800, 4800);
  await using user = await standing({ "large.jpg": await large.jpeg().toBuffer() });
  assertEquals((await user.predict("large.jpg", "--only", "landmarks,mesh")).code, 0);
  const { landmarks, crop } = await user.read("faces/large/face.json");
  assert(errorOf(landmarks, anna.landmarks.map((value) => 15 * value)) < 5);
  const vertices = (await Deno.readTextFile(`${user.path}/faces/large/mesh.obj`)).matchAll(/^v (\S+) (\S+)/gm);
  const xs = Array.from(vertices, ([, x]) => Number(x));
  assert(Math.min(...xs) > crop.left && Math.max(...xs) < crop.left + crop.side && crop.side > 1000);
});

Deno.test("deno task predict that is stopped ends with the signal's status after the face at work, which is whole", async () => {
  const photo = await encodeJpeg(anna.picture);
  await using user = await standing(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`many/${i}.jpg`, photo])));
  await using child = spawnTask("predict", "many", { folder: user.path });
  const [out, said] = [new Lines(child.stdout), new Lines(child.stderr)];
  await said.until(/1 face\n/);
  child.kill("SIGTERM");
  assertEquals([(await child.status).code, await out.end()], [143, ""]);
  assert((await said.end()).includes("Stopping; a second signal ends at once\n"), said.text);
  const made = user.list("faces");
  assert(made.length > 0 && made.length < 40, `${made}`);
  for (const name of made) assertEquals(user.list(`faces/${name}`), allFiles);
  assert(made.every((name) => /^\d+$/.test(name)), `${made}`);
});

Deno.test("deno task predict makes the model.onnx that a model's folder lacks, and says so, once", async () => {
  await using user = await standing({ "anna.png": await encodePng(anna.picture) });
  await saveTinyModel(`${user.path}/model`);
  const predict = () => user.predict("anna.png", "--model", "model", "--crop", "60,60,200", "--only", "landmarks");
  const refusal = "Found no face in anna.png where --crop says that it is\n"; // the model was not trained
  const made = "Making model/model.onnx, which is missing, from model.json, once\n";
  assertEquals(await predict(), { code: 2, stdout: "", stderr: made + refusal });
  assert(user.list("model").includes("model.onnx"));
  assertEquals((await predict()).stderr, refusal);
});

Deno.test("deno task predict refuses what it cannot use in one sentence, exit status 2, and leaves nothing", async () => {
  await using user = await standing({
    "empty.png": await encodePng(empty),
    "zero.jpg": "",
    "text.jpg": "no photo at all",
    "folder/notes.txt": "",
    "scans/a.tif": "",
    "scans/b.bmp": "",
    "two/a.png": await encodePng(empty),
    "two/b.png": await encodePng(empty),
    "model/posmap.json": "{}",
  });
  const apart: [string[], string | RegExp][] = [
    [[], /missing required argument 'photo'/],
    [["missing.jpg"], "Found no photo missing.jpg: there is no such file or folder"],
    [["no*.jpg"], "Found no photo no*.jpg: there is no such file or folder"],
    [["{a,b}.jpg"], "Found no photo {a,b}.jpg: there is no such file or folder"],
    [["scans/*.tif"], "Found no photo in scans/*.tif, but 1 TIF file: JPEG, PNG or WebP files were expected"],
  ];
  const refused: typeof apart = [
    ...apart,
    [["empty.png"], "Found no face in empty.png; --box says where one is"],
    [["two"], "no face: two/a.png\nno face: two/b.png\nFound no face in 2 photos; --box says where one is"],
    [
      ["zero.jpg"],
      /^Cannot read zero\.jpg: 0 bytes, an empty file; a whole JPEG, PNG or WebP picture was expected$/,
    ],
    [
      ["text.jpg"],
      /^Cannot read text\.jpg: 15 bytes, in no format that is read; a whole JPEG, PNG or WebP picture was expected$/,
    ],
    [["folder"], "Found no photo in folder: JPEG, PNG or WebP files were expected"],
    [["scans"], "Found no photo in scans, but 1 TIF and 1 BMP files: JPEG, PNG or WebP files were expected"],
    [["scans/a.tif"], /^Cannot read scans\/a\.tif: 0 bytes, .*; a whole JPEG, PNG or WebP picture was expected$/],
    [
      ["empty.png", "--out", "zero.jpg"],
      "Cannot write to zero.jpg: it is a file, not a folder; name another place by --out",
    ],
    [["empty.png", "--out", "zero.jpg/a"], /^Cannot write to zero\.jpg\/a: zero\.jpg is a file, not a folder; /],
    [["empty.png", "--out", ""], 'Cannot write to "": the name of a folder is wanted'],
    [
      ["empty.png", "--model", "text.jpg"],
      /^Cannot load text\.jpg: it is a file, and the folder of a trained model or of/,
    ],
    [["empty.png", "--only", "eyes"], 'Cannot write "eyes": --only takes panels, landmarks, mesh, maps'],
    [["empty.png", "--crop", "1,2"], /^Cannot use --crop 1,2: 3 numbers were expected, --crop left,top,side/],
    [["empty.png", "--box", "1,2,3,0"], /^Cannot use --box 1,2,3,0: 4 numbers were expected/],
    [["empty.png", "--box", "1,2,3,4", "--crop", "1,2,3"], "Cannot use both --crop and --box: give one"],
    [["empty.png", "--crop", "500,0,20"], /^Cannot look for a face in empty\.png at 500,0,20: .* 200 × 150 pixels$/],
    [
      ["empty.png", "--crop", "0,0,1e12"],
      /^Cannot look for a face in empty\.png at 0,0,1000000000000: that is more than 100 times as large as the photo/,
    ],
    [
      ["empty.png", "--box=-1e300,0,2e300,9"],
      /: that is more than 100 times as large as the photo, which is 200 × 150 /,
    ],
    [["two", "--crop", "1,2,3"], "Cannot use one --crop for 2 photos: give one photo"],
    [["empty.png", "--model", "model"], /^Cannot load model\/posmap\.json: /],
    [["empty.png", "--model", "nowhere"], /^Cannot load nowhere\/posmap\.json: there is no such file/],
    [["empty.png", "--fast"], /unknown option '--fast'/],
  ];
  const surroundings = { apart: apart.length, folder: user.path };
  const ends = await taskEnds("predict", refused.map(([flags]) => flags), surroundings);
  ends.forEach(({ code, stdout, stderr }, i) => {
    const [flags, message] = refused[i]!;
    const said = stderr.trimEnd();
    assert(typeof message === "string" ? said.endsWith(message) : message.test(said), `${flags}: ${stderr}`);
    assertEquals([code, stdout], [2, ""]);
  });
  assertEquals(user.list(".").includes("faces"), false);
  assertEquals((await Deno.stat(`${user.path}/zero.jpg`)).size, 0);
});
