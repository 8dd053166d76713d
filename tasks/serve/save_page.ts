import { dirname } from "node:path";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { isThere, syncFolder, temporaryName, writeFileAtomic } from "@/lib/files.ts";

/** Writes the page's files to a new folder, all or nothing; gives their size. Throws an InputError where they cannot be. */
export async function savePage(out: string, files: ReadonlyMap<string, Uint8Array>): Promise<number> {
  const temporary = temporaryName(out);
  try {
    if (await isThere(out)) throw new InputError("it is there already; name another place by --out");
    let byteCount = 0;
    for (const [name, bytes] of files) {
      const path = `${temporary}/${name}`;
      await Deno.mkdir(dirname(path), { recursive: true });
      await writeFileAtomic(path, bytes);
      byteCount += bytes.length;
    }
    await Deno.rename(temporary, out);
    await syncFolder(dirname(out));
    return byteCount;
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw new InputError(`Cannot write the page to ${out}: ${reasonOf(error)}`);
  }
}
