// Writes whole files of "a", "b", … at a path, one over the other, until it is killed: `deno run write_forever.ts PATH`.
import { writeFileAtomic } from "@/lib/files.ts";

for (let i = 0;; i++) {
  await writeFileAtomic(Deno.args[0]!, String.fromCharCode(97 + i % 26).repeat(100_000 * (1 + i % 3)));
  if (i === 0) console.log("began");
}
