/** Reads a file of a kind, in a process of its own, and prints the bytes that the process has had more than before. */
import { readHead } from "@/lib/face/heads/head_file.ts";
import { skinOf } from "@/lib/face/heads/head.ts";
import { Shard } from "@/lib/data/store/shard.ts";
import { readMat, readMatrices } from "@/lib/formats/mat.ts";
import { readNpy } from "@/lib/formats/npy.ts";
import { garbageCollector } from "@/tests/attacks/budget.ts";

const readers: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  npy: readNpy,
  annotation: readMat,
  matrices: (path) => readMatrices(path, { isWanted: () => true }),
  head: async (path) => skinOf(await readHead(path, {})),
  shard: (path) => new Shard(path, new Uint8Array(32), 1).read(0),
};

const [kind, path, small] = Deno.args as [string, string, string];
const read = () => readers[kind]!(path).then(() => "read", ({ name, message }) => `${name}: ${message}`);
await readers[kind]!(small).catch(() => {}); // what is loaded once is loaded
garbageCollector()();
Deno.writeTextFileSync("/proc/self/clear_refs", "5"); // the peak so far is forgotten
const before = Deno.memoryUsage().rss;
const result = await read();
const [, peak] = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))!;
console.log(JSON.stringify({ result, bytes: 1024 * Number(peak) - before }));
