// Writes versions 1, 2, … of an artefact until it is killed, and says which are written: `deno run write_forever.ts NAME FOLDER`.
import { artefacts, folderOf } from "@/tests/attacks/artefacts.ts";

const [name, folder] = Deno.args as [string, string];
const artefact = artefacts[name]!;
for (let version = 1;; version++) {
  await artefact.write(await folderOf(artefact, folder, version), version);
  console.log(version);
}
