import { InputError } from "@/lib/errors.ts";
import { settingsOf, sourceOf } from "@/tasks/settings.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";

const names = ["steps", "learningRate", "architecture", "device"] as const;

Deno.test("settingsOf() gives the settings that were given, numbers as numbers", () => {
  assertEquals(settingsOf({ json: true }, names), {});
  const given = { steps: "20", learningRate: "2.5e-3", architecture: "lite", device: "7", resume: true };
  assertEquals(settingsOf(given, names), {
    steps: 20,
    learningRate: 0.0025,
    architecture: "lite",
    device: "7",
  });
  for (const text of ["5", "-5", "+.5", "5.", "1e-4", "0"]) {
    assertEquals(settingsOf({ steps: text }, names), { steps: Number(text) });
  }
});

Deno.test("settingsOf() refuses what is no decimal number", async () => {
  for (const text of ["", "many", "1_000", "0x10", "1,5", "5 ", "Infinity", "NaN", "e5", "."]) {
    const message = new RegExp(`^Cannot set steps to "${text}": a number is wanted$`);
    await assertThrows(() => settingsOf({ steps: text }, names), InputError, message);
  }
});

Deno.test("settingsOf() takes the mask's weights as PRNet's paper writes them, and refuses other numbers of them", async () => {
  const { maskWeights } = settingsOf({ maskWeights: "8:2:1.5:0" }, ["maskWeights"]);
  assertEquals(maskWeights, { landmarks: 8, eyes: 2, nose: 2, mouth: 2, face: 1.5, neck: 0 });
  for (const text of ["", "16:4:3", "16:4:3:0:1", "16:4::0", "a:4:3:0", "16"]) {
    await assertThrows(() => settingsOf({ maskWeights: text }, ["maskWeights"]), InputError, /four numbers are wanted/);
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
