/** A training that several processes share: rank 0 has the run, the others follow it. */
import { type Config, parseConfig, type SourceSettings } from "@/lib/config.ts";
import type { Batches, HostBatch } from "@/lib/data/batches/batches.ts";
import type { OpenOptions } from "@/lib/data/sources/source.ts";
import { InputError } from "@/lib/errors.ts";
import { disposeParts, openParts, type Parts } from "@/lib/experiment/parts.ts";
import { batchesUntil, type StopSignal } from "@/lib/experiment/stop_signal.ts";
import { numberArrays } from "@/lib/formats/data_types.ts";
import { bytesOf } from "@/lib/formats/protobuf.ts";
import type { StoredTensor, TensorInfo } from "@/lib/formats/tensor_bundle.ts";
import type { Ranks } from "@/lib/tensorflow/collectives/ranks.ts";
import { loadCheckpoint, type Progress, readCheckpoint, saveCheckpoint } from "@/lib/train/checkpoint.ts";
import type { CheckpointStore } from "@/lib/train/interfaces.ts";
import { noteOf, type RunNote } from "@/lib/train/run_note.ts";
import { type StepReport, train } from "@/lib/train/trainer.ts";

interface Start {
  readonly config: Config;
  readonly progress: Progress;
}

/** For rank 0: tells the others what to begin to open. */
export async function tellStart(ranks: Ranks, start: Start): Promise<void> {
  await tell(ranks, start);
}

/**
 * For rank 0: gives the others the weights, and all else that the steps to come depend on. Throws a RankLostError where one
 * of them cannot go on from there, as its faces are others.
 */
export async function tellState(ranks: Ranks, parts: Parts, { note, progress }: {
  readonly note: RunNote;
  readonly progress: Progress;
}): Promise<void> {
  await tell(ranks, note);
  await saveCheckpoint(sharedStore(ranks), { ...parts, progress });
  await ranks.meet();
}

export interface FollowOptions extends Pick<Config, "device">, OpenOptions {
  readonly signal: StopSignal;
  /** Where rank 0's faces are here, of where they are there. */
  readonly sourceHere: (there: SourceSettings) => SourceSettings;
  /** Where its teacher is here, if not where it is there. */
  readonly teacherHere?: string | undefined;
  /** Called when all is open, with the settings, rank 0's, and what it runs on. */
  readonly onStart: (parts: Pick<Parts, "config" | "device">) => void;
}

/**
 * For all ranks but 0: takes part in the training that rank 0 begins or goes on with, with its settings and weights, to the
 * last step or until any rank's signal. Whether it came to the last step. Throws an InputError where the faces here
 * are others, and a RankLostError where a rank is lost.
 */
export async function follow(
  ranks: Ranks,
  { device, signal, sourceHere, teacherHere, onStart, ...options }: FollowOptions,
): Promise<boolean> {
  const { config: first, progress } = await hear(ranks) as Start;
  const places = { source: sourceHere(first.source), teacher: teacherHere ?? first.teacher };
  const config = { ...parseConfig(first), device, ...places };
  const { batches, ...parts } = await openParts(config, { ...options, progress, ranks });
  try {
    checkSame(await noteOf(parts), await hear(ranks) as RunNote);
    loadCheckpoint((await readCheckpoint(sharedStore(ranks)))!, parts);
    await ranks.meet();
    onStart(parts);
    if (!batches) ranks.leave();
    let { step } = progress;
    if (batches) {
      for await (const report of trainUntil(signal, { ...parts, batches, firstStep: step })) step = report.step;
    }
    return step >= config.steps; // more where a resume asks for fewer than are done
  } finally {
    disposeParts({ ...parts, batches });
  }
}

/**
 * Trains to the last step, or until the signal; of several ranks, until any of their signals, all to the same step, after
 * which they part.
 */
export async function* trainUntil(
  signal: StopSignal,
  { ranks, batches, config, firstStep, ...parts }: Parts & { readonly batches: Batches; readonly firstStep: number },
): AsyncGenerator<StepReport> {
  const taken = ranks
    ? batchesTogether(ranks, { signal, batches })
    : batchesUntil(signal, { batches, perStep: config.gradAccumulate });
  try {
    for await (const report of train({ ...parts, ranks, batches: taken }, { ...config, firstStep })) {
      if (ranks && (ranks.isStopping || report.step === config.steps)) ranks.leave();
      yield report;
    }
  } catch (error) {
    throw ranks ? await ranks.explain(error) : error;
  }
}

async function* batchesTogether(
  ranks: Ranks,
  { signal, batches }: { readonly signal: StopSignal; readonly batches: Batches },
): AsyncGenerator<HostBatch> {
  for (let batch; (batch = await batches.next(() => ranks.throwIfLost()));) {
    ranks.wishToStop(signal.aborted);
    yield batch;
    if (ranks.isStopping) return;
  }
}

/** Throws an InputError where what is learned here is not what rank 0 has noted. */
export function checkSame({ teacher, ...here }: RunNote, { teacher: firstTeacher, ...first }: RunNote): void {
  if (teacher !== firstTeacher) throw new InputError("Cannot train together: the teacher here is not that of rank 0");
  if (JSON.stringify(here) === JSON.stringify(first)) return;
  throw new InputError(`Cannot train together: the faces of the source ${here.source} here are not those of rank 0`);
}

/** What rank 0 saves there, the others restore. */
function sharedStore(ranks: Ranks): CheckpointStore {
  return {
    async save(tensors) {
      for await (const { values, ...info } of tensors) {
        await tell(ranks, info);
        await ranks.fromFirst(ArrayBuffer.isView(values) ? bytesOf(values) : values[0]!);
      }
      await tell(ranks, null);
    },
    async restore() {
      const tensors = new Map<string, StoredTensor>();
      for (let info; (info = await hear(ranks) as TensorInfo | null);) {
        const bytes = await ranks.fromFirst();
        const Numbers = numberArrays[info.dtype as keyof typeof numberArrays];
        tensors.set(info.name, { ...info, values: Numbers ? new Numbers(bytes.slice().buffer) : [bytes] });
      }
      return { path: "of rank 0", tensors };
    },
  };
}

async function tell(ranks: Ranks, value: unknown): Promise<void> {
  await ranks.fromFirst(new TextEncoder().encode(JSON.stringify(value)));
}

async function hear(ranks: Ranks): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await ranks.fromFirst()));
}
