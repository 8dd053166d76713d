/** Calls into the file system that can be counted, refused, cut short and written down, for those who attack what writes. */

/** Those that write or prepare to, by name, and where they stand; those of an open file are its class's. */
const places = {
  open: Deno,
  openSync: Deno,
  mkdir: Deno,
  readDir: Deno,
  readDirSync: Deno,
  remove: Deno,
  rename: Deno,
  writeTextFile: Deno,
  write: Deno.FsFile.prototype,
  writeSync: Deno.FsFile.prototype,
  sync: Deno.FsFile.prototype,
} as unknown as Record<CallName, Record<string, (...args: unknown[]) => unknown>>;

export type CallName =
  | ("open" | "openSync" | "mkdir" | "readDir" | "readDirSync" | "remove" | "rename" | "writeTextFile")
  | ("write" | "writeSync" | "sync");

/** Calls that give no promise; what they throw, they throw at once. */
const immediate = new Set<string>(["openSync", "readDir", "readDirSync", "writeSync"] satisfies CallName[]);

export interface FileCall {
  readonly name: CallName;
  /** From 0. */
  readonly index: number;
  readonly args: readonly unknown[];
  /** The open file, of its class's calls. */
  readonly file: Deno.FsFile | undefined;
  /** Does what was called for, with other arguments where some are given. */
  readonly proceed: (...args: unknown[]) => unknown;
}

/** Has each call go through `intercept`, which proceeds with it or throws, as long as the returned value is held. */
export function interceptFileCalls(intercept: (call: FileCall) => unknown): Disposable {
  let index = 0;
  const originals = Object.entries(places).map(([name, place]) => [name, place, place[name]!] as const);
  for (const [name, place, original] of originals) {
    place[name] = function (this: unknown, ...args: unknown[]) {
      const proceed = (...others: unknown[]) => original.apply(this, others.length > 0 ? others : args);
      const file = this instanceof Deno.FsFile ? this : undefined;
      try {
        return intercept({ name: name as CallName, index: index++, args, file, proceed });
      } catch (error) {
        if (immediate.has(name)) throw error;
        return Promise.reject(error);
      }
    };
  }
  return {
    [Symbol.dispose]() {
      for (const [name, place, original] of originals) place[name] = original;
    },
  };
}

/** Errors of the system as Deno throws them. */
export const systemErrors = {
  ENOSPC: () => new Error("No space left on device (os error 28)"),
  EIO: () => new Error("Input/output error (os error 5)"),
  EMFILE: () => new Error("Too many open files (os error 24)"),
  EACCES: () => new Deno.errors.PermissionDenied("Permission denied (os error 13)"),
};
