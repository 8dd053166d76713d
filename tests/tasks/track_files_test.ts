import { InputError } from "@/lib/errors.ts";
import { TrackFiles, type TrackLine } from "@/tasks/track/track_files.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const expressionNames = ["jawOpen", "eyeBlink_L"];

function lineOf(frame: number, id: number): TrackLine {
  return {
    frame,
    time: frame / 30,
    id,
    picture: { width: 640, height: 480 },
    landmarks: Float32Array.from({ length: 204 }, (_, i) => i + id / 3),
    pose: { pitch: 0.1, yaw: -0.2, roll: 0.3 },
    score: 0.987,
    expressions: Float32Array.of(0.1 * frame, 0.256),
  };
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("TrackFiles writes each face's expressions in a file of its own, as Live Link Face lays it out", async () => {
  await using folder = await temporaryFolder();
  await using files = await TrackFiles.create(`${folder.path}/out`, { expressionNames });
  for (const line of [lineOf(0, 1), lineOf(0, 3), lineOf(1, 1)]) await files.add(line);
  await files.finish();
  assertEquals(namesIn(`${folder.path}/out`), [
    "blendshapes-3.csv",
    "blendshapes.csv",
    "landmarks.csv",
    "landmarks.jsonl",
  ]);
  const rows = (await Deno.readTextFile(`${folder.path}/out/blendshapes.csv`)).trimEnd().split("\n");
  assertEquals(rows.length, 3);
  const [header, , last] = rows.map((row) => row.split(","));
  const cell = (name: string) => last![header!.indexOf(name)];
  assertEquals(["Timecode", "BlendShapeCount", "JawOpen", "EyeBlinkLeft", "EyeBlinkRight", "HeadYaw"].map(cell), [
    "00:00:00:02.000",
    "61",
    "0.100000",
    "0.256000",
    "0.000000",
    "0.200000",
  ]);
  const lines = (await Deno.readTextFile(`${folder.path}/out/landmarks.jsonl`)).trimEnd().split("\n");
  const { landmarks: _, ...rest } = JSON.parse(lines[2]!);
  assertEquals(rest, {
    frame: 1,
    time: 0.0333,
    face: 1,
    score: 0.99,
    pose: { pitch: 5.73, yaw: -11.46, roll: 17.19 },
    expressions: { jawOpen: 0.1, eyeBlink_L: 0.26 },
  });
});

Deno.test("TrackFiles say by success and score that a face was not found in a frame, and write no blend shapes of components", async () => {
  await using folder = await temporaryFolder();
  const components = ["component 0", "component 1"];
  await using files = await TrackFiles.create(`${folder.path}/out`, { expressionNames: components });
  for (const line of [lineOf(0, 1), { ...lineOf(1, 1), score: 0 }]) await files.add(line);
  await files.finish();
  assertEquals(namesIn(`${folder.path}/out`), ["landmarks.csv", "landmarks.jsonl"]);
  const rows = (await Deno.readTextFile(`${folder.path}/out/landmarks.csv`)).trimEnd().split("\n");
  assertEquals(rows.slice(1).map((row) => row.split(",").slice(3, 5)), [["0.987", "1"], ["0.000", "0"]]);
});

Deno.test("TrackFiles that are not finished leave nothing, and no file is there under its name before", async () => {
  await using folder = await temporaryFolder();
  const out = `${folder.path}/out`;
  {
    await using files = await TrackFiles.create(out, { expressionNames: [] });
    await files.add({ ...lineOf(0, 1), expressions: new Float32Array() });
    assertEquals(namesIn(out).filter((name) => !name.endsWith(".tmp")), []);
    assertEquals(namesIn(out).length, 2);
  }
  assertEquals(namesIn(folder.path), []);
});

Deno.test("TrackFiles refuse a folder that has something in it, or cannot be made", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  const create = (path: string) => () => TrackFiles.create(path, { expressionNames });
  await assertThrows(create(folder.path), InputError, /it is not empty; name another folder by --out/);
  await assertThrows(
    create(`${folder.path}/file`),
    InputError,
    /^Cannot make the folder .*file: [^;]+; name another folder by --out$/,
  );
});
