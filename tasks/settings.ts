import { resolve } from "node:path";
import { type Config, defaults, type SourceSettings } from "@/lib/config.ts";
import { SettingError } from "@/lib/errors.ts";
import { standing } from "@/tasks/standing.ts";

/** The settings that were given as flags; which of them are in range is for `resolveConfig` to say. */
export function settingsOf(
  options: Readonly<Record<string, unknown>>,
  names: readonly (keyof Config)[],
): Partial<Config> {
  const given = names.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, settingOf(name, String(options[name]))]));
}

/** The source that --source, --source-path and --source-model ask for: what they do not say is as before, if its name is. */
export function sourceOf(
  { source: name, sourcePath, sourceModel }: {
    readonly source?: string;
    readonly sourcePath?: string;
    readonly sourceModel?: string;
  },
  before: SourceSettings,
): SourceSettings {
  const source = name === undefined || name === before.name ? before : { name };
  const place = (path: string) => resolve(standing(), path); // a run may be resumed from elsewhere
  return {
    ...source,
    ...sourcePath && { path: place(sourcePath) },
    ...sourceModel && { model: place(sourceModel) },
  };
}

function settingOf(name: keyof Config, text: string): Config[keyof Config] {
  if (typeof defaults[name] === "boolean" && ["true", "false"].includes(text)) return text === "true";
  if (name === "maskWeights") return maskWeightsOf(text);
  if (name === "teacher") return resolve(standing(), text); // a run may be resumed from elsewhere
  if (typeof defaults[name] !== "number") return text as Config[keyof Config];
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  throw new SettingError((nameOf) => `Cannot set ${nameOf(name)} to "${text}": a number is wanted`);
}

/** As PRNet's paper writes them: landmarks : eyes, nose and mouth : face : neck. */
function maskWeightsOf(text: string): Config["maskWeights"] {
  const weights = text.split(":").map((part) => part.trim() === "" ? NaN : Number(part));
  const [landmarks, features, face, neck] = weights as [number, number, number, number];
  if (weights.length === 4 && weights.every(Number.isFinite)) {
    return { landmarks, eyes: features, nose: features, mouth: features, face, neck };
  }
  throw new SettingError((nameOf) =>
    `Cannot set ${nameOf("maskWeights")} to "${text}": four numbers are wanted, such as 16:4:3:0`
  );
}
