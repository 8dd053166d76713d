/** The README's lines for ssh, each by the shell that ssh would give it to, with a training that goes on. */
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** Trains until it is told to end; without that for so long that whoever waits for it is found out. */
const npx = `#!/bin/sh
echo "$@"
for _ in $(seq 300); do [ -e "$HOME/end" ] && exit; sleep 0.1; done
echo "nobody went on"
`;

Deno.test("the README's lines for ssh leave a training behind, and end at once", async () => {
  const readme = await Deno.readTextFile(`${checkout}/README.md`);
  const lines = [...readme.matchAll(/^ {4}ssh host '(.*)'/gm)].map(([, line]) => line!);
  assertEquals(lines.length, 3);
  await using folder = await temporaryFolder();
  const home = folder.path;
  const log = `${home}/posmap/train.log`;
  await Deno.mkdir(`${home}/posmap`);
  await Deno.writeTextFile(`${home}/npx`, npx, { mode: 0o755 });
  try {
    for (const line of lines) {
      const { success, stdout, stderr } = await new Deno.Command("bash", {
        args: ["-c", line],
        cwd: home,
        env: { HOME: home, PATH: `${home}:${Deno.env.get("PATH")}` },
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      // npx begins by itself
      while ((await Deno.readTextFile(log).catch(() => "")) === "") {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (line.includes("tail")) assert(/train prnet --run runs\/mine/.test(new TextDecoder().decode(stdout)));
    }
  } finally {
    await Deno.writeTextFile(`${home}/end`, "");
  }
  const said = await Deno.readTextFile(log);
  assert(!said.includes("nobody went on"), said);
});
