import { faceSize } from "@/lib/evaluate/nme.ts";
import { keyLandmarks, landmarkLines } from "@/lib/face/landmarks.ts";
import { meanOf } from "@/lib/geometry/vectors.ts";
import { mean } from "@/lib/numbers.ts";
import type { Box } from "@/lib/types.ts";

/** A face that a detector found, in the photo's pixels. */
export interface Detection {
  readonly box: Box;
  /** [6, 2]: the eye on the image's left, the other eye, tip of the nose, mouth, ear on the image's left, the other ear. */
  readonly keypoints: Float32Array;
  /** From 0 to 1. */
  readonly score: number;
}

/** Landmarks whose mean is where the keypoint of the same place among a detection's first four is. */
const keypointLandmarks = [
  landmarkLines.rightEye.landmarks,
  landmarkLines.leftEye.landmarks,
  [keyLandmarks.noseTip],
  [...landmarkLines.outerLips.landmarks, ...landmarkLines.innerLips.landmarks],
] as const;

/** The mean distance of eyes, nose and mouth of landmarks, [68, 3], from where the detector has them, in percent of the face's size. */
export function keypointMiss({ keypoints }: Detection, landmarks: Float32Array): number {
  const misses = keypointLandmarks.map((own, i) => {
    const [x, y] = meanOf(landmarks, own);
    return Math.hypot(x - keypoints[2 * i]!, y - keypoints[2 * i + 1]!);
  });
  return 100 * mean(misses) / faceSize(landmarks);
}

/** The share of their common area in what two boxes cover together. */
export function boxOverlap(a: Box, b: Box): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (!(width > 0 && height > 0)) return 0;
  const common = width * height;
  return common / (a.width * a.height + b.width * b.height - common);
}

/** Overlaps above this are of one face. */
const SAME_FACE = 0.3;

/**
 * One detection a face, best first: those that overlap are merged, weighted by their scores, which is calmer than to take
 * the best (Bazarevsky et al., BlazeFace, 2019, section 4).
 */
export function mergeDetections(detections: readonly Detection[]): Detection[] {
  let waiting = detections.toSorted((a, b) => b.score - a.score);
  const merged: Detection[] = [];
  while (waiting.length > 0) {
    const [best] = waiting as [Detection];
    const isSame = (other: Detection) => other === best || boxOverlap(other.box, best.box) > SAME_FACE;
    merged.push(weightedMean(waiting.filter(isSame)));
    waiting = waiting.filter((other) => !isSame(other));
  }
  return merged;
}

function weightedMean(detections: readonly Detection[]): Detection {
  const total = detections.reduce((sum, { score }) => sum + score, 0);
  const mean = (of: (detection: Detection) => number) =>
    detections.reduce((sum, detection) => sum + detection.score * of(detection), 0) / total;
  return {
    box: {
      left: mean(({ box }) => box.left),
      top: mean(({ box }) => box.top),
      width: mean(({ box }) => box.width),
      height: mean(({ box }) => box.height),
    },
    keypoints: Float32Array.from(detections[0]!.keypoints, (_, i) => mean(({ keypoints }) => keypoints[i]!)),
    score: detections[0]!.score,
  };
}
