import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";
import { FakeSetup } from "@/tests/tensorflow/library/fake_pip.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));

type Instruction = readonly [name: string, rest: string];

async function readDockerfile(): Promise<Instruction[]> {
  const text = (await Deno.readTextFile(`${checkout}/Dockerfile`)).replaceAll("\\\n", "");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => /^(\w+) (.*)$/.exec(line)!.slice(1) as unknown as Instruction);
}

/** Runs a line of shell, which must go well; gives what it wrote. */
async function shell(command: string, { cwd, env }: { cwd: string; env: Record<string, string> }): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-euc", command],
    cwd,
    clearEnv: true,
    env,
  })
    .output();
  const complaints = new TextDecoder().decode(stderr);
  assert(success && !complaints.includes("not found"), `${command}: ${complaints}`); // Deno misses workspace members aloud
  return new TextDecoder().decode(stdout);
}

/** As Docker does it: a folder's content, to a folder. */
const copy = `
target=$1; shift; mkdir -p "$target"
for source; do
  if [ "$source" = . ]; then tar --exclude-from=.dockerignore -cf - . | tar -C "$target" -xf -
  elif [ -d "$source" ]; then cp -R "$source/." "$target"
  else cp "$source" "$target"; fi
done`;

for (const [flag, variant] of [["", "cpu"], ["--gpu", "gpu"]] as const) {
  Deno.test({
    name:
      `the Dockerfile, line by line in an empty folder, sets up the library for the ${variant}, and then has every task`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using folder = await temporaryFolder();
      await using setup = await FakeSetup.make();
      const env = { ...setup.environment(), SETUP: flag };
      const entry = { cwd: folder.path, env }; // where the user stands
      let place = folder.path;
      let told = "";
      for (const [name, rest] of await readDockerfile()) {
        if (name === "WORKDIR") await Deno.mkdir(place = `${folder.path}/${rest}`);
        else if (name === "COPY") {
          const paths = rest.split(" ");
          const target = paths.pop()!;
          const to = target.startsWith("/") ? `${folder.path}${target}` : `${place}/${target}`;
          await shell(`set -- '${to}' ${paths.join(" ")}${copy}`, { cwd: checkout, env });
        } else if (name === "RUN" && /\bdeno (ci|task) /.test(rest)) await shell(rest, { cwd: place, env });
        else if (name === "ENTRYPOINT") {
          const command = JSON.parse(rest).join(" ").replace("/posmap", place);
          told = await shell(`${command} 2>&1`, entry) + await shell(`${command} evaluate --help`, entry);
        } else assert(/^(FROM debian:|ARG |ENV )|^RUN (apt-get|python3 -m pip install) /.test(`${name} ${rest}`), rest);
      }
      await Deno.stat(`${setup.library(variant)}/stamp.json`);
      for (const task of ["train", "predict", "serve"]) assert(told.includes(`\n- ${task}\n`), told);
      assert(/Usage: deno task evaluate /.test(told), told);
    },
  });
}

Deno.test("the Dockerfile's Deno is the one that is tested", async () => {
  const [pinned, tested] = await Promise.all(
    [["data/deno.txt", /^deno==(\S+)/m], [".ci/run", /deno@(\S+)/]].map(async ([path, version]) =>
      (version as RegExp).exec(await Deno.readTextFile(`${checkout}/${path}`))![1]
    ),
  );
  assertEquals(pinned, tested);
});
