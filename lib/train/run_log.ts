import type * as tf from "@tensorflow/tfjs";
import { type Config, settingText } from "@/lib/config.ts";
import { encodePng } from "@/lib/data/files/images.ts";
import { SummaryWriter } from "@/lib/formats/summary_writer.ts";
import type { Summaries } from "@/lib/train/interfaces.ts";
import type { MetricsRow, RunFolder } from "@/lib/train/run_folder.ts";
import type { Photo } from "@/lib/types.ts";

/** The metrics that TensorBoard's table of runs compares. */
const comparedMetrics = ["validation/nme68_2d", "validation/loss"];

/** Writes what is measured into the run's `metrics.jsonl` and, under the same names, TensorBoard's events. */
export class RunLog implements Summaries, Disposable {
  readonly #run: RunFolder;
  readonly #writer: SummaryWriter;

  private constructor(run: RunFolder, writer: SummaryWriter) {
    this.#run = run;
    this.#writer = writer;
  }

  /** A log that goes on after `step`, in place of what a killed process had written of later ones. */
  static async open(run: RunFolder, step: number): Promise<RunLog> {
    await run.dropMetricsAfter(step);
    const writer = await SummaryWriter.open(`${run.path}/events`, { resumedAt: step });
    const { maskWeights, source, ...config } = run.config satisfies Config;
    const texts = { maskWeights: settingText(maskWeights), source: settingText(source) };
    writer.hparams({ ...config, ...texts }, comparedMetrics);
    return new RunLog(run, writer);
  }

  async scalars(row: MetricsRow): Promise<void> {
    for (const [tag, value] of Object.entries(row)) {
      if (tag !== "step") this.#writer.scalar(tag, value, row.step);
    }
    await this.#run.addMetrics(row);
  }

  /** Has all so far outlive a power cut, as must be before a checkpoint does: a resume goes on after it. */
  async sync(): Promise<void> {
    await this.#writer.sync();
    await this.#run.syncMetrics();
  }

  async images(tag: string, photos: readonly Photo[], step: number): Promise<void> {
    for (const [i, photo] of photos.entries()) {
      this.#writer.image(`${tag}/${i}`, { ...photo, png: await encodePng(photo) }, step);
    }
  }

  /** One histogram for each of the network's weights. */
  async weights(network: tf.LayersModel, step: number): Promise<void> {
    for (const weight of network.trainableWeights) {
      this.#writer.histogram(`weights/${weight.originalName}`, await weight.read().data(), step);
    }
  }

  /** Closes it, as that of a training that has come to its end. */
  finish(): void {
    this.#writer.finish();
  }

  [Symbol.dispose](): void {
    this.#writer.close();
  }
}
