import { resumeExperiment } from "@/lib/experiment.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { savePreparedFace } from "@/lib/face/prepared_face.ts";
import { isThere } from "@/lib/files.ts";
import { readCheckpoint } from "@/lib/train/checkpoint.ts";
import { readMetrics, RunFolder } from "@/lib/train/run_folder.ts";
import { attackRandom, attacks } from "@/tests/attacks/soak.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { endless, Lines, runTaskChild, spawnTask } from "@/tests/tasks/children.ts";
import { freeAddresses } from "@/tests/tensorflow/collectives/together.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

interface Rank {
  readonly child: Deno.ChildProcess;
  readonly stdout: Lines;
  readonly stderr: Lines;
}

/** A training by ranks, which find each other by TF_CONFIG; these are the flags of each. */
function spawnRanks(...flags: readonly string[][]): Rank[] {
  const worker = freeAddresses(flags.length);
  return flags.map((of, index) => {
    const config = { cluster: { worker }, task: { type: "worker", index } };
    const child = spawnTask("train", ...of, {
      environment: { TF_CONFIG: JSON.stringify(config), http_proxy: "http://127.0.0.1:9" }, // a proxy is passed by
    });
    return { child, stdout: new Lines(child.stdout), stderr: new Lines(child.stderr) };
  });
}

/** What each rank says in all, and its exit status. */
async function endOf({ child, stdout, stderr }: Rank): Promise<{ code: number; said: string }> {
  const [{ code }, said] = [await child.status, await stderr.end()];
  await stdout.end();
  return { code, said };
}

Deno.test("ranks of a training take steps together until any rank is told to stop; rank 0 has the run, and goes on alone", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const ranks = spawnRanks([...endless, "--run", run], endless);
  await ranks[0]!.stderr.until(/\nstep [3-9]\/.*\n/);
  ranks[1]!.child.kill("SIGUSR1");
  const [first, second] = await Promise.all(ranks.map(endOf));
  assertEquals([first!.code, second!.code], [75, 75]);
  const [, step] = /\nStopped after step (\d+)\. To go on: deno task .*train --resume --run /.exec(first!.said)!;
  assert(/CPU, \d+ threads?, rank 1 of 2\n/.test(second!.said), second!.said);
  using experiment = await resumeExperiment(run);
  assertEquals(experiment.step, Number(step));
  const stop = new AbortController();
  for await (const _ of experiment.train({ signal: stop.signal })) stop.abort();
  const rows = (await readMetrics(run)).filter((row) => "train/loss" in row).map(({ step }) => step);
  assertEquals(rows, Array.from({ length: Number(step) + 1 }, (_, i) => i + 1));
});

/** How far the run's last checkpoint is. */
async function progressOf(run: string): Promise<{ step: number; nextBatch: number }> {
  using folder = await RunFolder.open(run);
  const { step, nextBatch } = (await readCheckpoint(folder.checkpoints.last))?.progress ?? { step: 0, nextBatch: 0 };
  return { step, nextBatch };
}

const kills = attacks(2, 20);

Deno.test(`a rank that is killed ends the others with a sentence, and no saved step is lost, whatever their number, ${kills} times`, async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const random = attackRandom("kills of ranks");
  let progress = { step: 0, nextBatch: 0 };
  for (let kill = 0; kill < kills; kill++) {
    const count = 2 + kill % 2;
    const victim = kill % 3 === 1 ? 0 : random.integer(1, count - 1);
    const first = kill === 0 ? [...endless, "--run", run] : ["--resume", "--run", run];
    const ranks = spawnRanks(first, ...Array.from({ length: count - 1 }, () => endless));
    await ranks[0]!.stderr.until(/\nstep \d+\/.*\n/);
    await new Promise((resolve) => setTimeout(resolve, random.uniform(0, 500)));
    ranks[victim]!.child.kill("SIGKILL");
    const ends = await Promise.all(ranks.map(endOf));
    for (const [rank, { code, said }] of ends.entries()) {
      if (rank === victim) continue;
      assertEquals([rank, code], [rank, 2]);
      const sentence = /\nCannot train on together: rank \d at 127\.0\.0\.1:\d+ has ended or does not answer(.*)\n$/;
      const [, more] = sentence.exec(said) ?? [];
      assert(more !== undefined, said);
      assert(
        rank > 0 || /^\. To go on from the checkpoint after step \d+: deno task .*train --resume /.test(more),
        said,
      );
    }
    const shown = [...ends[0]!.said.matchAll(/^step (\d+)\//gm)].map(([, step]) => Number(step));
    const after = await progressOf(run);
    assert(after.step >= shown.at(-1)!, `${after.step} is saved, ${shown.at(-1)} was shown`);
    assertEquals(after.nextBatch, progress.nextBatch + count * (after.step - progress.step));
    progress = after;
  }
  using experiment = await resumeExperiment(run); // alone
  const stop = new AbortController();
  for await (const _ of experiment.train({ signal: stop.signal })) stop.abort();
  const rows = (await readMetrics(run)).filter((row) => "train/loss" in row).map(({ step }) => step);
  assertEquals(rows, Array.from({ length: progress.step + 1 }, (_, i) => i + 1));
});

Deno.test("deno task train --processes trains by ranks of this machine; one that hangs ends them all", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const fewGpus = { environment: { CUDA_VISIBLE_DEVICES: "0" } };
  const refused = await runTaskChild("train", ...endless, "--run", run, "--processes", "2", fewGpus);
  assertEquals([refused.code, refused.stdout], [2, ""]);
  assert(/^Cannot train by 2 processes: CUDA_VISIBLE_DEVICES is "0", 1 GPU, and /.test(refused.stderr), refused.stderr);
  await using child = spawnTask("train", ...endless, "--run", run, "--processes", "2");
  const [stdout, stderr] = [new Lines(child.stdout), new Lines(child.stderr)];
  await stderr.until(/\nstep 2\/.*\n/);
  const { pid } = child;
  const { stdout: found } = await new Deno.Command("cat", { args: [`/proc/${pid}/task/${pid}/children`] }).output();
  const hanging = new TextDecoder().decode(found).trim().split(" ").map(Number).at(-1)!;
  Deno.kill(hanging, "SIGSTOP");
  await stderr.until(/\nCannot train on together: rank 1 at 127\.0\.0\.1:\d+ has ended or does not answer\. To go on /);
  assertEquals((await child.status).code, 2);
  await assertThrows(() => Deno.kill(hanging, "SIGCONT"), Deno.errors.NotFound, /./);
  await Promise.all([stdout.end(), stderr.end()]);
  assert((await progressOf(run)).step >= 2);
});

