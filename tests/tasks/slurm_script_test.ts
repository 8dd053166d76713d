/** The README's script for SLURM, with stand-ins of its programs. */
import { fileURLToPath } from "node:url";
import { readRunConfig } from "@/lib/train/run_folder.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { Lines } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

const programs = {
  srun: `
    echo $$ >"$SLURM_SUBMIT_DIR/pid"
    case " $* " in
      *" --resume "*) exec "$@" ;;
      *) exec "$@" --fast-dev-run --width 4 --workers 0 --steps 100000 --device cpu ;;
    esac`,
  scontrol: 'echo "$@" >>"$SLURM_SUBMIT_DIR/asked"',
};

Deno.test("the README's job for SLURM saves at SIGUSR1, queues itself again, and then goes on", async () => {
  await using folder = await temporaryFolder();
  const readme = await Deno.readTextFile(`${checkout}/README.md`);
  const script = /^ {4}#!\/bin\/bash\n(?: {4}.*\n)+/m.exec(readme)![0].replaceAll(/^ {4}/gm, "");
  await Deno.writeTextFile(`${folder.path}/job`, script);
  for (const [name, lines] of Object.entries(programs)) {
    await Deno.writeTextFile(`${folder.path}/${name}`, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  }
  const stops: number[] = [];
  for (const _ of ["first", "again"]) {
    const job = new Deno.Command("bash", {
      args: [`${folder.path}/job`],
      cwd: checkout,
      env: {
        PATH: `${folder.path}:${Deno.env.get("PATH")}`,
        SLURM_SUBMIT_DIR: folder.path,
        SLURM_JOB_ID: "42",
        NO_COLOR: "1",
      },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const said = new Lines(job.stderr);
    await said.until(/\nstep \d/);
    Deno.kill(Number(await Deno.readTextFile(`${folder.path}/pid`)), "SIGUSR1");
    assertEquals((await job.status).code, 0);
    const stopped = /\nStopped after step (\d+)\. To go on: .* --resume /.exec(await said.end());
    assert(stopped, said.text);
    stops.push(Number(stopped[1]));
  }
  assert(stops[1]! > stops[0]!, `${stops}`);
  assertEquals(await Deno.readTextFile(`${folder.path}/asked`), "requeue 42\n".repeat(2));
  assertEquals((await readRunConfig(`${folder.path}/runs/mine`)).architecture, "prnet");
});
