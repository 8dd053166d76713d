import { type Config, parseConfig, settingText, type SourceSettings } from "@/lib/config.ts";
import { SettingError } from "@/lib/errors.ts";
import type { RunFolder } from "@/lib/train/run_folder.ts";
import { sourceText } from "@/lib/train/run_note.ts";

/** Settings that a resumed run may change: the others made what it has learned so far. */
const changeable = [
  "steps",
  "learningRate",
  "workers",
  "backend",
  "device",
  "precision",
  "xla",
  "validateEvery",
  "checkpointEvery",
] as const satisfies (keyof Config)[];

/**
 * The settings of a run with some changed. Throws a SettingError where one cannot change on the way; the places of a
 * source's files and of a teacher can.
 */
export function resumedConfig({ path, config }: Pick<RunFolder, "path" | "config">, changes: Partial<Config>): Config {
  for (const [key, value] of Object.entries(changes)) {
    const before = config[key as keyof Config];
    const text = (setting: unknown) => {
      if (key === "source") return sourceText(setting as SourceSettings);
      return key === "teacher" ? setting === "" ? "none" : "one" : settingText(setting);
    };
    const [found, wanted] = [value, before].map(text);
    if (found === wanted || changeable.some((name) => name === key)) continue;
    throw new SettingError((nameOf) =>
      `Cannot resume the run ${path} with ${nameOf(key)} ${found}: it was started with ${wanted}, and only ` +
      `${changeable.map(nameOf).join(", ")} can change on the way`
    );
  }
  return parseConfig({ ...config, ...changes });
}
