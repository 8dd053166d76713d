import { builtInFace } from "@/tests/face/built_in_face.ts";
import { type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { withoutUnseen } from "@/lib/face/prune.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { assert, assertAllClose } from "@/tests/support.ts";

const model = builtInFace();
const pruned = withoutUnseen(model);

function shaped(of: MorphableModel): Float32Array {
  const identity = of.identityModes.map((_, m) => Math.sin(m));
  return shapeFace(of, { identity, expression: of.expressionNames.map((name) => name === "jawOpen" ? 0.7 : 0.1) });
}

/** The same face, its vertices numbered from the last to the first. */
function reversed(of: MorphableModel): MorphableModel {
  const last = of.mean.length / 3 - 1;
  const points = (values: Float32Array) => {
    const rows = Array.from({ length: last + 1 }, (_, v) => [...values.subarray(3 * v, 3 * v + 3)]);
    return Float32Array.from(rows.reverse().flat());
  };
  const { openness: _, ...rest } = of;
  return {
    ...rest,
    mean: points(of.mean),
    identityModes: of.identityModes.map(points),
    expressionModes: of.expressionModes.map(points),
    triangles: of.triangles.map((vertex) => last - vertex),
    surfaceVertices: of.surfaceVertices.map((vertex) => last - vertex),
  };
}

Deno.test("withoutUnseen() keeps the surface's shape, whatever the coefficients and the order of vertices", () => {
  const surface = (of: MorphableModel) => {
    const vertices = shaped(of);
    return Array.from(of.surfaceVertices).flatMap((vertex) => [...vertices.subarray(3 * vertex, 3 * vertex + 3)]);
  };
  const whole = surface(model);
  for (const less of [pruned, withoutUnseen(reversed(model))]) {
    assert(less.mean.length < model.mean.length, "nothing is gone");
    assertAllClose(surface(less), whole, 1e-5);
  }
});

Deno.test("withoutUnseen() changes hardly anything that is seen, in an open mouth too", () => {
  assert(pruned.triangles.length <= model.triangles.length);
  for (const yaw of [-0.8, 0, 0.4]) {
    const draw = (of: MorphableModel) => {
      const scale = 128 / 2.5 / Math.abs(model.mean.reduce((most, value) => Math.max(most, value), 0)) * 1.2;
      const placement = {
        rotation: poseRotation({ pitch: 0, yaw, roll: 0 }),
        scale,
        translation: [64, 64, 0] as const,
      };
      const mesh = { positions: placeInImage(shaped(of), placement), triangles: of.triangles };
      return rasterize(mesh, { width: 128, height: 128 }).depth;
    };
    const [whole, less] = [draw(model), draw(pruned)];
    const changed = whole.filter((depth, k) => !(Math.abs(depth - less[k]!) < 1e-3) && depth > -Infinity).length;
    assert(changed <= 3, `${changed} pixels changed at yaw ${yaw}`);
  }
});
