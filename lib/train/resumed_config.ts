import { type Config, parseConfig, settingText } from "@/lib/config.ts";
import { SettingError } from "@/lib/errors.ts";
import type { RunFolder } from "@/lib/train/run_folder.ts";

/** Settings that a resumed run may change: the others made what it has learned so far. */
const changeable = [
  "steps",
  "learningRate",
  "workers",
  "device",
  "validateEvery",
  "checkpointEvery",
] as const satisfies (keyof Config)[];

/** The settings of a run with some changed. Throws a SettingError where one cannot change on the way. */
export function resumedConfig({ path, config }: Pick<RunFolder, "path" | "config">, changes: Partial<Config>): Config {
  for (const [key, value] of Object.entries(changes)) {
    const before = config[key as keyof Config];
    const [found, wanted] = [value, before].map(settingText);
    if (found === wanted || changeable.some((name) => name === key)) continue;
    throw new SettingError((nameOf) =>
      `Cannot resume the run ${path} with ${nameOf(key)} ${found}: it was started with ${wanted}, and only ` +
      `${changeable.map(nameOf).join(", ")} can change on the way`
    );
  }
  return parseConfig({ ...config, ...changes });
}
