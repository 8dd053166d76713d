import { type EyeballMaterial, eyeballMaterial, GAZE_RADIANS } from "@/lib/face/eyeball.ts";

/**
 * ICT-FaceKit's eyes: balls with a bulging cornea that its expressions leave still. Figures fitted to the neutral mesh,
 * in centimeters, for the eye on the side of +x (the person's left).
 */
const CENTER = [3.106, 3.604, 7.892] as const;
/** From the center through the pupil: each eye looks 8° outwards. */
const AXIS = [0.1386, 0.0198, 0.9901] as const;

/** What the eyeball is made of at this point; undefined at its back, which is never seen. */
export function eyeMaterial(x: number, y: number, z: number): EyeballMaterial | undefined {
  const [dx, dy, dz] = [Math.abs(x) - CENTER[0], y - CENTER[1], z - CENTER[2]];
  const cosine = (dx * AXIS[0] + dy * AXIS[1] + dz * AXIS[2]) / Math.hypot(dx, dy, dz);
  return eyeballMaterial(cosine);
}

/** How an expression moves this point of an eyeball; undefined for expressions that do not move the gaze. */
export function gazeShift(expression: string): ((x: number, y: number, z: number) => number[]) | undefined {
  const [, direction, side] = /^eyeLook(Up|Down|In|Out)_([LR])$/.exec(expression) ?? [];
  if (!direction || !side) return undefined;
  const outwards = side === "L" ? 1 : -1;
  const turn = direction === "Up" || direction === "Out" ? GAZE_RADIANS : -GAZE_RADIANS;
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  return (x, y, z) => {
    if (x * outwards < 0) return [0, 0, 0];
    const [dx, dy, dz] = [x - outwards * CENTER[0], y - CENTER[1], z - CENTER[2]];
    return direction === "Up" || direction === "Down"
      ? [0, (c - 1) * dy + s * dz, (c - 1) * dz - s * dy]
      : [(c - 1) * dx + s * outwards * dz, 0, (c - 1) * dz - s * outwards * dx];
  };
}
