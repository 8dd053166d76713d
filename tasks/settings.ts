import { type Config, defaults } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";

/** The settings that were given as flags; which of them are in range is for `resolveConfig` to say. */
export function settingsOf(
  options: Readonly<Record<string, unknown>>,
  names: readonly (keyof Config)[],
): Partial<Config> {
  const given = names.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, settingOf(name, String(options[name]))]));
}

function settingOf(name: keyof Config, text: string): string | number | boolean {
  if (typeof defaults[name] === "boolean" && ["true", "false"].includes(text)) return text === "true";
  if (typeof defaults[name] !== "number") return text;
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  throw new InputError(`Cannot set ${name} to "${text}": a number is wanted`);
}
