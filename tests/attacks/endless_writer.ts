import { fileURLToPath } from "node:url";
import { artefacts, folderOf } from "@/tests/attacks/artefacts.ts";
import { attackSeed } from "@/tests/attacks/soak.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Starts a process that writes versions of an artefact, stops it some time after the first, and kills it. Gives the last
 * version that it said to be written.
 */
export async function writeUntil(
  name: string,
  folder: string,
  { milliseconds, stop = () => {} }: { readonly milliseconds: number; readonly stop?: () => void },
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-ffi"],
      ...[`${root}tests/attacks/write_forever.ts`, name, folder],
    ],
    cwd: root,
    stdout: "piped",
    stderr: "null", // a disk that is gone is complained of
  }).spawn();
  let printed = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (printed === "") {
      setTimeout(() => {
        stop();
        try {
          child.kill("SIGKILL");
        } catch { /* it ended as its disk did */ }
      }, milliseconds);
    }
    printed += text;
  }
  await child.status;
  const last = printed.slice(0, printed.lastIndexOf("\n")).split("\n").at(-1);
  if (!last) throw new Error(`seed ${attackSeed}: nothing of ${name} was written`);
  return Number(last);
}

/**
 * Throws where anything else stands there than the version that was the last to be written, 0 for none, or the next, whole.
 */
export async function checkWritten(name: string, folder: string, written: number): Promise<void> {
  const artefact = artefacts[name]!;
  const check = async (version: number, allowed: readonly (number | undefined)[]) => {
    const found = await artefact.read(await folderOf(artefact, folder, version)).catch((error) => String(error));
    if ((allowed as unknown[]).includes(found)) return;
    throw new Error(`seed ${attackSeed}: ${name}: ${found} stands there, and ${written} was written`);
  };
  if (artefact.isNew) {
    if (written > 0) await check(written, [written]);
    return await check(written + 1, [written + 1, undefined]);
  }
  await check(written, [written, written + 1, ...artefact.isDerived || written === 0 ? [undefined] : []]);
}
