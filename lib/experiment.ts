import type { Config } from "@/lib/config.ts";
import type { Batches } from "@/lib/data/batches/batches.ts";
import type { OpenOptions } from "@/lib/data/sources/source.ts";
import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import { judgeFaces } from "@/lib/evaluate/held_out.ts";
import type { JudgedFace, MappedFace } from "@/lib/evaluate/mapped_faces.ts";
import {
  heldOutCount,
  makeHeldOut,
  measure,
  type Measurement,
  validate,
  type Validation,
} from "@/lib/experiment/measure.ts";
import { saveModel, saveReport } from "@/lib/experiment/output.ts";
import { disposeParts, type OpenParts, openParts, openTrainingBatches, type Parts } from "@/lib/experiment/parts.ts";
import { tellStart, tellState, trainUntil } from "@/lib/experiment/ranks.ts";
import { neverAborted, type StopSignal } from "@/lib/experiment/stop_signal.ts";
import type { CheckpointSeriesOptions } from "@/lib/formats/checkpoint_series.ts";
import { mean } from "@/lib/numbers.ts";
import { partProgress, type ProgressListener } from "@/lib/progress.ts";
import {
  firstProgress,
  loadCheckpoint,
  type Progress,
  readCheckpoint,
  saveCheckpoint,
} from "@/lib/train/checkpoint.ts";
import type { Ranks } from "@/lib/tensorflow/collectives/ranks.ts";
import { isAmongBest } from "@/lib/train/best_weights.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import type { Summaries } from "@/lib/train/interfaces.ts";
import { weightedRegions } from "@/lib/train/mask.ts";
import { resumedConfig } from "@/lib/train/resumed_config.ts";
import { checkRunFolder, readMetrics, RunFolder } from "@/lib/train/run_folder.ts";
import { RunLog } from "@/lib/train/run_log.ts";
import { checkBegunAnew, checkNote, checkNotedSource, noteOf, type RunNote, writeNote } from "@/lib/train/run_note.ts";
import type { StepReport } from "@/lib/train/trainer.ts";
import { withWeights } from "@/lib/train/with_weights.ts";
import { mostFrontal } from "@/lib/view/report/most_frontal.ts";
import { faceTriples, type Triples } from "@/lib/view/training/face_triples.ts";

/** What one step of an experiment gave. */
export interface TrainReport extends StepReport {
  /** Where this step ends with a validation. */
  readonly validation?: Validation;
}

interface RunOptions extends OpenOptions, CheckpointSeriesOptions {
  /** Where several processes train together, of which this is rank 0: the others `follow` it. */
  readonly ranks?: Ranks | undefined;
}

interface Listening {
  readonly onProgress?: ProgressListener | undefined;
}

/** Starts a run in a new folder. Throws an InputError, and writes nothing, where the settings cannot be used. */
export async function startExperiment(
  config: Config,
  { run, ...options }: RunOptions & {
    readonly run: string;
    /** The folder of a trained model or run to take weights from. */
    readonly from?: string | undefined;
  },
): Promise<Experiment> {
  await checkRunFolder(run);
  const progress = firstProgress(config);
  if (options.ranks) await tellStart(options.ranks, { config, progress });
  // before the folder is made: what fails here, or another rank cannot take part in, leaves none behind
  const parts = await openParts(config, { ...options, progress });
  let folder: RunFolder | undefined;
  try {
    const note = await noteOf(parts);
    if (options.ranks) await tellState(options.ranks, parts, { note, progress });
    folder = await RunFolder.create(run, config, options);
    await writeNote(run, parts.ancestor ? { ...note, ancestor: parts.ancestor as RunNote["ancestor"] } : note);
    // what a resume could not make anew
    if (options.from !== undefined) await saveCheckpoint(folder.checkpoints.last, { ...parts, progress });
    return new Experiment(parts, folder, progress);
  } catch (error) {
    disposeParts(parts);
    folder?.[Symbol.dispose]();
    throw error;
  }
}

/**
 * Goes on with a run from its last checkpoint, or from the start where it came to none, to the same numbers as if it
 * had never stopped. Throws an InputError where the folder holds no run, is in use, or a setting or the source's faces
 * differ that cannot change on the way.
 */
export async function resumeExperiment(
  run: string,
  { overrides = {}, ...options }: RunOptions & { readonly overrides?: Partial<Config> } = {},
): Promise<Experiment> {
  const folder = await RunFolder.open(run, options);
  let parts: OpenParts | undefined;
  try {
    const config = resumedConfig(folder, overrides);
    await checkNotedSource(run, config.source); // before its faces are opened, which takes longer
    const last = await readCheckpoint(folder.checkpoints.last);
    if (!last) await checkBegunAnew(run);
    const progress = last?.progress ?? firstProgress(config);
    if (options.ranks) await tellStart(options.ranks, { config, progress });
    parts = await openParts(config, { ...options, progress });
    const note = await noteOf(parts);
    await checkNote(run, note);
    if (last) loadCheckpoint(last, parts);
    if (options.ranks) await tellState(options.ranks, parts, { note, progress });
    await folder.changeConfig(config);
    return new Experiment(parts, folder, progress);
  } catch (error) {
    if (parts) disposeParts(parts);
    folder[Symbol.dispose]();
    throw error;
  }
}

