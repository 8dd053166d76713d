import * as tf from "@tensorflow/tfjs";
import { basename } from "node:path";
import type { Config } from "@/lib/config.ts";
import type { Batches, HostBatch } from "@/lib/data/batches/batches.ts";
import { CROP_MARGIN } from "@/lib/data/maps/crop.ts";
import { readLandmarks } from "@/lib/data/maps/position_map.ts";
import type { Split } from "@/lib/data/sample.ts";
import type { ModelOptions } from "@/lib/data/sources.ts";
import { evaluate, type Evaluation } from "@/lib/evaluate/evaluate.ts";
import { type MadeFace, makeFaces, meanLoss, predictFaces } from "@/lib/evaluate/held_out.ts";
import { disposeParts, type OpenParts, openParts, openTrainingBatches, type Parts } from "@/lib/experiment_parts.ts";
import { saveOnnx } from "@/lib/export/save_onnx.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import type { CheckpointSeriesOptions } from "@/lib/formats/checkpoint_series.ts";
import { partProgress, type ProgressListener } from "@/lib/progress.ts";
import { saveTrainedModel, type TrainedModel } from "@/lib/model/trained_model.ts";
import {
  firstProgress,
  loadCheckpoint,
  loadWeights,
  type Progress,
  readCheckpoint,
  saveCheckpoint,
} from "@/lib/train/checkpoint.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import type { Summaries } from "@/lib/train/interfaces.ts";
import { resumedConfig } from "@/lib/train/resumed_config.ts";
import { checkRunFolder, readMetrics, RunFolder } from "@/lib/train/run_folder.ts";
import { RunLog } from "@/lib/train/run_log.ts";
import { type StepReport, train } from "@/lib/train/trainer.ts";
import type { PositionMap } from "@/lib/types.ts";
import { type ErrorPictures, pictureErrors } from "@/lib/view/evaluation/error_pictures.ts";
import { faceTriples, type Triples } from "@/lib/view/training/face_triples.ts";
import { groupByCover } from "@/lib/view/evaluation/gallery.ts";
import { mostFrontal } from "@/lib/view/report/most_frontal.ts";
import { renderReport } from "@/lib/view/report/report.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";

export interface TrainReport extends StepReport {
  /** Of the validation faces, where this step ends with a validation. */
  readonly validation?: Validation;
}

export interface Validation {
  readonly loss: number;
  /** In percent. */
  readonly nme68_2d: number;
  readonly nme68_3d: number;
}

type OpenOptions = ModelOptions & CheckpointSeriesOptions;

/** Starts a run in a new folder. Throws an InputError, and writes nothing, where the settings cannot be used. */
export async function startExperiment(
  config: Config,
  { run, ...options }: OpenOptions & { readonly run: string },
): Promise<Experiment> {
  await checkRunFolder(run);
  const progress = firstProgress(config);
  // before the folder is made: what fails here leaves none behind
  const parts = await openParts(config, { ...options, progress });
  try {
    return new Experiment(parts, await RunFolder.create(run, config, options), progress);
  } catch (error) {
    disposeParts(parts);
    throw error;
  }
}

/**
 * Goes on with a run from its last checkpoint, or from the start where it came to none, to the same numbers as if it
 * had never stopped. Throws an InputError where the folder holds no run, is in use, or a setting differs that cannot
 * change on the way.
 */
