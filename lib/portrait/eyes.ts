import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { materialNumbers } from "@/lib/face/morphable_model.ts";
import { boundsOf, dot, meanPoint, minus, pointAt, unit } from "@/lib/geometry/vectors.ts";
import type { EyeLook } from "@/lib/portrait/appearance.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { mix } from "@/lib/portrait/mix.ts";
import type { Vec3 } from "@/lib/types.ts";

/** The colors of eyes reach this many iris radii from the pupil's middle, in this many steps. */
export const EYE_REACH = 4;
export const EYE_STEPS = 96;

/** Writes the eyes' colors from the pupil's middle outwards, [EYE_STEPS, 3], into `ramp`. */
export function paintEyes({ iris, sclera, pupilRadius }: EyeLook, ramp: Float32Array): void {
  for (let step = 0; step < EYE_STEPS; step++) {
    const radius = (step + 0.5) / EYE_STEPS * EYE_REACH;
    ramp.set(sclera, 3 * step);
    mix(ramp, step, 0.42, 0.15, 0.12, 0.5 * smoothstep(1.4, 3, radius)); // blood towards the corners
    // A darker ring around the iris, a lighter one around the pupil.
    const ring = 0.3 + 0.7 * smoothstep(1.02, 0.75, radius) + 0.5 * smoothstep(0.8, 0.45, radius);
    mix(ramp, step, iris[0] * ring, iris[1] * ring, iris[2] * ring, smoothstep(1.1, 0.95, radius));
    mix(ramp, step, 0.003, 0.003, 0.003, smoothstep(pupilRadius + 0.08, pupilRadius - 0.06, radius));
  }
}

/** [vertexCount], the angle from the eye's axis in iris radii, for vertices of eyes. */
export function irisDistances({ model, points, textureSize, vertexMaterials }: FaceAtlas): Float32Array {
  const [sclera, iris, pupil] = materialNumbers("sclera", "iris", "pupil") as [number, number, number];
  const at = (v: number) => pointAt(points, textureSize ** 2 + v);
  const distances = new Float32Array(model.mean.length / 3);
  for (const side of [-1, 1]) {
    const vertices = Array.from(distances.keys()).filter((v) =>
      [sclera, iris, pupil].includes(vertexMaterials[v]!) && at(v)[0] * side > 0
    );
    if (vertices.length === 0) continue;
    const middle = eyeMiddle(vertices.map(at));
    const colored = Array.from(model.materials.keys())
      .filter((t) => model.materials[t] === iris || model.materials[t] === pupil)
      .map((t) => meanPoint(pointAt(model.triangles, t).map(at)))
      .filter((p) => p[0] * side > 0);
    const axis = colored.length > 0 ? unit(minus(meanPoint(colored), middle)) : [0, 0, 1] as const;
    const angle = (p: Vec3) => Math.acos(Math.min(1, dot(unit(minus(p, middle)), axis)));
    const irisAngle = colored.length > 0 ? 1.03 * Math.max(...colored.map(angle)) : IRIS_ANGLE;
    for (const v of vertices) distances[v] = angle(at(v)) / irisAngle;
  }
  return distances;
}

/** A human iris of 5.9 mm on an eyeball of 12 mm. */
const IRIS_ANGLE = Math.asin(5.9 / 12);

/** The middle of the sphere that fits the points, or nearly. */
function eyeMiddle(points: readonly Vec3[]): Vec3 {
  const { low: [left, bottom], high: [right, top, front] } = boundsOf(points.flat());
  const radius = Math.max(right - left, top - bottom) / 2;
  return [(left + right) / 2, (bottom + top) / 2, front - radius];
}
