import { type Config, resolveConfig } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import type { TaskConsole } from "@/tasks/console/task_console.ts";
import { chooseSettings, type SettingOptions } from "@/tasks/train/choose_settings.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

async function choose(options: SettingOptions, { follows = false } = {}): Promise<Config> {
  const console = { stage: () => () => {} } as unknown as TaskConsole;
  return (await chooseSettings(options, { preset: undefined, follows, hasRanks: follows, console })).config;
}

Deno.test("chooseSettings() leaves it to rank 0, which has the run, whether settings fit the rest of them", async () => {
  for (const given of [{ shots: "4" }, { absentShare: "0.1" }, { freeze: "trunk" }]) {
    const [name] = Object.keys(given);
    await assertThrows(() => choose(given), InputError, new RegExp(`^Cannot (set ${name}|freeze the trunk)`));
    await choose({ ...given, resume: true, run: "nowhere" }, { follows: true });
  }
});

Deno.test("chooseSettings() takes a run's rate from its file, and the width that it gave the model that it started from", async () => {
  await using folder = await temporaryFolder();
  const model = `${import.meta.dirname}/../../data/weights/lite`, config = `${folder.path}/config.json`;
  const { width, architecture, learningRate } = await choose({ from: model });
  assertEquals(learningRate, Number((resolveConfig("heatmap").learningRate / 10).toPrecision(2)));
  for (const factor of [0.5, 1, 2]) {
    const settings = tinyConfig({ architecture, width: factor * width, learningRate: 3e-4 });
    await Deno.writeTextFile(config, JSON.stringify(settings));
    const chosen = await choose({ from: model, config });
    assertEquals([chosen.width, chosen.learningRate], [Math.max(1, factor) * width, 3e-4]);
  }
});
