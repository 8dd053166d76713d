import { encodeJpeg } from "@/lib/data/files/images.ts";
import { PhotoStore } from "@/lib/data/store/photo_store.ts";
import { readRunConfig } from "@/lib/train/run_folder.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { runTaskChild, taskEnds } from "@/tests/tasks/children.ts";
import { talkingTurn } from "@/lib/data/synthetic/drawn_actor.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const weights = `${import.meta.dirname}/../../data/weights/lite`;

Deno.test("prepare photos labels photos by the weights that come along, and names those that it cannot use", async () => {
  await using folder = await temporaryFolder();
  const [photos, store] = [`${folder.path}/my photos`, `${folder.path}/store`];
  await Deno.mkdir(photos);
  const { picture } = new DrawnActor({ seed: "anna", size: 360 }).draw(talkingTurn(0, 0));
  await Deno.writeFile(`${photos}/anna.jpg`, await encodeJpeg(picture));
  const gray = { width: 300, height: 200, rgb: new Uint8Array(3 * 300 * 200).fill(128) };
  await Deno.writeFile(`${photos}/nobody.jpg`, await encodeJpeg(gray));
  await Deno.writeTextFile(`${photos}/broken.png`, "no picture");
  await Deno.mkdir(`${photos}/party`);
  await Deno.writeTextFile(`${photos}/party/wave.gif`, "GIF89a");
  const { code, stdout, stderr } = await runTaskChild(
    "prepare",
    "photos",
    photos,
    "--out",
    store,
    "--most-error",
    "0.01",
  );
  assertEquals([code, stdout.split("\n")[0]], [0, `${store}: 1 face of 3 photos, a trained model's`]);
  assert(/\n1 photo without a face\n1 photo left out\nlabel error/.test(stdout), stdout);
  assert(/\n1 face not used\n/.test(stdout), stdout);
  assert(/^Left out: Cannot read .*broken\.png: 10 bytes/m.test(stderr), stderr);
  assert(/^No face: nobody\.jpg$/m.test(stderr), stderr);
  assert(/^passed over: 1 GIF file, as JPEG, PNG and WebP pictures are read$/m.test(stderr), stderr);
  const opened = await PhotoStore.open(store);
  assertEquals([opened.faces.map(({ id }) => id), opened.chosen()], [["anna.jpg#0"], []]);
});

Deno.test("deno task train --from goes on from the weights that come along: on photos that these have labeled it starts as good as they are", async () => {
  await using folder = await temporaryFolder();
  const [photos, store] = [`${folder.path}/photos`, `${folder.path}/store`];
  await Deno.mkdir(photos);
  for (const seed of ["anna", "bert", "carl", "dora"]) {
    const { picture } = new DrawnActor({ seed, size: 300 }).draw(talkingTurn(0, 0));
    await Deno.writeFile(`${photos}/${seed}.jpg`, await encodeJpeg(picture));
  }
  assertEquals((await runTaskChild("prepare", "photos", photos, "--out", store)).code, 0);
  const run = `${folder.path}/run`;
  const flags = ["--source", "photos", "--source-path", store, "--run", run, "--learning-rate", "1e-6"];
  const ended = await runTaskChild(
    "train",
    "--fast-dev-run",
    "--workers",
    "0",
    "--device",
    "cpu",
    "--from",
    weights,
    ...flags,
  );
  assertEquals([ended.code, ended.stderr.includes(`${run}: heatmap at 128² on photos faces`)], [0, true]);
  const errorOf = async (model: string) => {
    const { stdout } = await runTaskChild("evaluate", model, ...flags.slice(0, 4), "--seed", "7", "--json");
    return JSON.parse(stdout).nme68_2d.mean as number;
  };
  const [given, learned] = [await errorOf(weights), await errorOf(run)];
  assert(Math.abs(learned - given) < 0.1, `${learned} %, ${given} % before`); // 4 % without what moves lids
  const { width, encoding, eyes, lids } = await readRunConfig(run);
  assertEquals([width, encoding, eyes, lids], [12, "centered", true, true]);
});

Deno.test("prepare photos says in a sentence what it cannot do", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await Deno.writeTextFile(`${path}/anna.jpg`, "");
  const apart: [string[], RegExp][] = [
    [["--most-error", "little"], /^Cannot set --most-error to "little": a number above 0 is wanted/],
    [["--landmarks", `${path}/none`], /^Cannot find landmarks in .*none/],
  ];
  const refused: typeof apart = [
    ...apart,
    [["--landmarks", path, "--face", "ict"], /Cannot open the face model ict: --face-path was not given/],
    [["--landmarks", path, "--image-size", "100"], /^Cannot make maps of 100 pixels a side/],
    [
      ["--landmarks", path, "--face-path", path],
      /^Cannot use --face-path with the built-in face, which has no files: /,
    ],
    [["--landmarks", path, "--model", path], /^Cannot use --model with --landmarks: it is a face model that is fitted/],
    [["--face", "ict"], /^Cannot use --face without --landmarks: what a trained model labels is as the model has it$/m],
    [["--image-size", "64"], /^Cannot use --image-size without --landmarks: /],
    [["--port", "80"], /^Cannot use --port without --choose: it is of that page$/m],
    [
      ["--choose", "--landmarks", path],
      /^Cannot use --landmarks without a folder of photos: labels that are there keep/,
    ],
    [["--choose", "--license", "mine"], /^Cannot use --license without a folder of photos: /],
    [["--landmarks", path], /^Found no face to label in 1 photo: 0 without a face, 1 left out; /m],
  ];
  const lists = refused.map(([flags]) => {
    const folder = flags.includes("--choose") ? [] : [path];
    return ["photos", ...folder, "--out", `${path}/store`, ...flags];
  });
  lists.push(["photos", path, "--out", `${path}/anna.jpg`]);
  refused.push([[], /^Cannot write to .*anna\.jpg: it is a file, not a folder; name another place by --out$/m]);
  (await taskEnds("prepare", lists, { apart: apart.length })).forEach(({ code, stderr }, i) => {
    assert(refused[i]![1].test(stderr.replace(/^Opening.*\n/, "")), stderr);
    assertEquals(code, 2);
  });
});
