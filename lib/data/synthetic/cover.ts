import { applyNoise } from "@/lib/data/augment.ts";
import type { Photo } from "@/lib/types.ts";

/** What of a face can be covered, to see what a network makes of the rest. */
export const coverableParts = ["eyes", "mouth", "one side"] as const;
export type CoverablePart = typeof coverableParts[number];

interface Face {
  /** Square. */
  readonly image: Photo;
  /** [68, 3], in the image's pixels. */
  readonly landmarks: Float32Array;
}

/** The image with a rectangle of noise over one part of the face. */
export function coverPart({ image, landmarks }: Face, part: CoverablePart): Photo {
  const { left, top, right, bottom } = boxOf(landmarks, landmarksOf(part, landmarks));
  const size = image.width;
  const margin = MARGIN * Math.max(right - left, bottom - top);
  const rgb = image.rgb.slice();
  applyNoise(rgb, {
    size,
    patches: [{
      left: (left - margin) / size,
      top: (top - margin) / size,
      width: (right - left + 2 * margin) / size,
      height: (bottom - top + 2 * margin) / size,
      grain: 1 / 32,
      seed: coverableParts.indexOf(part),
    }],
  });
  return { ...image, rgb };
}

/** Around the part's landmarks, in lengths of their box. */
const MARGIN = 0.12;
const NOSE_TIP = 30;

function landmarksOf(part: CoverablePart, landmarks: Float32Array): number[] {
  const all = [...Array(68).keys()];
  const middle = landmarks[3 * NOSE_TIP]!;
  switch (part) {
    case "eyes":
      return all.slice(36, 48);
    case "mouth":
      return all.slice(48);
    case "one side":
      return all.filter((i) => landmarks[3 * i]! <= middle);
  }
}

function boxOf(points: Float32Array, indices: readonly number[]) {
  const [x, y] = [0, 1].map((axis) => indices.map((i) => points[3 * i + axis]!)) as [number[], number[]];
  return { left: Math.min(...x), top: Math.min(...y), right: Math.max(...x), bottom: Math.max(...y) };
}
