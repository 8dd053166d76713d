/** Each thing that posmap writes, attacked at every call into the file system that writing it takes. */
import { InputError } from "@/lib/errors.ts";
import { type Artefact, artefacts } from "@/tests/attacks/artefacts.ts";
import { type FileCall, interceptFileCalls, systemErrors } from "@/tests/attacks/file_calls.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** A folder in which the version before stands, where there is one before. */
async function folderBefore({ write, isNew }: Artefact): Promise<Awaited<ReturnType<typeof temporaryFolder>>> {
  const folder = await temporaryFolder();
  if (!isNew) await write(folder.path, 1);
  return folder;
}

/** Writes the next version with its calls intercepted: what it threw, and how many calls it took. */
async function writeNext(artefact: Artefact, folder: string, intercept: (call: FileCall) => unknown) {
  let count = 0;
  using _ = interceptFileCalls((call) => {
    count++;
    return intercept(call);
  });
  const error = await artefact.write(folder, nextOf(artefact)).then(() => undefined, (error) => error ?? "nothing");
  return { error, count };
}

function nextOf({ isNew }: Artefact): number {
  return isNew ? 1 : 2;
}

/** A sentence that names a file of the folder. */
function assertSentence(error: unknown, folder: string, where: string): void {
  const isSentence = error instanceof InputError && error.message.includes(folder) && !error.message.includes("\n") &&
    !/\.tmp\b|--allow/.test(error.message);
  if (!isSentence) throw new Error(`${where}: ${error instanceof Error ? error.stack : error}`);
}

async function temporaryFiles(folder: string): Promise<string[]> {
  const found = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (name.endsWith(".tmp")) found.push(name);
    if (isDirectory) found.push(...await temporaryFiles(`${folder}/${name}`));
  }
  return found;
}

/** The file system goes wrong in this way at a call, or from a call on. */
type Fault = (call: FileCall, failing: number) => unknown;

const faults: Record<string, Fault> = {};
for (const [code, error] of Object.entries(systemErrors)) {
  faults[`${code} at one call`] = ({ index, proceed }, failing) => {
    if (index === failing) throw error();
    return proceed();
  };
}
/** A full disk takes a part of what is written, and then no more. */
faults["a disk that is full from one call on"] = ({ name, index, args, proceed }, failing) => {
  const makes = ["mkdir", "write", "writeSync", "writeTextFile", "sync"].includes(name) ||
    (args[1] as Deno.OpenOptions | undefined)?.write;
  if (index < failing || !makes) return proceed();
  const refuse = () => {
    throw systemErrors.ENOSPC();
  };
  if (index > failing || !name.startsWith("write")) return refuse();
  if (name === "writeSync") return proceed(halfOf(args[0] as Uint8Array)), refuse();
  const half = name === "write" ? [halfOf(args[0] as Uint8Array)] : [args[0], halfOf(args[1] as string), args[2]];
  return (proceed(...half) as Promise<unknown>).then(refuse);
};
/** Nothing is done after a kill. */
faults["a kill before one call"] = ({ index, proceed }, failing) => {
  if (index >= failing) throw new Error("killed");
  return proceed();
};

function halfOf<T extends Uint8Array | string>(content: T): T {
  return content.slice(0, Math.ceil(content.length / 2)) as T;
}

for (const [name, artefact] of Object.entries(artefacts)) {
  const [before, next] = [artefact.isNew ? undefined : 1, nextOf(artefact)];

  for (const [what, fault] of Object.entries(faults)) {
    Deno.test(`${name}: ${what}, whichever it is, leaves the version before or the next, whole`, async () => {
      const killed = what.startsWith("a kill");
      for (let failing = 0, reached = true; reached; failing++) {
        await using folder = await folderBefore(artefact);
        let failed: string | undefined;
        const { error } = await writeNext(artefact, folder.path, (call) => {
          if (call.index === failing) failed = call.name;
          return fault(call, failing);
        });
        reached = failed !== undefined;
        const where = `call ${failing}, ${failed}`;
        if (error && !killed) assertSentence(error, folder.path, where);
        if (!killed) assertEquals([where, await temporaryFiles(folder.path)], [where, []]);
        const found = await artefact.read(folder.path);
        const allowed = [before, ...artefact.isDerived ? [undefined] : []];
        assert(found === next || error && allowed.includes(found), `${where}: ${found} stands there, after ${error}`);
        if (found === next && artefact.isNew) continue;
        await artefact.write(folder.path, next); // the same again, when it works again
        assertEquals([where, await artefact.read(folder.path)], [where, next]);
        if (!artefact.isShared) assertEquals([where, await temporaryFiles(folder.path)], [where, []]);
      }
    });
  }

  Deno.test(`${name}: writes that take a part of what they are given are gone on with`, async () => {
    await using folder = await folderBefore(artefact);
    const { error } = await writeNext(artefact, folder.path, ({ name, args, proceed }) => {
      return name === "write" || name === "writeSync" ? proceed(halfOf(args[0] as Uint8Array)) : proceed();
    });
    assertEquals([error, await artefact.read(folder.path)], [undefined, next]);
  });
}
