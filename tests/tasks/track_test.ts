/** The command as users call it, with the weights that come along, on a drawn, talking head. */
import sharp from "sharp";
import { decodePhoto, encodePng } from "@/lib/data/files/images.ts";
import { nme } from "@/lib/evaluate/nme.ts";
import type { Photo } from "@/lib/types.ts";
import { savePreparedFace } from "@/lib/face/prepared_face.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { readGlb } from "@/tests/export/three_reader.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";
import { Lines, runTaskChild, spawnTask, type Surroundings, type TaskEnd, taskEnds } from "@/tests/tasks/children.ts";
import { saveTinyModel } from "@/tests/tasks/tiny_model.ts";
import { talkingTurn } from "@/lib/data/synthetic/drawn_actor.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";
import { ffmpeg, hasFfmpeg, probe, writeVideo } from "@/tests/track/video_files.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const SIZE = 240;
const RATE = 30;
const actor = new DrawnActor({ seed: "anna", size: SIZE });
const frames = Array.from({ length: 24 }, (_, i) => actor.draw(talkingTurn(i / RATE, 40)));
const pictures = frames.map(({ picture }) => picture);
const nobody: Photo = { width: 160, height: 120, rgb: new Uint8Array(3 * 160 * 120).fill(110) };

const folder = await temporaryFolder();
const clip = `${folder.path}/clip.mp4`;
globalThis.addEventListener("unload", () => Deno.removeSync(folder.path, { recursive: true }));
if (hasFfmpeg) {
  await writeVideo(`${folder.path}/silent.mp4`, pictures);
  const sound = ["-f", "lavfi", "-i", "sine=440", "-shortest", "-c:v", "copy", "-c:a", "aac"];
  await ffmpeg("-i", `${folder.path}/silent.mp4`, ...sound, "-movflags", "+faststart", clip);
}

/** Without the lines that tell how far it is after each second. */
function unframed(stderr: string): string {
  return stderr.replace(/^frame \d+.*\n/gm, "");
}

async function track(...given: (string | Surroundings)[]): Promise<TaskEnd> {
  const { stderr, ...end } = await runTaskChild("track", ...given, { folder: folder.path });
  return { ...end, stderr: unframed(stderr) };
}

let plain: Promise<TaskEnd> | undefined;

/** The clip without a video, into the folder "none": once, for all that look at it. */
function trackPlainly(): Promise<TaskEnd> {
  return plain ??= track("clip.mp4", "--overlay", "none", "--out", "none");
}

interface Line {
  readonly frame: number;
  readonly time: number;
  readonly face: number;
  readonly score: number;
  readonly pose: Readonly<Record<"pitch" | "yaw" | "roll", number>>;
  readonly landmarks: readonly (readonly number[])[];
}

