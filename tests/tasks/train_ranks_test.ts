import { resumeExperiment } from "@/lib/experiment.ts";
import { readMetrics } from "@/lib/train/run_folder.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { Lines, spawnTask } from "@/tests/tasks/children.ts";
import { freeAddresses } from "@/tests/tensorflow/collectives/together.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** Validates and saves at every step, and would take hours. */
const endless = ["--fast-dev-run", "--width", "4", "--steps", "100000", "--device", "cpu"];

interface Rank {
  readonly child: Deno.ChildProcess;
  readonly stdout: Lines;
  readonly stderr: Lines;
}

/** A training by ranks; these are the flags of each. */
function spawnRanks(...flags: readonly string[][]): Rank[] {
  const cluster = freeAddresses(flags.length).join();
  return flags.map((of, rank) => {
    const child = spawnTask("train", ...of, "--cluster", cluster, "--rank", `${rank}`);
    return { child, stdout: new Lines(child.stdout), stderr: new Lines(child.stderr) };
  });
}

/** What each rank says in all, and its exit status. */
async function endOf({ child, stdout, stderr }: Rank): Promise<{ code: number; said: string }> {
  const [{ code }, said] = [await child.status, await stderr.end()];
  await stdout.end();
  return { code, said };
}

Deno.test("deno task train --cluster takes steps together until any rank is told to stop; rank 0 has the run, and goes on alone", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const ranks = spawnRanks([...endless, "--run", run], endless);
  await ranks[0]!.stderr.until(/\nstep [3-9]\/.*\n/);
  ranks[1]!.child.kill("SIGUSR1");
  const [first, second] = await Promise.all(ranks.map(endOf));
  assertEquals([first!.code, second!.code], [75, 75]);
  const [, step] = /\nStopped after step (\d+)\. To go on: deno task train --resume --run /.exec(first!.said)!;
  assert(/CPU, \d+ threads?, rank 1 of 2\n/.test(second!.said), second!.said);
  using experiment = await resumeExperiment(run);
  assertEquals(experiment.step, Number(step));
  const stop = new AbortController();
  for await (const _ of experiment.train({ signal: stop.signal })) stop.abort();
  const rows = (await readMetrics(run)).filter((row) => "train/loss" in row).map(({ step }) => step);
  assertEquals(rows, Array.from({ length: Number(step) + 1 }, (_, i) => i + 1));
});
