import { applyNoise } from "@/lib/data/augment.ts";
import { boxMiddle } from "@/lib/data/maps/crop.ts";
import { keyLandmarks, LANDMARK_COUNT, landmarkBox, landmarksOfPart } from "@/lib/face/landmarks.ts";
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
  const { left, top, width, height } = landmarkBox(landmarks, covered(part, landmarks));
  const size = image.width;
  const margin = MARGIN * Math.max(width, height);
  const rgb = image.rgb.slice();
  applyNoise(rgb, {
    size,
    patches: [{
      left: (left - margin) / size,
      top: (top - margin) / size,
      width: (width + 2 * margin) / size,
      height: (height + 2 * margin) / size,
      grain: 1 / 32,
      seed: coverableParts.indexOf(part),
    }],
  });
  return { ...image, rgb };
}

/** Around the part's landmarks, in lengths of their box. */
const MARGIN = 0.12;

function covered(part: CoverablePart, landmarks: Float32Array): number[] {
  if (part !== "one side") return landmarksOfPart(part);
  const middle = landmarks[3 * keyLandmarks.noseTip]!;
  const sign = middle > boxMiddle(landmarkBox(landmarks))[0] ? 1 : -1; // a face in profile has its nose at one edge
  return [...Array(LANDMARK_COUNT).keys()].filter((i) => sign * (landmarks[3 * i]! - middle) <= 0);
}
