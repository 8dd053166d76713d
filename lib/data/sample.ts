import type { Photo, PositionMap } from "@/lib/types.ts";

/** Samples of different splits show different people. */
export const splits = ["train", "validation", "test"] as const;
export type Split = (typeof splits)[number];

/** What a network should say about a picture of a face. */
export interface Label {
  /** In crop pixels, of the same size as the image. */
  readonly map: PositionMap;
  /** [68, 3], x, y, z in crop pixels, in Multi-PIE order; z as in the map. */
  readonly landmarks: Float32Array;
  /** 0 to 1 for each of the source's expressions, where it has names for such. */
  readonly expressions?: Float32Array;
  /** Where true, the picture shows no face that fits the crop, and the rest of the label means nothing. */
  readonly isAbsent?: boolean;
}

/** One picture of one face, cropped, with its label. */
export interface Sample extends Label {
  /** Square, of the source's image size. */
  readonly image: Photo;
  /** Who it shows, a number from 0 within the split, where samples may show one person; without it, nobody else's. */
  readonly person?: number | undefined;
}