export async function resumeExperiment(
  run: string,
  { overrides = {}, ...options }: OpenOptions & { readonly overrides?: Partial<Config> } = {},
): Promise<Experiment> {
  const folder = await RunFolder.open(run, options);
  let parts: OpenParts | undefined;
  try {
    const config = resumedConfig(folder, overrides);
    const last = await readCheckpoint(folder.checkpoints.last);
    const progress = last?.progress ?? firstProgress(config);
    parts = await openParts(config, { ...options, progress });
    if (last) loadCheckpoint(last, parts);
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
  #validation: MadeFace[] | undefined;
  /** Of the faces that were last evaluated. */
  #errors: ErrorPictures | undefined;

  /** See {@linkcode startExperiment} and {@linkcode resumeExperiment}. */
  constructor({ batches, ...parts }: OpenParts, run: RunFolder, progress: Progress) {
    this.#parts = parts;
    this.#batches = batches;
    this.#run = run;
    this.#progress = progress;
    this.#savedStep = progress.step > 0 ? progress.step : undefined;
    this.config = parts.config;
    this.device = parts.tensorflow.description;
  }

  /** The run's folder. */
  get path(): string {
    return this.#run.path;
  }

  get parameterCount(): number {
    return this.#parts.network.countParams();
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
   * been none. Throws a DivergenceError where a number is not finite; the last checkpoint is a good one then.
   */
  async *train({ signal = neverAborted }: { readonly signal?: StopSignal } = {}): AsyncGenerator<TrainReport> {
    const { config, network, optimizer, mask } = this.#parts;
    const { step: firstStep } = this.#progress;
    const owesValidation = this.#isValidatedAt(firstStep) && !await this.#wasValidatedAt(firstStep);
    if (firstStep >= config.steps && !owesValidation) return;
    using log = await RunLog.open(this.#run, firstStep);
    if (owesValidation && await this.#validate(log, signal)) await this.#saveLast();
    if (firstStep >= config.steps || signal.aborted) return;
    using taken = this.#takeBatches();
    const batches = batchesUntil(signal, taken);
    for await (const report of train({ network, batches, mask, optimizer }, { ...config, firstStep })) {
      const { step, loss, learningRate, seconds, waitSeconds } = report;
      this.#progress = { ...this.#progress, step, nextBatch: this.#progress.nextBatch + 1 };
      await log.scalars({
        step,
        "train/loss": loss,
        "train/learning_rate": learningRate,
        "train/samples_per_second": config.batchSize / seconds,
        "train/wait_share": waitSeconds / seconds,
      });
      const validation = this.#isValidatedAt(step) ? await this.#validate(log, signal) : undefined;
      if (step === config.steps || step % config.checkpointEvery === 0) await this.#saveLast();
      yield validation ? { ...report, validation } : report;
    }
    if (this.#savedStep !== this.step) await this.#saveLast();
  }

  /**
   * The errors of the best weights so far on faces of people that neither training nor validation has shown; of a run
   * that overfits, on its own batches.
   */
  async evaluate({ onProgress }: { readonly onProgress?: ProgressListener | undefined } = {}): Promise<Evaluation> {
    const part = (from: number, to: number) => partProgress(onProgress, from, to);
    const faces = await this.#makeFaces("test", this.config.testSamples, part(0, 0.6));
    return await this.#withBestWeights(async () => {
      const maps = this.#predict(faces, part(0.6, 0.7));
      const groups = groupByCover(faces.slice(0, COVERED), (covered) => this.#predict(covered, part(0.7, 0.7)));
      this.#errors = await pictureErrors(faces, {
        maps,
        surface: this.#parts.surface,
        groups,
        onProgress: part(0.8, 1),
      });
      return this.#measure(faces, maps);
    });
  }

  /** The first validation faces beside what the network, as it is now, makes of them. */
  async triples(): Promise<Triples> {
    const faces = (await this.#validationFaces()).slice(0, PICTURED);
    return this.#triples(faces, this.#predict(faces));
  }

  /** Writes `model/` and `report.html` from the best weights so far. */
  async save(
    evaluation: Evaluation,
    { onProgress }: { readonly onProgress?: ProgressListener | undefined } = {},
  ): Promise<void> {
    if (!this.#errors) await this.evaluate({ onProgress: partProgress(onProgress, 0, 0) });
    const pictured = await this.#withBestWeights(async () => {
      await this.#saveModel(evaluation);
      await this.#validationFaces(partProgress(onProgress, 0.1, 0.4));
      const triples = await this.triples();
      onProgress?.(0.5);
      return { triples, face: await this.#mostFrontalFace() };
    });
    onProgress?.(0.6);
    const { config, tensorflow } = this.#parts;
    const html = await renderReport({
      title: `posmap run ${basename(this.path)}`,
      summary: `${config.model} at ${config.imageSize} pixels, ${this.step} steps of ${config.batchSize} ` +
        `${config.source} faces, seed ${config.seed}; ${tensorflow.description}.`,
      config,
      metrics: await readMetrics(this.path),
      evaluation,
      errors: this.#errors!,
      ...pictured,
    });
    await writeFileAtomic(`${this.path}/report.html`, html);
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
    return begun ?? openTrainingBatches(this.config, this.#progress);
  }

  async #saveModel(evaluation: Evaluation): Promise<void> {
    const { config, network, surface, mirror, meanLandmarks, neutralLandmarks } = this.#parts;
    const { sourcePath: _, ...settings } = config; // a place on this machine
    const model: TrainedModel = {
      network,
      description: {
        architecture: config.model,
        imageSize: config.imageSize,
        encoding: config.encoding,
        crop: { margin: CROP_MARGIN },
        surface,
        mirror,
        meanLandmarks,
        neutralLandmarks,
        license: LICENSES[config.source],
        summary: { ...settings, evaluation },
      },
    };
    await saveTrainedModel(`${this.path}/model`, model);
    await saveOnnx(`${this.path}/model/model.onnx`, model);
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
    const { config, network, mask } = this.#parts;
    const { step, bestNme } = this.#progress;
    const onProgress = () => signal.throwIfAborted();
    let faces: MadeFace[], maps: PositionMap[], loss: number;
    try {
      faces = await this.#validationFaces(onProgress);
      maps = this.#predict(faces, onProgress);
      loss = meanLoss(faces, { ...config, maps, mask, onProgress });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
    const { nme68_2d, nme68_3d } = this.#measure(faces, maps);
    const validation = { loss, nme68_2d: nme68_2d.mean, nme68_3d: nme68_3d.mean };
    if (!Object.values(validation).every(Number.isFinite)) {
      throw new DivergenceError(`the validation's error is not finite after step ${step}`);
    }
    await log.scalars({ step, ...named("validation", validation) });
    await log.weights(network, step);
    const triples = this.#triples(faces.slice(0, PICTURED), maps);
    await log.images("maps", triples.maps, step);
    await log.images("overlays", triples.overlays, step);
    await log.images("masks", triples.masks, step);
    if (bestNme === null || validation.nme68_2d < bestNme) {
      this.#progress = { ...this.#progress, bestNme: validation.nme68_2d };
      await this.#saveCheckpoint("best");
    }
    return validation;
  }

  async #saveLast(): Promise<void> {
    await this.#saveCheckpoint("last");
    this.#savedStep = this.step;
  }

  async #saveCheckpoint(name: "last" | "best"): Promise<void> {
    await saveCheckpoint(this.#run.checkpoints[name], { ...this.#parts, progress: this.#progress });
  }

  /** Leaves the network as it was, so that training can go on. */
  async #withBestWeights<T>(use: () => T | Promise<T>): Promise<T> {
    const { network } = this.#parts;
    const last = network.weights.map((weight) => weight.read().clone());
    try {
      await loadWeights(this.#run.checkpoints.best, network);
      return await use();
    } finally {
      network.weights.forEach((weight, i) => weight.write(last[i]!));
      tf.dispose(last);
    }
  }

  async #validationFaces(onProgress?: ProgressListener): Promise<MadeFace[]> {
    return this.#validation ??= await this.#makeFaces("validation", this.config.validationSamples, onProgress);
  }

  async #makeFaces(split: Split, sampleCount: number, onProgress?: ProgressListener): Promise<MadeFace[]> {
    const { config } = this;
    return config.overfitBatches === 0
      ? await makeFaces({ ...config, split, augment: false, sampleCount, onProgress })
      : await makeFaces({
        ...config,
        split: "train",
        sampleCount: config.overfitBatches * config.batchSize,
        onProgress,
      });
  }

  #predict(faces: readonly Pick<MadeFace, "image">[], onProgress?: ProgressListener): PositionMap[] {
    return predictFaces(this.#parts.network, faces, { ...this.config, onProgress });
  }

  #measure(faces: readonly MadeFace[], maps: readonly PositionMap[]): Evaluation {
    const { surface, meanLandmarks } = this.#parts;
    return evaluate(faces, { found: maps.map((map) => readLandmarks(map, surface)), meanLandmarks });
  }

  #triples(faces: readonly MadeFace[], predictions: readonly PositionMap[]): Triples {
    return faceTriples(faces, { ...this.#parts, predictions });
  }

  /** Of the validation faces, the one whose photo shows most of its mesh's colors. */
  async #mostFrontalFace(): Promise<TrackedFace> {
    const face = mostFrontal(await this.#validationFaces());
    return { photo: face.image, map: this.#predict([face])[0]!, surface: this.#parts.surface };
  }
}

/** What tells a training to stop, such as an `AbortSignal`. */
export type StopSignal = Pick<AbortSignal, "aborted" | "throwIfAborted">;
const neverAborted = new AbortController().signal;

/** Batches as long as there is no signal. */
async function* batchesUntil(signal: StopSignal, batches: Batches): AsyncGenerator<HostBatch> {
  try {
    for (let batch; !signal.aborted && (batch = await batches.next(() => signal.throwIfAborted()));) yield batch;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Faces that are covered in part, to see what becomes of them. */
const COVERED = 64;
/** Of weights that learned from these faces. */
const LICENSES: Partial<Record<Config["source"], string>> = { procedural: "MIT", ict: "MIT" };
/** Faces that are drawn for people to look at. */
const PICTURED = 6;

function named(group: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${group}/${key}`, value]));
}
