/** Where the time of frames goes: what was started last runs until something else is. */
export class StageClock {
  readonly #begin = performance.now();
  readonly #frames: Map<string, number>[] = [];
  #current = new Map<string, number>();
  #stage: string | undefined;
  #since = 0;

  start(stage: string): void {
    this.stop();
    this.#stage = stage;
    this.#since = performance.now();
  }

  stop(): void {
    if (this.#stage === undefined) return;
    const spent = performance.now() - this.#since;
    this.#current.set(this.#stage, (this.#current.get(this.#stage) ?? 0) + spent);
    this.#stage = undefined;
  }

  endFrame(): void {
    this.stop();
    this.#frames.push(this.#current);
    this.#current = new Map();
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
        const times = this.#frames.map((frame) => frame.get(stage) ?? 0).sort((a, b) => a - b);
        const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))]!.toFixed(1);
        return `${stage.padEnd(6)} ${at(0.5)} ms, p95 ${at(0.95)} ms`;
      }),
    ];
  }
}
