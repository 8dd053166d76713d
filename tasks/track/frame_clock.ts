import { quantile } from "@/lib/numbers.ts";
import { StageClock } from "@/lib/stage_clock.ts";

/** Where the time of frames goes. */
export class FrameClock extends StageClock<"read" | "track" | "draw" | "write"> {
  readonly #begin = performance.now();
  readonly #frames: ReadonlyMap<string, number>[] = [];

  endFrame(): void {
    this.end();
    this.#frames.push(new Map(this.milliseconds));
    this.reset();
  }

  /** Frames a second since the clock was made. */
  get rate(): number {
    return this.#frames.length / (performance.now() - this.#begin) * 1000;
  }

  /** Frames a second from end to end, and the median and the 95th percentile of each stage in milliseconds. */
  lines(): string[] {
    const stages = [...new Set(this.#frames.flatMap((frame) => [...frame.keys()]))];
    return [
      `${this.rate.toFixed(1)} frames/s from end to end`,
      ...stages.map((stage) => {
        const times = this.#frames.map((frame) => frame.get(stage) ?? 0);
        const [half, most] = [0.5, 0.95].map((share) => quantile(times, share).toFixed(1));
        return `${stage.padEnd(6)} ${half} ms, p95 ${most} ms`;
      }),
    ];
  }
}
