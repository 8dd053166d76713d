import { metersPerUnit } from "@/lib/export/exported_mesh.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import type { PoseAngles } from "@/lib/geometry/transforms.ts";
import { mean } from "@/lib/numbers.ts";
import { hundredths } from "@/lib/track/face_record.ts";
import type { Photo } from "@/lib/types.ts";

/**
 * OpenFace 2's columns that are known here, in its order (RecorderCSV.cpp of its repository): of gaze, of its own face model
 * and of action units, nothing is.
 */
export const openFaceColumns: readonly string[] = [
  ...["frame", "face_id", "timestamp", "confidence", "success"],
  ...["pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz"],
  ...["x", "y", "X", "Y", "Z"].flatMap((axis) => Array.from({ length: LANDMARK_COUNT }, (_, i) => `${axis}_${i}`)),
];

/** One face of one frame. */
export interface OpenFaceRow {
  readonly frame: number;
  /** Seconds. */
  readonly time: number;
  readonly id: number;
  /** Pixels of the frame. */
  readonly picture: Pick<Photo, "width" | "height">;
  /** [68, 3], the frame's pixels. */
  readonly landmarks: Float32Array;
  readonly pose: PoseAngles | undefined;
  readonly score: number;
}

/**
 * The values of {@linkcode openFaceColumns}, as OpenFace has them: frames count from 1; x and y are pixels, the first one's
 * center at 0; X, Y, Z and pose_T, the landmarks and their mean, are millimeters from the camera, x right, y down, z away
 * from it, of an adult's face and of the focal length that OpenFace guesses (SequenceCapture.cpp, CLNF::GetShape); pose_R is
 * radians, R = Rx · Ry · Rz in that frame: positive Rx looks down, Ry towards the image's left, Rz turns clockwise on the
 * screen. A head is turned so against the line of sight to it.
 */
export function openFaceValues(row: OpenFaceRow): (number | string)[] {
  const { frame, time, id, picture: { width, height }, landmarks, pose, score } = row;
  const axis = (k: number) => Array.from({ length: LANDMARK_COUNT }, (_, i) => landmarks[3 * i + k]!);
  const [xs, ys, zs] = [axis(0), axis(1), axis(2)] as const;
  const focal = 500 * (width / 640 + height / 480) / 2, millimeters = 1000 * metersPerUnit(landmarks);
  const away = focal * millimeters, middle = mean(zs);
  const depths = zs.map((z) => away - millimeters * (z - middle));
  const across = (x: number, i: number) => (x - width / 2) / focal * depths[i]!;
  const down = (y: number, i: number) => (y - height / 2) / focal * depths[i]!;
  const place = [millimeters * (mean(xs) - width / 2), millimeters * (mean(ys) - height / 2), away];
  const turn = pose ? [-pose.pitch, pose.yaw, pose.roll].map((angle) => angle.toFixed(4)) : ["", "", ""];
  const points = [xs.map(toPixel), ys.map(toPixel), xs.map(across), ys.map(down), depths].flat();
  return [
    ...[frame + 1, id, time.toFixed(4), score.toFixed(3), score > 0 ? 1 : 0],
    ...place.map(hundredths),
    ...turn,
    ...points.map(hundredths),
  ];
}

function toPixel(value: number): number {
  return value - 0.5;
}
