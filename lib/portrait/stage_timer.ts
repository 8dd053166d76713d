/**
 * The stages of making a sample, in order: of a photo, of a drawn face, and "encode", which follows in a batch's maker; a
 * photo's map is baked within "pose and shape", and it is augmented as it is cut. Of drawn faces augmentation is no stage of its
 * own: a drawn face is turned, shifted and scaled where it is placed ("pose and shape"), hidden by "occluders", and its
 * colors change in the "camera".
 */
export const sampleStages = [
  "read",
  "decode",
  "pose and shape",
  "hair and clothes",
  "rasterize",
  "paint",
  "light",
  "shadows",
  "background",
  "shade",
  "occluders",
  "camera",
  "bake",
  "crop",
  "encode",
] as const;
export type SampleStage = (typeof sampleStages)[number];

/** Told where each stage of each sample begins. */
export interface StageTimer {
  /** Ends the stage before. */
  begin(stage: SampleStage): void;
  /** Ends the last stage. */
  end(): void;
}

/**
 * Adds up the time of stages:
 *
 *     const clock = new StageClock();
 *     const source = await openSource(spec, { timer: clock });
 *     source.sample(0, "train");
 *     clock.milliseconds.get("rasterize");
 */
export class StageClock implements StageTimer {
  /** The time of each stage so far; a stage that has not begun is missing. */
  readonly milliseconds = new Map<SampleStage, number>();
  #stage: SampleStage | undefined;
  #began = 0;

  begin(stage: SampleStage): void {
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