Deno.test("ranks whose time is over while they open end with exit status 75, and without complaints of each other", async () => {
  await using folder = await temporaryFolder();
  const flags = ["--processes", "2", "--max-time", "2s", "--run", `${folder.path}/run`];
  const { code, stderr } = await spawnTask("train", ...endless, ...flags).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals([code, said], [75, said]);
  assert(!said.includes("Cannot train on together"), said); // rank 0 may hear of the other's stop before its own
});

Deno.test("a rank says which other it waits for, and ends with a sentence where that one does not come in time", async () => {
  const addresses = freeAddresses(2);
  const flags = ["--cluster", addresses.join(), "--rank", "1", "--join-time", "4s"];
  const { code, stderr } = await spawnTask("train", ...endless, ...flags).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals(code, 2);
  const lines = [`Waiting for the other ranks`, `Waiting for rank 0 at ${addresses[0]}  \\d s`];
  const sentence = `Cannot train together: rank 0 at ${addresses[0]} did not come in 4 s (.*)`;
  assert(new RegExp(`^${[...lines, sentence].join("\\n")}\n$`).test(said), said);
});

Deno.test("ranks whose addresses are in another order, so that two are rank 0, end with a sentence", async () => {
  const addresses = freeAddresses(2);
  const ends = await Promise.all(
    [addresses, addresses.toReversed()].map((order) =>
      spawnTask("train", ...endless, "--cluster", order.join(), "--rank", "0", "--join-time", "5s").output()
    ),
  );
  for (const { code, stderr } of ends) {
    const said = new TextDecoder().decode(stderr);
    assertEquals([code, said], [2, said]);
    assert(
      /\nCannot train together: at all 2 addresses somebody answers, but not as the rank [^\n]*\n$/.test(said),
      said,
    );
  }
});

Deno.test("a rank takes rank 0's faces from where its own flags say they are, and one whose faces are others ends them all with a sentence", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const model = builtInFace();
  await Deno.mkdir(`${path}/there`);
  for (const name of ["a.model", "there/a.model"]) await savePreparedFace(`${path}/${name}`, { model });
  const wider = { ...model, mean: model.mean.map((value, i) => i % 3 === 0 ? 1.1 * value : value) };
  await savePreparedFace(`${path}/wider.model`, { model: wider });
  const facesAt = (name: string) => ["--source", "model", "--source-path", `${path}/${name}`];
  const first = [...endless, "--expression-weight", "0", "--run", `${path}/run`, ...facesAt("a.model")];
  const alike = spawnRanks([...first, "--steps", "1"], [...endless, ...facesAt("there/a.model")]);
  for (const { code, said } of await Promise.all(alike.map(endOf))) assertEquals([code, said], [0, said]);
  const lost = (rank: number) =>
    new RegExp(`\nCannot train on together: rank ${rank} at [^\n]* has ended or [^\n]*\n$`);
  const refused: [string[], RegExp][] = [
    [facesAt("wider.model"), /\nCannot train together: the faces of the source model here are not those of rank 0\n$/],
    [
      facesAt("missing.model"),
      /\nCannot read .*missing\.model: there is no such file or folder; a face model .* was expected\n$/,
    ],
  ];
  for (const [number, [flags, sentence]] of refused.entries()) {
    const run = `${path}/refused ${number}`;
    const ranks = spawnRanks([...endless, ...facesAt("a.model"), "--run", run], [...endless, ...flags]);
    const [one, other] = await Promise.all(ranks.map(endOf));
    assert(one!.code === 2 && other!.code === 2 && sentence.test(other!.said), `${flags}: ${one!.said}${other!.said}`);
    assert(lost(1).test(one!.said) && !await isThere(run), `${flags}: ${one!.said}`);
  }
  const ranks = spawnRanks(first, [...endless, ...facesAt("a.model")]); // the run is there already
  const [one, other] = await Promise.all(ranks.map(endOf));
  assertEquals([one!.code, other!.code], [2, 2]);
  assert(/\nCannot start a run in /.test(one!.said) && lost(0).test(other!.said), one!.said + other!.said);
});
