import { quantile } from "@/lib/numbers.ts";

/** How fast frames come, over the last second. */
export class SpeedMeter {
  readonly #frames: { readonly at: number; readonly latency: number }[] = [];

  /** Milliseconds: now, and from when the frame was there to when it was shown. */
  add(at: number, latency: number): void {
    this.#frames.push({ at, latency });
    while (this.#frames[0]!.at < at - 1000) this.#frames.shift();
  }

  reset(): void {
    this.#frames.length = 0;
  }

  get framesPerSecond(): number {
    const [first, last] = [this.#frames[0], this.#frames.at(-1)];
    return first && last && last.at > first.at ? (this.#frames.length - 1) / (last.at - first.at) * 1000 : 0;
  }

  /** Milliseconds, the median. */
  get latency(): number {
    return quantile(this.#frames.map(({ latency }) => latency), 0.5) || 0;
  }
}
