/**
 * A run that is stopped is, once it is resumed, the run that was not: all tensors of its checkpoints, its progress and what
 * it measured, by SHA-256. The steps go over ends of epochs, a fall of the learning rate and validations.
 */
import { fileURLToPath } from "node:url";
import type { Experiment } from "@/lib/experiment.ts";
import { sha256 } from "@/lib/formats/seal.ts";
import { CheckpointSeries } from "@/lib/formats/checkpoint_series.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { readMetrics, RunFolder } from "@/lib/train/run_folder.ts";
import type { Random } from "@/lib/random.ts";
import { attackRandom, attacks, attackSeed } from "@/tests/attacks/soak.ts";
import { begin, STEPS } from "@/tests/attacks/stopped_run.ts";
import { assert } from "@/tests/support.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

Deno.env.delete("TF_NUM_INTRAOP_THREADS"); // with as many as people have it, also where it is killed
await openTensorFlow({ device: "cpu" });
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Trains to a step and stops there, as at a signal. */
async function trainTo(experiment: Experiment, step: number): Promise<void> {
  const stop = new AbortController();
  for await (const report of experiment.train({ signal: stop.signal })) if (report.step === step) stop.abort();
}

/** Of all that a run has to go on with and what it measured, but for times. */
async function fingerprint(run: string): Promise<Record<string, string>> {
  const prints: Record<string, string> = {};
  for (const name of ["last", "best"]) {
    const restored = await (await CheckpointSeries.open(`${run}/checkpoints/${name}`)).restore();
    for (const { name: tensor, values } of restored?.tensors.values() ?? []) {
      const bytes = ArrayBuffer.isView(values) ? new Uint8Array(values.buffer as ArrayBuffer).slice() : values[0];
      prints[`${name}/${tensor}`] = await sha256(bytes as Uint8Array<ArrayBuffer>);
    }
  }
  const rows = (await readMetrics(run)).map((row) =>
    Object.entries(row).filter(([key]) => !/samples_per_second|wait_share/.test(key))
  );
  return { ...prints, metrics: await sha256(JSON.stringify(rows)) };
}

interface Stop {
  readonly kind: keyof typeof stops;
  readonly step: number;
  /** After the step, the call into the file system before which a killed one is killed. */
  readonly call: number;
  readonly workers: number;
}

/** Ways to stop a run of twenty steps at one of them. */
const stops = {
  async finished(run: string, { step, workers }: Stop) {
    using experiment = await begin(run, { workers, steps: step });
    await trainTo(experiment, step);
  },
  async terminated(run: string, { step, workers }: Stop) {
    using experiment = await begin(run, { workers });
    await trainTo(experiment, step);
  },
  async killed(run: string, { step, call, workers }: Stop) {
    const { signal } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "-A",
        `${root}tests/attacks/train_and_die.ts`,
        run,
        ...[step, call, workers].map(String),
      ],
      cwd: root,
      stdout: "null",
      stderr: "inherit",
    }).output();
    assert(signal === "SIGKILL" || step === STEPS, `${run} was not killed at step ${step}`);
  },
};

/** Each run is stopped every fifth step, five runs at all twenty of them. */
const EVERY = 5;

function stopsOf(runNumber: number, random: Random): Stop[] {
  return Array.from({ length: STEPS / EVERY }, (_, k) => {
    const step = 1 + runNumber % EVERY + EVERY * k;
    const kinds = Object.keys(stops) as (keyof typeof stops)[];
    return {
      step,
      kind: random.pick(kinds.filter((kind) => kind !== "finished" || step % EVERY === 0)), // where it is validated, too
      call: random.integer(0, 25),
      workers: pickWorkers(random),
    };
  });
}

/** Mostly none: each opens the source anew. */
const pickWorkers = (random: Random) => random.pick([0, 0, 0, 1, 2]);

const runs = attacks(2, 45);

Deno.test(`a run that is stopped and resumed four times ends as one that was not, to the last bit, in ${runs} of ${runs}`, async () => {
  await using folder = await temporaryFolder();
  const straight = `${folder.path}/straight`;
  {
    using experiment = await begin(straight, { workers: 1 });
    await trainTo(experiment, STEPS);
  }
  const wanted = await fingerprint(straight);
  assert(Object.keys(wanted).some((name) => name.startsWith("last/adam/second_moment/")));
  const random = attackRandom("stops");
  for (let i = 0; i < runs; i++) {
    const run = `${folder.path}/${i}`;
    const chosen = stopsOf(4 * i, random); // with two runs, at the first and the last step
    for (const stop of chosen) await stops[stop.kind](run, stop);
    {
      using experiment = await begin(run, { workers: pickWorkers(random) });
      await trainTo(experiment, STEPS);
    }
    const found = await fingerprint(run);
    const differing = Object.keys({ ...wanted, ...found }).filter((key) => wanted[key] !== found[key]);
    assert(differing.length === 0, `seed ${attackSeed}, ${JSON.stringify(chosen)}: ${differing} differ`);
    await Deno.remove(run, { recursive: true });
  }
});

Deno.test("of many that open a run at once, one has it, and the others say so", async () => {
  await using folder = await temporaryFolder();
  for (let round = 0; round < attacks(5, 200); round++) {
    const run = `${folder.path}/${round}`;
    const begun = await Promise.allSettled(
      Array.from({ length: 8 }, (_, seed) => RunFolder.create(run, tinyConfig({ seed }))),
    );
    const opened = begun.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    const refusals = begun.flatMap((one) => one.status === "rejected" ? [String(one.reason)] : []);
    const where = `seed ${attackSeed}, round ${round}: `;
    assert(opened.length === 1, `${where}${opened.length} began`);
    const isKnown = (refusal: string) =>
      /^InputError: .*(another process is at work|folder is not empty)/.test(refusal);
    assert(refusals.every(isKnown), where + refusals);
    opened[0]![Symbol.dispose]();
    using again = await RunFolder.open(run);
    assert(again.config.seed === opened[0]!.config.seed, `${where}another's settings stand there`);
  }
});
