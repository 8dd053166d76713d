import fc from "@/tests/fast_check.ts";
import {
  type Config,
  defaults,
  parseConfig,
  parseSavedConfig,
  type PresetName,
  presets,
  resolveConfig,
  settingText,
} from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";

const presetNames = Object.keys(presets) as PresetName[];

Deno.test("resolveConfig() gives every preset, all its settings in range, the rest from the defaults", () => {
  for (const name of presetNames) {
    const config = resolveConfig(name);
    assertEquals(Object.keys(config).toSorted(), Object.keys(defaults).toSorted());
    for (const key of Object.keys(defaults) as (keyof Config)[]) {
      const preset: Partial<Config> = presets[name];
      assertEquals(config[key], preset[key] ?? defaults[key]);
    }
  }
});

Deno.test("every preset names only settings that it changes", () => {
  for (const preset of Object.values<Partial<Config>>(presets)) {
    for (const [key, value] of Object.entries(preset)) {
      assert(defaults[key as keyof Config] !== value, `${key} is ${value} by default`);
    }
  }
});

Deno.test("resolveConfig() takes what is set over the preset", () => {
  assertEquals(resolveConfig("quick", { steps: 3, seed: -1 }), { ...resolveConfig("quick"), steps: 3, seed: -1 });
});

Deno.test("resolveConfig() names the setting that it does not know, and those it does", async () => {
  for (const unknown of ["batchsize", "learning_rate", "", "toString", "__proto__"]) {
    const overrides = Object.fromEntries([[unknown, 1]]);
    await assertThrows(
      () => resolveConfig("prnet", overrides),
      InputError,
      new RegExp(`^Cannot set "${unknown}": the settings are seed, architecture, .*checkpointEvery$`),
    );
  }
});

Deno.test("resolveConfig() names the setting whose value is out of range, and the value", async () => {
  const wrong: Record<string, readonly unknown[]> = {
    seed: [1.5, "7", null, NaN],
    architecture: ["resnet", 3],
    imageSize: [100, "256", 0],
    steps: [0, -1, 1.5, Infinity],
    batchSize: [0, "16"],
    learningRate: [0, -1e-4, NaN, Infinity, "1e-4"],
    l2: [-1, NaN],
    workers: [-1, 0.5],
    overfitBatches: [-1],
    source: ["ict"],
  };
  for (const [key, values] of Object.entries(wrong)) {
    for (const value of values) {
      const { message } = await assertThrows(() => resolveConfig("quick", { [key]: value }), InputError, /./);
      const found = typeof value === "string" ? `"${value}"` : String(value);
      assert(message.startsWith(`Cannot set ${key} to ${found}: `), message);
    }
  }
});

Deno.test("resolveConfig() wants the weight of every region, none below 0 and one above", async () => {
  const { maskWeights } = defaults;
  const { neck: _, ...withoutNeck } = maskWeights;
  const none = Object.fromEntries(Object.keys(maskWeights).map((name) => [name, 0]));
  for (const wrong of [withoutNeck, { ...maskWeights, ear: 1 }, { ...maskWeights, face: -1 }, none, 3, "16:4:3:0"]) {
    await assertThrows(() => resolveConfig("quick", { maskWeights: wrong }), InputError, /^Cannot set maskWeights to /);
  }
  const only = { ...none, mouth: 0.5 };
  assertEquals(resolveConfig("quick", { maskWeights: only }).maskWeights, { ...maskWeights, ...only });
});

Deno.test("settingText() says what people would write", () => {
  assertEquals([settingText(1e-4), settingText("lite"), settingText(true)], ["0.0001", "lite", "true"]);
  assertEquals(settingText(defaults.maskWeights), "landmarks 16, eyes 4, nose 4, mouth 4, face 3, neck 0");
  assertEquals(settingText({ name: "ict", path: "a" }), "ict, path a");
});

Deno.test("parseConfig() undoes JSON.stringify() for whatever settings are in range", () => {
  const changes = fc.record({
    seed: fc.integer(),
    architecture: fc.constantFrom("prnet", "lite"),
    imageSize: fc.constantFrom(64, 128, 256),
    steps: fc.integer({ min: 1 }),
    learningRate: fc.double({ min: 0, minExcluded: true, noNaN: true, noDefaultInfinity: true }),
    source: fc.record({ name: fc.string(), path: fc.string() }),
  }, { requiredKeys: [] });
  fc.assert(fc.property(fc.constantFrom(...presetNames), changes, (preset, overrides) => {
    const config = resolveConfig(preset, overrides);
    assertEquals(parseConfig(JSON.parse(JSON.stringify(config))), config);
  }));
});

Deno.test("parseConfig() wants every setting and no other, and an object", async () => {
  const { seed: _, ...withoutSeed } = defaults;
  await assertThrows(() => parseConfig(withoutSeed), InputError, /^Cannot set seed to undefined: /);
  await assertThrows(() => parseConfig({ ...defaults, sead: 7 }), InputError, /^Cannot use these settings: .*"sead"/);
  for (const settings of [null, undefined, 3, "{}", []]) {
    await assertThrows(() => parseConfig(settings), InputError, /^Cannot /);
  }
});

Deno.test("parseSavedConfig() reads what parseConfig() does, and settings of before under their old names", () => {
  const { source: _, architecture, ...rest } = resolveConfig("lite");
  const older = (source: string, sourcePath: string) => ({ ...rest, model: architecture, source, sourcePath });
  const wanted = (source: Config["source"]) => resolveConfig("lite", { source });
  assertEquals(parseSavedConfig(wanted({ name: "obj", path: "a" })), wanted({ name: "obj", path: "a" }));
  assertEquals(parseSavedConfig(older("procedural", "")), wanted({ name: "built-in" }));
  assertEquals(parseSavedConfig(older("procedural", "a")), wanted({ name: "built-in" })); // it was passed over
  assertEquals(parseSavedConfig(older("ict", "b")), wanted({ name: "ict", path: "b" }));
  assertEquals(parseSavedConfig({ ...defaults, architecture: "large" }), { ...defaults, architecture: "heatmap" });
  assertEquals(parseSavedConfig({}), defaults);
});
