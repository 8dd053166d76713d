import { type Config, defaults, resolveConfig } from "@/lib/config.ts";
import { sourceKinds } from "@/lib/data/sources/open_source.ts";
import { InputError } from "@/lib/errors.ts";
import { sourceOptions } from "@/tasks/model_option.ts";
import { settingsOf, sourceOf, sourceSettings } from "@/tasks/settings.ts";
import { asGiven, lastingPath } from "@/tasks/standing.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";

const names = ["steps", "learningRate", "architecture", "device"] as const;

Deno.test("settingsOf() gives the settings that were given, numbers as numbers", () => {
  assertEquals(settingsOf({ json: true }, names), {});
  const given = { steps: "20", learningRate: "2.5e-3", architecture: "lite", device: "gpu:7", resume: true };
  assertEquals(settingsOf(given, names), {
    steps: 20,
    learningRate: 0.0025,
    architecture: "lite",
    device: "gpu:7",
  });
  for (const text of ["5", "+.5", "5.", "1e-4"]) {
    assertEquals(settingsOf({ learningRate: text }, names), { learningRate: Number(text) });
  }
  assertEquals(settingsOf({ seed: "-5" }, ["seed"]), { seed: -5 });
});

Deno.test("settingsOf() refuses what is no decimal number", async () => {
  for (const text of ["", "many", "1_000", "0x10", "1,5", "5 ", "Infinity", "NaN", "e5", "."]) {
    const message = new RegExp(`^Cannot set steps to "${text}": a whole number from 1 is wanted$`);
    await assertThrows(() => settingsOf({ steps: text }, names), InputError, message);
  }
});

Deno.test("settingsOf() says of every setting what it can be, the same of what is no number and of one out of range", async () => {
  const { source: _, teacher: __, maskWeights: ___, ...rest } = defaults; // any text, or a form of its own
  for (const name of Object.keys(rest) as (keyof typeof rest)[]) {
    const wantedOf = async (set: () => unknown) =>
      /: (.+) is wanted$/.exec((await assertThrows(set, InputError, /^Cannot set /)).message)![1];
    const wanted = await wantedOf(() => resolveConfig("quick", { [name]: "abc" }));
    assertEquals([name, await wantedOf(() => settingsOf({ [name]: "abc" }, [name]))], [name, wanted]);
    if (typeof defaults[name] !== "number" || name === "seed") continue;
    assertEquals([name, await wantedOf(() => settingsOf({ [name]: "-1" }, [name]))], [name, wanted]);
  }
  const sides = /^Cannot set imageSize to "abc": 64, 128 or 256 is wanted$/;
  await assertThrows(() => settingsOf({ imageSize: "abc" }, ["imageSize"] as (keyof Config)[]), InputError, sides);
});

Deno.test("asGiven() names the paths of lastingPath() as they were given, and no others", () => {
  const path = lastingPath("faces/of me/");
  assertEquals(path, `${Deno.cwd()}/faces/of me`);
  const text = (faces: string) => `Cannot read ${faces}/a.obj: "${faces}" (${faces}) is ${faces}, not ${faces}`;
  assertEquals(asGiven(text(path)), text("faces/of me"));
  const longer = lastingPath("../faces/of me/too");
  assertEquals(asGiven(`${longer}: ${path}`), "../faces/of me/too: faces/of me");
  for (const other of [`${path}-2/a`, `/else${path}/a`, Deno.cwd(), lastingPath("/given/so")]) {
    assertEquals(asGiven(other), other);
  }
});

Deno.test("settingsOf() takes the mask's weights as PRNet's paper writes them, and refuses other numbers of them", async () => {
  const { maskWeights } = settingsOf({ maskWeights: "8:2:1.5:0" }, ["maskWeights"]);
  assertEquals(maskWeights, { landmarks: 8, eyes: 2, nose: 2, mouth: 2, face: 1.5, neck: 0 });
  for (const text of ["", "16:4:3", "16:4:3:0:1", "16:4::0", "a:4:3:0", "16"]) {
    await assertThrows(
      () => settingsOf({ maskWeights: text }, ["maskWeights"]),
      InputError,
      /four numbers from 0 are wanted/,
    );
  }
});

Deno.test("settingsOf() takes a teacher from where the user stands, whence a run may be resumed or not", () => {
  assertEquals(settingsOf({ teacher: "models/a" }, ["teacher"]), { teacher: `${Deno.cwd()}/models/a` });
  assertEquals(settingsOf({ teacher: "/models/a" }, ["teacher"]), { teacher: "/models/a" });
});

Deno.test("sourceOf() takes what no flag says from the source before, and nothing from another kind's", () => {
  const before = { name: "ict", path: "/a" };
  assertEquals(sourceOf({}, before), before);
  assertEquals(sourceOf({ sourcePath: "b" }, before), { name: "ict", path: `${Deno.cwd()}/b` });
  assertEquals(sourceOf({ source: "ict" }, before), before);
  assertEquals(sourceOf({ source: "obj", sourcePath: "/b" }, before), { name: "obj", path: "/b" });
  assertEquals(sourceOf({ source: "built-in" }, before), { name: "built-in" });
});

Deno.test("sourceOptions() has a flag for each setting of each source, which sourceOf() reads into that setting", () => {
  const options = sourceOptions({ about: "faces", otherwise: "none" });
  let count = 0;
  for (const [name, { settings }] of Object.entries(sourceKinds)) {
    for (const setting of Object.keys(settings)) {
      const { flag } = sourceSettings().find((one) => one.setting === setting)!;
      const option = options.find(({ long }) => long === flag)!;
      const given = { source: name, [option.attributeName()]: "/a" };
      assertEquals(sourceOf(given, { name: "another" }), { name, [setting]: "/a" });
      count++;
    }
  }
  assert(count > 6, `only ${count} settings`);
});

Deno.test("sourceSettings() takes a new source's settings from it alone, paths and others", () => {
  const film = { path: { about: "a film", isPath: true }, frameRate: { about: "frames a second" } };
  assertEquals(
    sourceSettings({ ict: { settings: { path: { about: "a folder", isPath: true } } }, film: { settings: film } }),
    [
      {
        setting: "path",
        flag: "--source-path",
        attribute: "sourcePath",
        isPath: true,
        about: "for ict, a folder; for film, a film",
      },
      {
        setting: "frameRate",
        flag: "--source-frame-rate",
        attribute: "sourceFrameRate",
        isPath: false,
        about: "for film, frames a second",
      },
    ],
  );
});
