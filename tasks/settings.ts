import { type Config, defaults, parseSetting, type SourceSettings } from "@/lib/config.ts";
import { sourceKinds } from "@/lib/data/sources/open_source.ts";
import { sourceFlag, type SourceKind } from "@/lib/data/sources/source.ts";
import { SettingError } from "@/lib/errors.ts";
import { lastingPath } from "@/tasks/standing.ts";

/** The settings that were given as flags. Throws a SettingError where one has a value that it cannot have. */
export function settingsOf(
  options: Readonly<Record<string, unknown>>,
  names: readonly (keyof Config)[],
): Partial<Config> {
  const given = names.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, settingOf(name, String(options[name]))]));
}

/** The source that --source and its settings' flags ask for: what they do not say is as before, if its name is. */
export function sourceOf(options: Readonly<Record<string, unknown>>, before: SourceSettings): SourceSettings {
  const name = options["source"] as string | undefined;
  const source = name === undefined || name === before.name ? before : { name };
  const given = sourceSettings().flatMap(({ setting, attribute, isPath }) => {
    const text = options[attribute] as string | undefined;
    return text ? [[setting, isPath ? lastingPath(text) : text] as const] : [];
  });
  return { ...source, ...Object.fromEntries(given) };
}

/** A setting that sources take, and how a command line names it. */
export interface SourceSetting {
  readonly setting: string;
  readonly flag: string;
  /** The flag's name among a command's options: "sourcePath". */
  readonly attribute: string;
  readonly isPath: boolean;
  /** What it is for each source that takes it. */
  readonly about: string;
}

/** The settings of all sources, but for the name. */
export function sourceSettings(
  kinds: Readonly<Record<string, Pick<SourceKind, "settings">>> = sourceKinds,
): SourceSetting[] {
  const takers = Object.entries(kinds).flatMap(([kind, { settings }]) =>
    Object.entries(settings).map(([setting, facts]) => ({ kind, setting, ...facts }))
  );
  return Object.entries(Object.groupBy(takers, ({ setting }) => setting)).map(([setting, taken]): SourceSetting => ({
    setting,
    flag: sourceFlag(setting),
    attribute: `source${setting[0]!.toUpperCase()}${setting.slice(1)}`,
    isPath: taken!.some(({ isPath }) => isPath),
    about: taken!.map(({ kind, about }) => `for ${kind}, ${about}`).join("; "),
  }));
}

function settingOf(name: keyof Config, text: string): Config[keyof Config] {
  return parseSetting(name, valueOf(name, text));
}

/** The text itself where it is none of what the setting can have. */
function valueOf(name: keyof Config, text: string): unknown {
  if (typeof defaults[name] === "boolean" && ["true", "false"].includes(text)) return text === "true";
  if (name === "maskWeights") return maskWeightsOf(text);
  if (name === "teacher" && text !== "") return lastingPath(text);
  const isNumber = typeof defaults[name] === "number" && /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text);
  return isNumber ? Number(text) : text;
}

/** As PRNet's paper writes them: landmarks : eyes, nose and mouth : face : neck. */
function maskWeightsOf(text: string): Config["maskWeights"] {
  const weights = text.split(":").map((part) => part.trim() === "" ? NaN : Number(part));
  const [landmarks, features, face, neck] = weights as [number, number, number, number];
  if (weights.length === 4 && weights.every(Number.isFinite)) {
    return { landmarks, eyes: features, nose: features, mouth: features, face, neck };
  }
  throw new SettingError((nameOf) =>
    `Cannot set ${nameOf("maskWeights")} to "${text}": four numbers from 0 are wanted, such as 16:4:3:0`
  );
}
