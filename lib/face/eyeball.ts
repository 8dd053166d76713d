import { DEGREE } from "@/lib/geometry/transforms.ts";

/** Angles at an eyeball's center, from its axis, within which it shows each. */
const PUPIL_COSINE = Math.cos(9 * DEGREE);
const IRIS_COSINE = Math.cos(25 * DEGREE);
const SEEN_COSINE = Math.cos(105 * DEGREE);

/** How far a fully made "look" expression turns an eye. */
export const GAZE_RADIANS = 25 * DEGREE;

export type EyeballMaterial = "pupil" | "iris" | "sclera";

/** What a point of an eyeball is made of, by the cosine of its angle from the axis; undefined at the back, which is never seen. */
export function eyeballMaterial(cosine: number): EyeballMaterial | undefined {
  if (cosine > PUPIL_COSINE) return "pupil";
  if (cosine > IRIS_COSINE) return "iris";
  return cosine > SEEN_COSINE ? "sclera" : undefined;
}
