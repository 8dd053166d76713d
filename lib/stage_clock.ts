/**
 * Adds up the time of stages, of which one runs until the next begins:
 *
 *     const clock = new StageClock<SampleStage>();
 *     const source = await openSource(spec, { timer: clock });
 *     source.sample(0, "train");
 *     clock.milliseconds.get("rasterize");
 */
export class StageClock<Stage extends string> {
  /** The time of each stage so far; a stage that has not begun is missing. */
  readonly milliseconds = new Map<Stage, number>();
  #stage: Stage | undefined;
  #began = 0;

  /** Ends the stage before. */
  begin(stage: Stage): void {
    this.end();
    this.#stage = stage;
    this.#began = performance.now();
  }

  end(): void {
    if (this.#stage === undefined) return;
    const spent = performance.now() - this.#began;
    this.milliseconds.set(this.#stage, (this.milliseconds.get(this.#stage) ?? 0) + spent);
    this.#stage = undefined;
  }

  /** Starts again from nothing. */
  reset(): void {
    this.milliseconds.clear();
    this.#stage = undefined;
  }
}
