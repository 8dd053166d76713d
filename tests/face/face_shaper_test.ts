import { FaceShaper } from "@/lib/face/face_shaper.ts";
import { shapeFace } from "@/lib/face/morphable_model.ts";
import { pointsAt } from "@/lib/geometry/vectors.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

/** A model of vertices in a box of 200 units, whose modes become smaller as those of the Basel Face Model do. */
function someModel({ vertexCount, modeCount }: { vertexCount: number; modeCount: number }) {
  const random = new Random(`${vertexCount}/${modeCount}`);
  const numbers = (scale: number) =>
    Float32Array.from({ length: 3 * vertexCount }, () => random.uniform(-scale, scale));
  const modes = Array.from({ length: modeCount }, (_, m) => numbers(8 / (1 + m / 5)));
  return {
    name: "some",
    mean: numbers(100),
    identityModes: modes.slice(0, Math.ceil(0.8 * modeCount)),
    expressionModes: modes.slice(Math.ceil(0.8 * modeCount)),
  } as unknown as Parameters<typeof shapeFace>[0];
}

Deno.test("FaceShaper.shape() is shapeFace() to 1e-4 of a face's extent, in the mean, for hundreds of modes", () => {
  for (const [vertexCount, modeCount] of [[1, 1], [7, 3], [500, 228]] as const) {
    const model = someModel({ vertexCount, modeCount });
    const shaper = new FaceShaper(model);
    const random = new Random(modeCount);
    for (let time = 0; time < 3; time++) {
      const identity = model.identityModes.map(() => random.normal());
      const expression = model.expressionModes.map(() => random.normal());
      const [found, expected] = [shaper.shape({ identity, expression }), shapeFace(model, { identity, expression })];
      assertAllClose(found, expected, 5e-4 * 200);
      const squares = found.reduce((sum, value, i) => sum + (value - expected[i]!) ** 2, 0);
      assert(Math.sqrt(squares / found.length) < 1e-4 * 200, `${Math.sqrt(squares / found.length)}`);
    }
    assertEquals(shaper.shape({ identity: [], expression: [] }), model.mean);
  }
});

Deno.test("FaceShaper gives what a linear function makes of the vertices, such as some of them in another order", () => {
  const model = someModel({ vertexCount: 40, modeCount: 12 });
  const vertices = Uint32Array.of(39, 3, 3, 0, 17);
  const amounts = { identity: [0.5, -1, 0.2], expression: [1] };
  const found = new FaceShaper(model, (all) => pointsAt(all, vertices)).shape(amounts);
  assertAllClose(found, pointsAt(shapeFace(model, amounts), vertices), 5e-4 * 200);
});
