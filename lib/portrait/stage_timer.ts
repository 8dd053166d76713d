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

/** Called where each stage of each sample begins; a `StageClock<SampleStage>` of lib/stage_clock.ts is one. */
export interface StageTimer {
  /** Ends the stage before. */
  begin(stage: SampleStage): void;
  /** Ends the last stage. */
  end(): void;
}
