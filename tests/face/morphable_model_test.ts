import { vertexPoints } from "@/lib/face/landmarks.ts";
import fc from "@/tests/fast_check.ts";
import { InputError } from "@/lib/errors.ts";
import { checkModel, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { Random } from "@/lib/random.ts";
import { arbitraryModel } from "@/tests/face/arbitrary_model.ts";
import { assert, assertAllClose, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";

Deno.test("shapeFace() adds up modes as the plain sum does, zero coefficients among them", () => {
  fc.assert(fc.property(arbitraryModel, fc.integer(), (model, seed) => {
    const random = new Random(seed);
    const coefficient = () => random.chance(0.3) ? 0 : random.normal();
    const identity = model.identityModes.map(coefficient);
    const expression = model.expressionModes.map(coefficient);
    const expected = Array.from(model.mean, (value, i) => {
      model.identityModes.forEach((mode, m) => value += identity[m]! * mode[i]!);
      model.expressionModes.forEach((mode, m) => value += expression[m]! * mode[i]!);
      return value;
    });
    assertAllClose(shapeFace(model, { identity, expression }), expected, 20 * FLOAT32_TOLERANCE);
  }));
});

Deno.test("shapeFace() takes missing coefficients for 0 and writes over what out held", () => {
  fc.assert(fc.property(arbitraryModel, (model) => {
    const out = new Float32Array(model.mean.length).fill(NaN);
    assert(shapeFace(model, { identity: [], expression: [] }, out) === out);
    assertAllClose(out, model.mean, 0);
  }));
});

Deno.test("shapeFace() refuses more coefficients than the model has modes", async () => {
  const [model] = fc.sample(arbitraryModel, { numRuns: 1, seed: 1 }) as [MorphableModel];
  const identity = new Float32Array(model.identityModes.length + 1);
  await assertThrows(() => shapeFace(model, { identity, expression: [] }), RangeError, /coefficients: it has \d+ and/);
});

Deno.test("checkModel() passes models whose arrays fit together", () => {
  fc.assert(fc.property(arbitraryModel, checkModel));
});

Deno.test("checkModel() names what is wrong: an index out of range, a number that is not finite, a wrong length", async () => {
  const broken: [RegExp, (model: MorphableModel) => Partial<MorphableModel>][] = [
    [/triangles name 9 at 2, wanted less than/, ({ triangles }) => ({ triangles: triangles.with(2, 9) })],
    [/materials name 200/, ({ materials }) => ({ materials: materials.with(0, 200) })],
    [/materials have \d+ numbers/, ({ materials }) => ({ materials: materials.slice(1) })],
    [/mean have NaN at 4/, ({ mean }) => ({ mean: mean.with(4, NaN) })],
    [/mean has \d+ numbers, wanted 3 each/, ({ mean }) => ({ mean: mean.slice(1) })],
    [
      /identity mode 1 have Infinity at 0/,
      ({ identityModes: [a, b] }) => ({ identityModes: [a!, b!.with(0, Infinity)] }),
    ],
    [/expression mode 0 have \d+ numbers/, ({ expressionModes: [a] }) => ({
      expressionModes: [a!.slice(3)],
      expressionNames: [""],
    })],
    [/expression names have 0 numbers/, () => ({ expressionNames: [] })],
    [/surface vertices name 99/, ({ surfaceVertices }) => ({ surfaceVertices: surfaceVertices.with(1, 99) })],
    [/leave \[0, 1\]/, ({ surface }) => ({ surface: { ...surface, uv: surface.uv.with(0, 1.5) } })],
    [
      /landmarks \(outline\) have 201/,
      ({ surface }) => ({ surface: { ...surface, landmarks: { outline: vertexPoints(Array(67).fill(0)) } } }),
    ],
    [
      /landmarks \(300w-lp\) name 99/,
      ({ surface }) => ({ surface: { ...surface, landmarks: { "300w-lp": vertexPoints(Array(68).fill(99)) } } }),
    ],
    [
      /weights of landmark 3 \(outline\) do not add up to 1/,
      ({ surface }) => {
        const points = vertexPoints(Array(68).fill(0));
        return { surface: { ...surface, landmarks: { outline: { ...points, weights: points.weights.with(9, 0.5) } } } };
      },
    ],
    [
      /surface triangles name 99/,
      ({ surface }) => ({ surface: { ...surface, triangles: surface.triangles.with(0, 99) } }),
    ],
    [/surface regions name 5/, ({ surface }) => ({ surface: { ...surface, regions: surface.regions.with(0, 5) } })],
  ];
  const hasModes = arbitraryModel.filter((model) =>
    model.identityModes.length >= 2 && model.expressionModes.length >= 1
  );
  await fc.assert(
    fc.asyncProperty(hasModes, async (model) => {
      for (const [message, damage] of broken) {
        await assertThrows(() => checkModel({ ...model, ...damage(model) }), InputError, message);
      }
    }),
    { numRuns: 5 },
  );
});