async function linesOf(out: string): Promise<Line[]> {
  const text = await Deno.readTextFile(`${folder.path}/${out}/landmarks.jsonl`);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

function listOf(out: string): string[] {
  return [...Deno.readDirSync(`${folder.path}/${out}`)].map(({ name }) => name).sort();
}

function meanError(lines: readonly Line[]): number {
  const errors = lines.map(({ frame, landmarks }) =>
    nme({ predicted: Float32Array.from(landmarks.flat()), truth: frames[frame]!.landmarks }, 2)
  );
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

/** A frame of a video, from 0. */
async function frameOf(video: string, number: number): Promise<Photo> {
  const path = `${folder.path}/frame.png`;
  await ffmpeg("-i", `${folder.path}/${video}`, "-vf", `select=eq(n\\,${number})`, "-frames:v", "1", path);
  return await decodePhoto(path);
}

/** Mean difference of two pictures' bytes. */
function difference(a: Photo, b: Photo): number {
  return a.rgb.reduce((sum, value, i) => sum + Math.abs(value - b.rgb[i]!), 0) / a.rgb.length;
}

/** Makes an MP4 say that it is to be shown turned, as phones do, in its first track's header (ISO 14496-12, section 8.3.2). */
function turnClockwise(mp4: Uint8Array<ArrayBuffer>): void {
  const header = new TextDecoder("latin1").decode(mp4).indexOf("tkhd");
  const matrix = [0, 0x10000, 0, -0x10000, 0, 0, SIZE * 0x10000, 0, 0x40000000];
  const view = new DataView(mp4.buffer, header + 44);
  matrix.forEach((value, i) => view.setInt32(4 * i, value));
}

/** Needs ffmpeg. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !hasFfmpeg, fn });
}

test("deno task track writes the video with its sound, and what it found as JSON lines and as OpenFace names columns", async () => {
  const { code, stdout } = await track("clip.mp4");
  assertEquals(code, 0);
  const [first, rate, ...more] = stdout.trimEnd().split("\n");
  assertEquals(first, "24 frames, 1 face: clip");
  assert(/^\d+\.\d frames\/s from end to end$/.test(rate!), stdout);
  for (const stage of ["read", "track", "draw", "write"]) {
    assert(more.some((line) => new RegExp(`^${stage} +\\d+\\.\\d ms, p95 \\d+\\.\\d ms$`).test(line)), stdout);
  }
  assert(more.some((line) => /^jitter in motion +\d\.\d\d % of the face's size, \d\.\d\d % smoothed$/.test(line)));
  assertEquals(listOf("clip"), ["blendshapes.csv", "landmarks.csv", "landmarks.jsonl", "video.mp4"]);

  const { width, height, frames: count, duration, hasSound } = await probe(`${folder.path}/clip/video.mp4`);
  assertEquals([width, height, count, hasSound], [SIZE, SIZE, 24, true]);
  assertClose(duration, 24 / RATE, 0.05, "seconds");

  const lines = await linesOf("clip");
  assertEquals(lines.map(({ frame, face }) => [frame, face]), Array.from({ length: 24 }, (_, i) => [i, 1]));
  assertClose(lines[12]!.time, 12 / RATE, 1e-4);
  assert(meanError(lines) < 5, `${meanError(lines)} %`);
  assert(lines.at(-1)!.pose.yaw !== 0 && lines.every(({ score }) => score > 0.5));

  const [header, ...rows] = (await Deno.readTextFile(`${folder.path}/clip/landmarks.csv`)).trimEnd().split("\n");
  const columns = header!.split(",");
  assertEquals(columns.slice(0, 5), ["frame", "face_id", "timestamp", "confidence", "success"]);
  assertEquals(rows.length, 24);
  const cell = (name: string) => Number(rows[12]!.split(",")[columns.indexOf(name)]);
  assertEquals([cell("frame"), cell("face_id"), cell("success")], [13, 1, 1]);
  const [x, y] = lines[12]!.landmarks[30]!, { pitch, yaw, roll } = lines[12]!.pose;
  assertClose(cell("x_30"), x! - 0.5, 0.011);
  assertClose(cell("y_30"), y! - 0.5, 0.011);
  for (const [name, angle] of [["pose_Rx", -pitch], ["pose_Ry", yaw], ["pose_Rz", roll]] as const) {
    assertClose(cell(name), angle * Math.PI / 180, 1e-3);
  }
});

test("deno task track draws what is asked for over the video, and a turning mesh beside it", async () => {
  const plain = await frameOf("clip.mp4", 12);
  const drawn = new Map<string, Photo>();
  for (const overlay of ["sparse", "dense", "mesh"]) {
    assertEquals((await track("clip.mp4", "--overlay", overlay, "--out", overlay)).code, 0);
    drawn.set(overlay, await frameOf(`${overlay}/video.mp4`, 12));
  }
  const change = (overlay: string) => difference(drawn.get(overlay)!, plain);
  const changes = ["sparse", "dense", "mesh"].map(change);
  assert(changes[0]! > 1 && changes[1]! > 1 && changes[2]! > changes[0]!, `${changes}`);

  assertEquals((await track("clip.mp4", "--overlay", "mesh", "--turning", "--out", "turning")).code, 0);
  const beside = await frameOf("turning/video.mp4", 12);
  assertEquals([beside.width, beside.height], [2 * SIZE, SIZE]);
  const half = (start: number): Photo => ({
    width: SIZE,
    height: SIZE,
    rgb: Uint8Array.from({ length: 3 * SIZE * SIZE }, (_, i) => {
      const row = Math.floor(i / 3 / SIZE);
      return beside.rgb[3 * (row * beside.width + start) + i - 3 * row * SIZE]!;
    }),
  });
  assert(difference(half(0), drawn.get("mesh")!) < 3, "the video with its mesh");
  const mesh = half(SIZE);
  const isSkin = (_: number, i: number) => i % 3 === 0 && mesh.rgb[i]! > mesh.rgb[i + 2]! + 30;
  assert(mesh.rgb.filter(isSkin).length > SIZE * SIZE / 20, "the face's own colors, not the overlay's");
  assert(mesh.rgb.some((value) => value > 240) && mesh.rgb.some((value) => value < 60), "the mesh on a light ground");

  assertEquals((await trackPlainly()).code, 0);
  assertEquals(listOf("none"), ["blendshapes.csv", "landmarks.csv", "landmarks.jsonl"]);
});

test("deno task track smooths: as it goes, by what comes after, or not at all", async () => {
  const trembling = new Map<string, number>();
  for (const flag of ["--no-smooth", "--smooth", "--offline"]) {
    const isDefault = flag === "--smooth";
    const out = isDefault ? "none" : `smooth${flag}`;
    const { code, stdout } =
      await (isDefault ? trackPlainly() : track("clip.mp4", "--overlay", "none", "--out", out, flag));
    assertEquals([code, stdout.includes("% smoothed\n")], [0, flag !== "--no-smooth"]);
    assert(/^jitter in motion +\d\.\d\d % of the face's size/m.test(stdout), stdout);
    const lines = await linesOf(out);
    assertEquals(lines.length, 24);
    assert(meanError(lines) < 5);
    let sum = 0;
    for (let i = 2; i < lines.length; i++) {
      const points = [i - 2, i - 1, i].map((place) => lines[place]!.landmarks.flat());
      sum += points[0]!.reduce((total, a, k) => total + Math.abs(a - 2 * points[1]![k]! + points[2]![k]!), 0);
    }
    trembling.set(flag, sum);
  }
  const raw = trembling.get("--no-smooth")!;
  assert(trembling.get("--smooth")! < 0.8 * raw && trembling.get("--offline")! < 0.6 * raw, `${[...trembling]}`);
});

test("deno task track has a face model do what the face does", async () => {
  await savePreparedFace(`${folder.path}/own.model`, { model: builtInFace() });
  const { code, stderr } = await track("clip.mp4", "--overlay", "none", "--animate", "own.model", "--out", "moving");
  assertEquals([code, stderr], [0, ""]);
  const { morphsAt } = await readGlb(await Deno.readFile(`${folder.path}/moving/face.glb`));
  const lines = (await Deno.readTextFile(`${folder.path}/moving/landmarks.jsonl`)).trimEnd().split("\n");
  const said = JSON.parse(lines[12]!).expressions.jawOpen;
  assertClose(morphsAt(12 / RATE)["jawOpen"]!, said, 0.0051, "jawOpen, which lines round");
});

test("deno task track sees a phone's video upright, and its frames where their rate wanders", async () => {
  const sideways = pictures.map(({ width, height, rgb }) => { // turned by 90° to the left
    const turned = new Uint8Array(rgb.length);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        turned.set(
          rgb.subarray(3 * (row * width + column), 3 * (row * width + column) + 3),
          3 * ((width - 1 - column) * height + row),
        );
      }
    }
    return { width: height, height: width, rgb: turned };
  });
  await writeVideo(`${folder.path}/flat.mp4`, sideways.map(({ rgb }) => ({ width: SIZE, height: SIZE, rgb })));
  const phone = await Deno.readFile(`${folder.path}/flat.mp4`);
  turnClockwise(phone);
  await Deno.writeFile(`${folder.path}/phone.mp4`, phone);
  assertEquals((await track("phone.mp4", "--overlay", "none")).code, 0);
  assert(meanError(await linesOf("phone")) < 5);

  const wandering = ["-vf", "select=lt(n\\,12)+not(mod(n\\,3))", "-fps_mode", "vfr", "-enc_time_base", "1/30"];
  await ffmpeg("-i", clip, ...wandering, `${folder.path}/wandering.mkv`);
  assertEquals((await track("wandering.mkv")).code, 0);
  const lines = await linesOf("wandering");
  const { duration } = await probe(`${folder.path}/wandering/video.mp4`);
  assertClose(duration, 24 / RATE, 0.15, "seconds");
  for (const { time, landmarks } of lines) { // at its time, give or take a frame's
    const truth = frames[Math.min(23, Math.round(time * RATE))]!.landmarks;
    const error = nme({ predicted: Float32Array.from(landmarks.flat()), truth }, 2);
    assert(error < 14, `${error} % after ${time} s`);
  }
});

test("deno task track sees faces as they are shown where a video's pixels are not square", async () => {
  await ffmpeg("-i", clip, "-vf", `scale=${SIZE / 2}:${SIZE},setsar=2`, `${folder.path}/narrow.mp4`);
  assertEquals((await track("narrow.mp4")).code, 0);
  assert(meanError(await linesOf("narrow")) < 5);
  const { width, height } = await probe(`${folder.path}/narrow/video.mp4`);
  assertEquals([width, height], [SIZE, SIZE]);
});

test("deno task track takes videos of one frame, without sound, and of odd sides", async () => {
  await writeVideo(`${folder.path}/single.mp4`, pictures.slice(0, 1));
  const single = await track("single.mp4");
  assertEquals([single.code, single.stdout.split("\n")[0]], [0, "1 frame, 1 face: single"]);
  assertEquals([(await linesOf("single")).length, (await probe(`${folder.path}/single/video.mp4`)).frames], [1, 1]);
  await Deno.writeFile(`${folder.path}/picture.png`, await encodePng(pictures[0]!));
  await ffmpeg("-i", `${folder.path}/picture.png`, "-vf", "crop=239:237", `${folder.path}/odd.apng`);
  assertEquals((await track("odd.apng")).code, 0);
  const odd = await probe(`${folder.path}/odd/video.mp4`);
  assertEquals([odd.width, odd.height, odd.hasSound], [240, 238, false]);
});

test("deno task track takes an animated GIF's own frames, whatever its clock's rate", async () => {
  const stack = Uint8Array.from(pictures.slice(0, 2).flatMap(({ rgb }) => [...rgb]));
  const raw = { width: SIZE, height: 2 * SIZE, channels: 3, pageHeight: SIZE } as const;
  await Deno.writeFile(`${folder.path}/slow.gif`, await sharp(stack, { raw }).gif({ delay: [200, 200] }).toBuffer());
  const { code, stdout } = await track("slow.gif", "--overlay", "none");
  assertEquals([code, stdout.split("\n")[0]], [0, "2 frames, 1 face: slow"]);
});

test("deno task track refuses what it cannot use in one sentence, exit status 2, leaves nothing, and of a cut video what came before", async () => {
  const whole = await Deno.readFile(clip), { path } = folder;
  await writeVideo(`${path}/nobody.mp4`, Array(5).fill(nobody));
  await Deno.writeFile(`${path}/zero.mp4`, new Uint8Array());
  await Deno.writeTextFile(`${path}/text.mp4`, "no video at all\n");
  await Deno.writeFile(`${path}/start.mp4`, whole.subarray(0, 400));
  await ffmpeg("-i", clip, "-c", "copy", "-movflags", "+faststart", `${path}/first.mp4`);
  const first = await Deno.readFile(`${path}/first.mp4`);
  const pixels = new TextDecoder("latin1").decode(first).indexOf("mdat");
  await Deno.writeFile(`${path}/first.mp4`, first.subarray(0, pixels + 40)); // in the midst of the first frame
  await Deno.writeFile(`${path}/cut.mp4`, whole.subarray(0, Math.floor(0.7 * whole.length)));
  await ffmpeg("-f", "lavfi", "-i", "sine=440:duration=0.2", `${path}/sound.wav`);
  await saveTinyModel(`${path}/untrained`);
  await Deno.mkdir(`${path}/full`);
  await Deno.writeTextFile(`${path}/full/notes.txt`, "");
  const apart: [string[], RegExp][] = [
    [[], /missing required argument 'video'/],
    [["missing.mp4"], /^Cannot read the video missing\.mp4: there is no such file$/],
    [["clip.mp4", "--out", "full"], /^Cannot write full: it is not empty; name another folder by --out$/],
    [["clip.mp4", "--model", "nowhere"], /^Cannot load nowhere\/posmap\.json: there is no such file/],
  ];
  const refused: typeof apart = [
    ...apart,
    [["full"], /^Cannot read the video full: it is a folder, not a file$/],
    [
      ["clip.mp4", "--out", "zero.mp4"],
      /^Cannot write to zero\.mp4: it is a file, not a folder; name another place by/,
    ],
    [["zero.mp4"], /^Cannot read the video zero\.mp4: it has 0 bytes, wanted a video$/],
    [["text.mp4"], /^Cannot read the video text\.mp4: .+; wanted a whole video that ffmpeg reads$/],
    [["start.mp4"], /^Cannot read the video start\.mp4: .+; wanted a whole video that ffmpeg reads$/],
    [
      ["first.mp4"],
      /^Cannot read the video first\.mp4: (?!Error marking|Cannot determine|Conversion).+; wanted a whole video$/,
    ],
    [["sound.wav"], /^Cannot read the video sound\.wav: it holds no pictures; wanted a whole video/],
    [["nobody.mp4"], /^Found no face in 5 frames of nobody\.mp4$/],
    [["clip.mp4", "--faces", "0"], /^Cannot follow 0 faces: --faces takes a number from 1 to 100$/],
    [["clip.mp4", "--offline", "--no-smooth"], /^Cannot use both --offline and --no-smooth: give one$/],
    [["clip.mp4", "--overlay", "hat"], /Allowed choices are sparse, dense, mesh, none/],
    [
      ["clip.mp4", "--model", "untrained"],
      /^Making untrained\/model\.onnx, .*\nFound no face in 24 frames of clip\.mp4$/,
    ],
    [
      ["clip.mp4", "--model", "untrained", "--animate", "built-in"],
      /^Cannot move a face model: the network says no expressions$/,
    ],
    [
      ["clip.mp4", "--animate", "text.mp4"],
      /^Cannot open the face model text\.mp4: that file is none .*; wanted built-in, /,
    ],
  ];
  const lists = refused.map(([given], i) =>
    given.length > 0 && !given.includes("--out") ? [...given, "--out", `refused-${i}`] : given
  );
  const ends = await taskEnds("track", [...lists, ["cut.mp4"]], { apart: apart.length, folder: path });
  const cut = ends.pop()!;
  ends.forEach(({ code, stdout, stderr }, i) => {
    const [given, message] = refused[i]!;
    assert(message.test(unframed(stderr).trimEnd()), `${given}: ${stderr}`);
    assertEquals([code, stdout], [2, ""]);
    assert(!listOf(".").includes(`refused-${i}`), `${given} left a folder`);
  });
  assertEquals(listOf("full"), ["notes.txt"]);

  const [said, count] =
    /^Cannot read the whole video cut\.mp4: it is cut short after (\d+) frames of about 24; what was found before that is in cut\n$/
      .exec(unframed(cut.stderr)) ?? [cut.stderr];
  assert(Number(count) >= 10 && Number(count) < 24, said);
  assertEquals([cut.code, cut.stdout.split("\n")[0]], [2, `${count} frames, 1 face: cut`]);
  assertEquals(listOf("cut"), ["blendshapes.csv", "landmarks.csv", "landmarks.jsonl", "video.mp4"]);
  const { frames: written, hasSound } = await probe(`${path}/cut/video.mp4`);
  assertEquals([(await linesOf("cut")).length, written, hasSound], [Number(count), Number(count), true]);
});

test("deno task track that is stopped ends with the signal's status, and leaves nothing", async () => {
  await ffmpeg("-stream_loop", "200", "-i", clip, "-c", "copy", `${folder.path}/long.mp4`);
  await using child = spawnTask("track", "long.mp4", { folder: folder.path });
  const [out, said] = [new Lines(child.stdout), new Lines(child.stderr)];
  await said.until(/frame \d+\/\d+ +1 face +\d+ frames\/s\n/);
  // ffmpeg, on a busy machine, begins its file after the others
  for (let i = 0; i < 100 && listOf("long").length < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assertEquals(listOf("long").length, 4);
  // a terminal signals all programs at once, and ffmpeg may be the first to end
  const programs = await childrenOf(child.pid);
  assertEquals(programs.length, 2); // of reading and of writing
  for (const pid of programs) Deno.kill(pid, "SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill("SIGTERM");
  assertEquals([(await child.status).code, await out.end()], [143, ""]);
  await said.end();
  assert(!listOf(".").includes("long"));
});

async function childrenOf(pid: number): Promise<number[]> {
  const command = new Deno.Command("sh", { args: ["-c", `cat /proc/${pid}/task/*/children`] }); // a list for each thread
  const { stdout } = await command.output();
  return new TextDecoder().decode(stdout).split(/\s+/).filter(Boolean).map(Number);
}

test("deno task track says plainly that ffmpeg is missing", async () => {
  const programs = `${folder.path}/programs`;
  await Deno.mkdir(programs);
  for (const name of ["sh", "grep", "readlink", "tr"]) {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", `command -v ${name}`] }).output();
    await Deno.symlink(new TextDecoder().decode(stdout).trim(), `${programs}/${name}`);
  }
  const { code, stderr } = await track("clip.mp4", "--out", "without", { environment: { PATH: programs } });
  assert(/^Cannot start ffprobe: it was not found, and videos need it; install ffmpeg \(/.test(stderr), stderr);
  assertEquals(code, 2);
});
