import type { PoseAngles } from "@/lib/geometry/transforms.ts";
import { hundredths } from "@/lib/track/face_record.ts";

/** OpenFace 2's columns that are known here: x, y in pixels; X, Y, Z too, as scaled orthography has no meters. */
export const openFaceColumns: readonly string[] = [
  ...["frame", "face_id", "timestamp", "confidence", "success", "pose_Rx", "pose_Ry", "pose_Rz"],
  ...["x", "y", "X", "Y", "Z"].flatMap((axis) => Array.from({ length: 68 }, (_, i) => `${axis}_${i}`)),
];

/** One face of one frame. */
export interface OpenFaceRow {
  readonly frame: number;
  /** Seconds. */
  readonly time: number;
  readonly id: number;
  /** [68, 3], the video's pixels. */
  readonly landmarks: Float32Array;
  readonly pose: PoseAngles | undefined;
  readonly score: number;
}

/** The values of {@linkcode openFaceColumns}; frames count from 1 there. */
export function openFaceValues({ frame, time, id, landmarks, pose, score }: OpenFaceRow): (number | string)[] {
  const axis = (k: number) => Array.from({ length: 68 }, (_, i) => hundredths(landmarks[3 * i + k]!));
  const angles = pose ? [pose.pitch, pose.yaw, pose.roll].map((angle) => angle.toFixed(4)) : ["", "", ""];
  return [frame + 1, id, time.toFixed(4), score.toFixed(3), 1, ...angles, ...[0, 1, 0, 1, 2].flatMap(axis)];
}
