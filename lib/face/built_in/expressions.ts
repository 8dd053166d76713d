import { blink, gazes, mirrorLids, moveLids, squint, turnEye, wide } from "./eye_modes.ts";
import type { Brush, Painter } from "./field.ts";
import type { Head } from "./head.ts";
import { jawModes } from "./jaw_modes.ts";

export interface Expression {
  /** As ARKit names it where it has the same. */
  readonly name: string;
  /** [vertexCount, 3], the change from rest to fully made. */
  readonly mode: Float32Array;
}

const both = "mirrored";

/** Expressions of the left side of the subject, which is the image's right; each is mirrored for the other side. */
const oneSided: Readonly<Record<string, readonly Brush[]>> = {
  browDown: [
    { at: [1.9, 2.4, 9.2], reach: [2.6, 1.8, 3], move: [-0.3, -0.5, 0.08] },
    { at: [3.8, 2.6, 8.4], reach: [2.4, 1.7, 3], move: [-0.1, -0.25, 0] },
  ],
  browOuterUp: [{ at: [4.2, 2.7, 8.1], reach: [2.4, 2.2, 3], move: [0, 0.65, -0.05] }],
  mouthSmile: [
    { at: [2.6, -6.9, 8.4], reach: [2.6, 2.1, 3], move: [0.55, 0.68, -0.4] },
    { at: [1.2, -6.1, 9.8], reach: [2.4, 1.4, 3], move: [0.12, 0.26, -0.15], lip: "upper" },
    { at: [1.3, -7.4, 9.5], reach: [2, 1.4, 3], move: [0.12, 0.2, -0.12], lip: "lower" },
    { at: [4.2, -2.9, 7.6], reach: [2.5, 2, 3], move: [0.12, 0.4, 0.35] }, // the cheek rises
    { at: [2.6, -4.7, 8.6], reach: [0.9, 1.6, 2], move: [0, 0, -0.18] }, // and folds towards the nose
    { at: [1.6, -4, 9.2], reach: [1, 1.1, 1.6], move: [0.14, 0.06, 0] },
  ],
  mouthFrown: [{ at: [2.5, -7, 8.4], reach: [2.2, 1.8, 3], move: [0.1, -0.55, 0] }],
  mouthStretch: [{ at: [2.5, -7.1, 8.4], reach: [2.8, 2.6, 3.4], move: [0.55, -0.2, -0.35] }],
  noseSneer: [
    { at: [1.5, -3.7, 9.3], reach: [1.8, 1.8, 2.4], move: [0.08, 0.4, 0.05] },
    { at: [1.2, -5.8, 9.8], reach: [1.8, 1.3, 2.4], move: [0, 0.3, 0.05], lip: "upper" },
  ],
  cheekSquint: [{ at: [4.1, -2.4, 7.7], reach: [2.4, 2.2, 3], move: [0, 0.45, 0.25] }],
  mouthUpperUp: [{ at: [1.2, -6.3, 9.9], reach: [2, 1.5, 2.6], move: [0, 0.45, 0.05], lip: "upper" }],
  mouthLowerDown: [{ at: [1.2, -7.3, 9.7], reach: [2, 1.6, 2.6], move: [0, -0.45, -0.05], lip: "lower" }],
};

const whole: Readonly<Record<string, readonly Brush[]>> = {
  browInnerUp: [{ at: [1.3, 2.5, 9.3], reach: [2.3, 2.4, 3], move: [0.05, 0.55, 0], other: both }],
  cheekPuff: [
    { at: [4.6, -5.6, 6.7], reach: [4.4, 4.2, 4.4], move: [0.75, 0, 0.6], other: both },
    { at: [0, -6.8, 10], reach: [2.6, 2, 3], move: [0, 0, 0.12] },
  ],
  mouthPucker: [
    { at: [2.5, -6.9, 8.4], reach: [2.8, 2.4, 3], move: [-0.8, 0, 0.5], other: both },
    { at: [0, -6.8, 9.9], reach: [2.2, 2, 3], move: [0, 0, 0.5] },
  ],
  mouthFunnel: [
    { at: [2.5, -6.9, 8.4], reach: [2.8, 2.4, 3], move: [-0.45, 0, 0.4], other: both },
    { at: [0, -6.2, 10], reach: [2.2, 1.6, 3], move: [0, 0.4, 0.5], lip: "upper" },
    { at: [0, -7.3, 10], reach: [2.2, 1.7, 3], move: [0, -0.45, 0.5], lip: "lower" },
  ],
  mouthLeft: [{ at: [0, -7, 9.6], reach: [4.6, 3, 4], move: [0.7, 0, 0] }],
  mouthRight: [{ at: [0, -7, 9.6], reach: [4.6, 3, 4], move: [-0.7, 0, 0] }],
};

export function expressions(head: Head, painter: Painter): Expression[] {
  const list: Expression[] = jawModes(head);
  for (const [name, brushes] of Object.entries(whole)) list.push({ name, mode: painter.paint(brushes) });
  for (const [name, brushes] of Object.entries(oneSided)) {
    list.push({ name: `${name}_L`, mode: painter.paint(brushes) });
    list.push({ name: `${name}_R`, mode: painter.paint(brushes.map(mirrorBrush)) });
  }
  for (const [name, move] of [["eyeBlink", blink], ["eyeWide", wide], ["eyeSquint", squint]] as const) {
    const left = moveLids(head, move);
    list.push({ name: `${name}_L`, mode: left }, { name: `${name}_R`, mode: mirrorLids(head, left) });
  }
  for (const [name, pitch, yaw] of gazes) {
    list.push({ name: `${name}_L`, mode: turnEye(head, "rightEyeball", [pitch, yaw]) });
    list.push({ name: `${name}_R`, mode: turnEye(head, "leftEyeball", [pitch, -yaw]) });
  }
  return list;
}

function mirrorBrush({ at, move = [0, 0, 0], ...rest }: Brush): Brush {
  return { ...rest, at: [-at[0], at[1], at[2]], move: [-move[0], move[1], move[2]] };
}
