/** A disk by what Linux promises of one: what a power cut leaves of the calls that were made so far. */
import { basename, dirname } from "node:path";
import { type FileCall, interceptFileCalls } from "@/tests/attacks/file_calls.ts";

const nothing = new Uint8Array();

/** A file's bytes, as programs find them and as they last. */
class Contents {
  now = nothing;
  lasting = nothing;
}

/** A folder's names, likewise. */
class Names {
  readonly now = new Map<string, Names | Contents>();
  lasting: ReadonlyMap<string, Names | Contents> = new Map();

  keep(): void {
    this.lasting = new Map(this.now);
  }
}

export type DoneCall = Pick<FileCall, "name" | "args" | "file"> & { readonly result: unknown };

/** Has each call that succeeds passed on, in the order in which they end, as long as the returned value is held. */
export function recordFileCalls(onCall: (call: DoneCall) => void): Disposable {
  return interceptFileCalls(({ name, args, file, proceed }) => {
    const kept = args.map((value) => value instanceof Uint8Array ? value.slice() : value); // which may be used again
    const done = <T>(result: T) => (onCall({ name, args: kept, file, result }), result);
    const result = proceed();
    return result instanceof Promise ? result.then(done) : done(result);
  });
}

/** What a power cut leaves of what was not synced. */
export interface Loss {
  /** Of names: the folder's own state when it was synced, or all that was done to it since. */
  readonly names: "lasting" | "now";
  /** The share of a file's new bytes that reached the disk. */
  readonly share: number;
}

/** The disk below one folder, to which calls are done again. */
export class Disk {
  readonly #path: string;
  readonly #root = new Names();
  /** Open files and folders, and where the next byte goes. */
  readonly #open = new Map<unknown, { readonly node: Names | Contents; at: number }>();

  /** The folder as it is, all of it lasting. */
  constructor(path: string) {
    this.#path = path;
    const read = (names: Names, path: string) => {
      for (const { name, isDirectory } of Deno.readDirSync(path)) {
        const node = isDirectory ? new Names() : new Contents();
        if (node instanceof Names) read(node, `${path}/${name}`);
        else node.lasting = node.now = Deno.readFileSync(`${path}/${name}`);
        names.now.set(name, node);
      }
      names.keep();
    };
    read(this.#root, path);
  }

  /** Calls elsewhere change nothing. */
  do({ name, args, file, result }: DoneCall): void {
    const open = this.#open.get(file);
    if (name === "sync" && open) return this.#sync(open.node);
    if ((name === "write" || name === "writeSync") && open) {
      const written = (args[0] as Uint8Array).subarray(0, result as number);
      open.at = put(open.node as Contents, written, open.at);
    }
    const [path, second] = args as [string, never];
    if (file || path !== this.#path && !path.startsWith(`${this.#path}/`)) return;
    switch (name) {
      case "open":
      case "openSync": {
        const { append = false, truncate = false }: Deno.OpenOptions = second ?? {};
        const node = this.#find(path) ?? this.#add(path, new Contents());
        if (truncate) (node as Contents).now = nothing;
        this.#open.set(result, { node, at: append ? (node as Contents).now.length : 0 });
        return;
      }
      case "writeTextFile": {
        const node = (this.#find(path) ?? this.#add(path, new Contents())) as Contents;
        const { append = false }: Deno.WriteFileOptions = args[2] ?? {};
        if (!append) node.now = nothing;
        put(node, new TextEncoder().encode(second), node.now.length);
        return;
      }
      case "mkdir":
        return this.#makeFolder(path);
      case "rename": {
        const node = this.#find(path)!;
        this.#remove(path);
        this.#add(second, node);
        return;
      }
      case "remove":
        this.#remove(path);
    }
  }

  /** All that a power cut leaves: bytes by path in the folder, which ends in a slash and has none where it is a folder. */
  after({ names, share }: Loss): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    const list = (folder: Names, prefix: string) => {
      for (const [name, node] of folder[names]) {
        const path = `${prefix}${name}`;
        if (node instanceof Names) {
          found.set(`${path}/`, nothing);
          list(node, `${path}/`);
        } else found.set(path, node.now === node.lasting ? node.now : torn(node, share));
      }
    };
    list(this.#root, "");
    return found;
  }

  #sync(node: Names | Contents): void {
    if (node instanceof Names) node.keep();
    else node.lasting = node.now;
    this.#keepFolders(this.#root, node);
  }

  #find(path: string): Names | Contents | undefined {
    let node: Names | Contents | undefined = this.#root;
    for (const name of path.slice(this.#path.length).split("/").filter(Boolean)) {
      node = node instanceof Names ? node.now.get(name) : undefined;
    }
    return node;
  }

  #add<T extends Names | Contents>(path: string, node: T): T {
    (this.#find(dirname(path)) as Names).now.set(basename(path), node);
    return node;
  }

  #makeFolder(path: string): void {
    if (this.#find(path)) return;
    this.#makeFolder(dirname(path));
    this.#add(path, new Names());
  }

  #remove(path: string): void {
    (this.#find(dirname(path)) as Names).now.delete(basename(path));
  }

  /** A folder's own name lasts with what is synced in it: so have it all of Linux's file systems with a journal. */
  #keepFolders(from: Names, node: Names | Contents): boolean {
    for (const [name, child] of from.now) {
      if (child !== node && !(child instanceof Names && this.#keepFolders(child, node))) continue;
      if (child instanceof Names) from.lasting = new Map([...from.lasting, [name, child]]);
      return true;
    }
    return false;
  }
}

/** Gives where the next byte goes. */
function put(contents: Contents, bytes: Uint8Array, at: number): number {
  const next = new Uint8Array(Math.max(contents.now.length, at + bytes.length));
  next.set(contents.now);
  next.set(bytes, at);
  contents.now = next;
  return at + bytes.length;
}

function torn({ now, lasting }: Contents, share: number): Uint8Array {
  const grew = now.length >= lasting.length && lasting.every((byte, i) => byte === now[i]);
  const kept = grew ? lasting.length : 0;
  return share === 0 ? lasting : now.slice(0, kept + Math.floor(share * (now.length - kept)));
}

/** Makes a folder hold these files. */
export function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) {
    if (path.endsWith("/")) Deno.mkdirSync(`${folder}/${path}`);
    else Deno.writeFileSync(`${folder}/${path}`, bytes);
  }
}
