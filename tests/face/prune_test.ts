import { builtInFace } from "@/lib/face/built_in.ts";
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

Deno.test("withoutUnseen() keeps the surface's shape, whatever the coefficients", () => {
  const [whole, less] = [shaped(model), shaped(pruned)];
  const surface = (vertices: Float32Array, { surfaceVertices }: MorphableModel) =>
    Array.from(surfaceVertices).flatMap((vertex) => [...vertices.subarray(3 * vertex, 3 * vertex + 3)]);
  assertAllClose(surface(less, pruned), surface(whole, model), 1e-5);
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
