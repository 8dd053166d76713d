/**
 * Power cuts without a disk to cut: the calls into the file system that writing takes are written down and done again on a
 * model of a disk, which after each of them loses what was not synced.
 */
import { startExperiment } from "@/lib/experiment.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { readCheckpoint } from "@/lib/train/checkpoint.ts";
import { readMetrics, RunFolder } from "@/lib/train/run_folder.ts";
import { artefacts, eventRecords, folderOf, lastOf } from "@/tests/attacks/artefacts.ts";
import { Disk, type DoneCall, type Loss, recordFileCalls, writeFiles } from "@/tests/attacks/disk.ts";
import { checkWritten } from "@/tests/attacks/endless_writer.ts";
import { attackRandom, attacks, attackSeed } from "@/tests/attacks/soak.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

/** Of the calls, after which a part of what is not synced is on the disk. */
const tornShare = 0.1;

const random = attackRandom("replayed power cuts");

/** Names may reach the disk before what they name, or after it. */
const losses: readonly Loss[] = [{ names: "lasting", share: 0 }, { names: "now", share: 0 }];

/** Calls into the file system, and, between them, what was done by then. */
type Recorded<Done> = (DoneCall | { readonly done: Done })[];

/**
 * Does the calls again on a disk, and checks what each power cut leaves that leaves anything else than the one before: a
 * folder, and what was last done by then. At the end, the disk must hold what the folder does, or calls went past it.
 */
async function cutEverywhere<Done>(
  { path, disk, recorded }: { readonly path: string; readonly disk: Disk; readonly recorded: Recorded<Done> },
  check: (folder: string, done: Done | undefined) => Promise<void>,
): Promise<void> {
  let done: Done | undefined;
  const cut = async (left: Map<string, Uint8Array>, what: string) => {
    await using folder = await temporaryFolder();
    writeFiles(folder.path, left);
    await check(folder.path, done).catch((error) => {
      throw new Error(`seed ${attackSeed}: a power cut after ${what}: ${error}`);
    });
  };
  const before: Map<string, Uint8Array>[] = [];
  for (const [i, call] of recorded.entries()) {
    if ("done" in call) done = call.done;
    else disk.do(call);
    const what = "done" in call ? `${call.done} was done` : `call ${i}, ${call.name}`;
    for (const [k, loss] of losses.entries()) {
      const left = disk.after(loss);
      if (!("done" in call) && isSame(left, before[k])) continue;
      before[k] = left;
      await cut(left, `${what}, ${loss.names} names`);
    }
    if (random.next() > tornShare) continue;
    const share = random.next();
    await cut(disk.after({ names: "now", share }), `${what}, and ${share} of what was written`);
  }
  assertEquals(disk.after({ names: "now", share: 1 }), new Disk(path).after({ names: "now", share: 1 }));
}

function isSame(some: Map<string, Uint8Array>, others: Map<string, Uint8Array> | undefined): boolean {
  return some.size === others?.size && some.entries().every(([path, bytes]) => others.get(path) === bytes);
}

const versions = attacks(2, 20);

for (const [name, artefact] of Object.entries(artefacts)) {
  Deno.test(`${name}: what was said to be written is there after a power cut at any call, and all that is there is whole`, async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    for (let version = 1; version <= versions + 1; version++) await folderOf(artefact, path, version);
    const disk = new Disk(path);
    const recorded: Recorded<number> = [];
    {
      using _ = recordFileCalls((call) => recorded.push(call));
      for (let version = 1; version <= versions; version++) {
        await artefact.write(artefact.isNew ? `${path}/${version}` : path, version);
        recorded.push({ done: version });
      }
    }
    await cutEverywhere({ path, disk, recorded }, (left, written = 0) => checkWritten(name, left, written));
  });
}

Deno.test("a training goes on after a power cut at any call from its last checkpoint, and its log has all up to there", async () => {
  await openTensorFlow({ device: "cpu" });
  await using folder = await temporaryFolder();
  const { path } = folder;
  const validateEvery = 3;
  const config = tinyConfig({ steps: attacks(6, 30), checkpointEvery: 2, validateEvery });
  const recorded: Recorded<number> = [];
  const disk = new Disk(path);
  {
    using _ = recordFileCalls((call) => recorded.push(call));
    using experiment = await startExperiment(config, { run: `${path}/run` });
    recorded.push({ done: 0 });
    for await (const _ of experiment.train()) recorded.push({ done: experiment.savedStep ?? 0 });
    recorded.push({ done: experiment.savedStep! });
  }
  await cutEverywhere({ path, disk, recorded }, async (left, saved) => {
    if (saved === undefined) return;
    using run = await RunFolder.open(`${left}/run`);
    const step = (await readCheckpoint(run.checkpoints.last))?.progress.step ?? 0;
    assert(step >= saved, `the checkpoint is of step ${step}, ${saved} was saved`);
    const rows = await readMetrics(run.path);
    const check = (what: string, steps: readonly number[], every: number) => {
      const last = lastOf([...new Set(steps)].map((found) => found / every)) ?? 0;
      assert(last >= Math.floor(step / every), `of ${what} up to step ${step} only ${steps} are there`);
    };
    check("losses", rows.flatMap((row) => "train/loss" in row ? row.step : []), 1);
    check("validations", rows.flatMap((row) => "validation/loss" in row ? row.step : []), validateEvery);
    const steps = (await eventRecords(`${run.path}/events`)).map((event) => event[10]!); // after the time and a tag
    check("events", steps.filter((found) => found > 0), 1);
  });
});
