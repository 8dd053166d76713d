import { InputError } from "@/lib/errors.ts";

/**
 * The symbols that files of the checkout export without a word on them, each as "path:line: code", by `deno doc --lint`. Of
 * what that finds, three kinds are passed over: types of packages, which it takes for private; fields that their names explain;
 * and `…Options`, which the function says that takes them.
 */
export async function missingDocs(paths: readonly string[], root: string): Promise<string[]> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...paths],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stderr);
  const found = [...output.matchAll(/^error\[missing-jsdoc\].*\n +--> (.*):(\d+):\d+\n/gm)];
  if (code !== 0 && !/^error\[/m.test(output)) throw new InputError(`Cannot read the documentation of lib: ${output}`);
  const missing: string[] = [];
  for (const [, path, line] of found) {
    const code = (await Deno.readTextFile(path!)).split("\n")[Number(line) - 1]!;
    if (/^export (?!interface \w+Options\b)/.test(code)) {
      missing.push(`${path!.slice(root.length + 1)}:${line}: ${code}`);
    }
  }
  return missing;
}
