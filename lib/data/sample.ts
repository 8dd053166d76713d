import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import type { Photo, PositionMap } from "@/lib/types.ts";

/** Samples of different splits show different people. */
export type Split = "train" | "validation" | "test";

/** What a network should say about a picture of a face. */
export interface Label {
  /** In crop pixels, of the same size as the image. */
  readonly map: PositionMap;
  /** [68, 3], x, y, z in crop pixels, in Multi-PIE order; z as in the map. */
  readonly landmarks: Float32Array;
}

/** One picture of one face, cropped, with its label. */
export interface Sample extends Label {
  /** Square, of the source's image size. */
  readonly image: Photo;
}

/** An endless, ordered supply of samples of one model's faces. */
export interface SampleSource {
  readonly model: MorphableModel;
  /** [size] of images and maps, pixels a side. */
  readonly imageSize: number;
  /** A pure function of the source's seed, the split and the index: the same in every worker, in any order. */
  sample(index: number, split: Split): Sample;
}
