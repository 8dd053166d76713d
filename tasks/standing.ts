import { resolve } from "node:path";

/** The folder where the user stands, which is the working folder; `Deno.cwd()` would need leave to read all of it. */
export function standing(): string {
  return Deno.env.get("INIT_CWD") ?? Deno.cwd();
}

/** Relative paths that were given, by what they lead to. */
const given = new Map<string, string>();

/** A path that holds wherever the user stands later, as when a run is resumed. */
export function lastingPath(path: string): string {
  const lasting = resolve(standing(), path);
  if (lasting !== path) given.set(lasting, path.replace(/(?<=.)\/+$/, ""));
  return lasting;
}

/** A text for the user, with the paths that {@linkcode lastingPath} made as the user gave them. */
export function asGiven(text: string): string {
  const longestFirst = [...given].sort(([one], [other]) => other.length - one.length);
  return longestFirst.reduce(
    (shown, [lasting, path]) =>
      shown.replaceAll(new RegExp(`(?<![^\\s"'(])${RegExp.escape(lasting)}(?![^\\s/"'),:;.])`, "g"), () => path),
    text,
  );
}