/** One run: its network, what it is trained on and what it writes. */
export class Experiment implements Disposable {
  readonly config: Config;
  /** What it runs on, such as "tensorflow 2.21.0 · CPU, 2 threads". */
  readonly device: string;
  readonly #parts: Parts;
  readonly #run: RunFolder;
  #progress: Progress;
  #savedStep: number | undefined;
  /** Begun before the training is, and taken by it. */
  #batches: Batches | undefined;
  #validation: MappedFace[] | undefined;

  /** See {@linkcode startExperiment} and {@linkcode resumeExperiment}. */
  constructor({ batches, ...parts }: OpenParts, run: RunFolder, progress: Progress) {
    this.#parts = parts;
    this.#batches = batches;
    this.#run = run;
    this.#progress = progress;
    this.#savedStep = progress.step > 0 ? progress.step : undefined;
    this.config = parts.config;
    this.device = parts.device;
  }

  /** The run's folder. */
  get path(): string {
    return this.#run.path;
  }

  get parameterCount(): number {
    return this.#parts.network.countParams();
  }

  /** Whether XLA compiles the step, which takes a minute or more. */
  get usesXla(): boolean {
    return this.#parts.usesXla;
  }

  /** Faces that a step takes, of all ranks. */
  get facesPerStep(): number {
    const { batchSize, gradAccumulate } = this.config;
    return batchSize * gradAccumulate * (this.#parts.ranks?.count ?? 1);
  }

  /** Faces that an evaluation takes. */
  get testCount(): number {
    return heldOutCount(this.#parts, "test");
  }

  /** Steps done. */
  get step(): number {
    return this.#progress.step;
  }

  /** The step of the last checkpoint, undefined before the first. */
  get savedStep(): number | undefined {
    return this.#savedStep;
  }

  /**
   * Trains to the last step, or until the signal, one report a step; logs, validates and saves checkpoints on the way.
   * What was waited for or validated as the signal came is left to the next training, which goes on as if there had
   * been none; ranks finish a validation, as they take one more step together. Throws a DivergenceError where a number is
   * not finite; the last checkpoint is a good one then.
   */
  async *train({ signal = neverAborted }: { readonly signal?: StopSignal } = {}): AsyncGenerator<TrainReport> {
    const { config, ranks } = this.#parts;
    const batchesTaken = config.gradAccumulate * (ranks?.count ?? 1);
    const { step: firstStep } = this.#progress;
    if (firstStep >= config.steps) ranks?.leave();
    const owesValidation = this.#isValidatedAt(firstStep) && !await this.#wasValidatedAt(firstStep);
    if (firstStep >= config.steps && !owesValidation) return;
    using log = await RunLog.open(this.#run, firstStep);
    const validating = ranks ? neverAborted : signal;
    const owed = owesValidation ? await this.#validate(log, validating) : undefined;
    if (owed) await this.#saveLast(log);
    if (owed && firstStep >= config.steps) log.finish();
    if (firstStep >= config.steps || (signal.aborted && !ranks)) return; // ranks stop after a step that they agree on
    using batches = this.#takeBatches();
    for await (const report of trainUntil(signal, { ...this.#parts, batches, firstStep })) {
      const { step, loss, lossTerms, learningRate, seconds, waitSeconds } = report;
      this.#progress = { ...this.#progress, step, nextBatch: this.#progress.nextBatch + batchesTaken };
      this.#parts.averages?.update(step);
      await log.scalars({
        step,
        "train/loss": loss,
        ...named("train/loss_", lossTerms),
        "train/learning_rate": learningRate,
        "train/samples_per_second": this.facesPerStep / seconds,
        "train/wait_share": waitSeconds / seconds,
      });
      const validation = this.#isValidatedAt(step) ? await this.#validate(log, validating) : undefined;
      if (step === config.steps || step % config.checkpointEvery === 0) await this.#saveLast(log);
      if (step === config.steps && validation) log.finish(); // before its report, at which a caller may leave
      yield validation ? { ...report, validation } : report;
    }
    if (this.#savedStep !== this.step) await this.#saveLast(log);
  }

  /**
   * The errors of the best weights so far on faces of people that neither training nor validation has shown; of a run
   * that overfits, on its own batches.
   */
  async evaluate({ onProgress }: Listening = {}): Promise<Measurement> {
    const faces = await makeHeldOut(this.#parts, "test", partProgress(onProgress, 0, 0.6));
    return await this.#withBestWeights(() => measure(this.#parts, faces, partProgress(onProgress, 0.6, 1)));
  }

  /** The first validation faces beside what the network makes of them as it would be validated now. */
  async triples(): Promise<Triples> {
    return await this.#withAverages(() => this.#pictureFaces());
  }

  /** Writes `model/` and `report.html` from the best weights so far, as they were measured. */
  async save({ evaluation, pictures: errors }: Measurement, { onProgress }: Listening = {}): Promise<void> {
    const { source: { surface }, config, device, ranks } = this.#parts;
    await this.saveModel(evaluation);
    const pictured = await this.#withBestWeights(async () => {
      const faces = await this.#validationFaces(partProgress(onProgress, 0.1, 0.4));
      const frontal = mostFrontal(faces); // its photo shows most of its mesh's colors
      const [face, ...judged] = await this.#judge([frontal, ...faces.slice(0, PICTURED)]);
      onProgress?.(0.5);
      const triples = this.#triples(judged);
      return { triples, face: { photo: face!.image, map: face!.prediction, surface } };
    });
    onProgress?.(0.6);
    await saveReport(this.path, { config, device, ranks, steps: this.step, evaluation, errors, ...pictured });
  }

  /** Writes `model/` alone, from the best weights so far. */
  async saveModel(evaluation?: Evaluation): Promise<void> {
    await this.#withBestWeights(() => saveModel(this.path, this.#parts, evaluation));
  }

  [Symbol.dispose](): void {
    this.#batches?.close();
    disposeParts(this.#parts);
    this.#run[Symbol.dispose]();
  }

  /** Whoever takes them closes them. */
  #takeBatches(): Batches {
    const begun = this.#batches;
    this.#batches = undefined;
    return begun ?? openTrainingBatches(this.#parts, this.#progress);
  }

  #isValidatedAt(step: number): boolean {
    const { validateEvery, steps } = this.config;
    return step > 0 && (step % validateEvery === 0 || step === steps);
  }

  async #wasValidatedAt(step: number): Promise<boolean> {
    return (await readMetrics(this.path)).some((row) => row.step === step && "validation/loss" in row);
  }

  /** Undefined, and as if not begun, where the signal comes before it is over. */
  async #validate(log: Summaries, signal: StopSignal): Promise<Validation | undefined> {
    return await this.#withAverages(() => this.#validateNow(log, signal));
  }

  /** Uses the network with its averaged weights where it has such, and else as it is. */
  async #withAverages<T>(use: () => Promise<T>): Promise<T> {
    const { averages } = this.#parts;
    return await (averages ? averages.use(this.step, use) : use());
  }

  async #validateNow(log: Summaries, signal: StopSignal): Promise<Validation | undefined> {
    const { step, leastErrors } = this.#progress;
    const onProgress = () => {
      this.#parts.ranks?.throwIfLost();
      signal.throwIfAborted();
    };
    let faces: JudgedFace[], validation: Validation, errors: readonly number[];
    try {
      faces = await this.#judge(await this.#validationFaces(onProgress), onProgress);
      ({ validation, errors } = await validate(this.#parts, faces, onProgress));
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
    if (!Object.values(validation).every(Number.isFinite)) {
      throw new DivergenceError(`the validation's error is not finite after step ${step}`);
    }
    await log.weights(this.#parts.network, step);
    const triples = this.#triples(faces.slice(0, PICTURED));
    for (const [tag, photos] of Object.entries(triples)) await log.images(tag, photos, step);
    const isFrozen = this.config.freeze === "trunk"; // then maps are as good as ever, and the last weights the best
    if (isAmongBest(errors, leastErrors) || isFrozen) {
      const isLeast = leastErrors === null || mean(errors) < mean(leastErrors);
      if (isLeast) this.#progress = { ...this.#progress, leastErrors: [...errors] };
      await this.#saveCheckpoint("best");
    }
    await log.scalars({ step, ...named("validation/", validation) }); // last: a resume takes it for all of these
    return validation;
  }

  async #saveLast(log: RunLog): Promise<void> {
    await log.sync();
    await this.#saveCheckpoint("last");
    this.#savedStep = this.step;
  }

  async #saveCheckpoint(name: "last" | "best"): Promise<void> {
    await saveCheckpoint(this.#run.checkpoints[name], { ...this.#parts, progress: this.#progress });
  }

  /** Before the first validation, those are the best that would be validated now. */
  async #withBestWeights<T>(use: () => Promise<T>): Promise<T> {
    return await this.#withAverages(() => withWeights(this.#run.checkpoints.best, this.#parts.network, use));
  }

  async #validationFaces(onProgress?: ProgressListener): Promise<MappedFace[]> {
    return this.#validation ??= await makeHeldOut(this.#parts, "validation", onProgress);
  }

  async #judge(faces: readonly MappedFace[], onProgress?: ProgressListener): Promise<JudgedFace[]> {
    return await judgeFaces(this.#parts.network, faces, { ...this.config, onProgress });
  }

  async #pictureFaces(): Promise<Triples> {
    const faces = (await this.#validationFaces()).slice(0, PICTURED);
    return this.#triples(await this.#judge(faces));
  }

  #triples(faces: readonly JudgedFace[]): Triples {
    const { surface, layout } = this.#parts.source;
    return faceTriples(faces, { surface, shown: weightedRegions(layout, surface, this.config.maskWeights) });
  }
}

/** Measures as the log has them. */
function named(prefix: string, measures: object): Record<string, number> {
  return Object.fromEntries(Object.entries(measures).map(([name, value]) => [prefix + name, value]));
}

/** Faces that are drawn for people to look at. */
const PICTURED = 6;
