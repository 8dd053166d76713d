/** Processes that write, killed at random: what they said to be written is there, and all that is there is whole. */
import { artefacts } from "@/tests/attacks/artefacts.ts";
import { checkWritten, writeUntil } from "@/tests/attacks/endless_writer.ts";
import { attackRandom, attacks } from "@/tests/attacks/soak.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const names = Object.keys(artefacts);
const kills = attacks(names.length * 2, 1000);

Deno.test(`what is written when a process is killed is whole, ${kills} times`, async () => {
  const random = attackRandom("kills of writers");
  let next = 0;
  const attack = async () => {
    for (let kill = next++; kill < kills; kill = next++) {
      await using folder = await temporaryFolder();
      const name = names[kill % names.length]!;
      const written = await writeUntil(name, folder.path, { milliseconds: random.uniform(0, 60) });
      await checkWritten(name, folder.path, written);
    }
  };
  await Promise.all([attack(), attack(), attack()]);
});
