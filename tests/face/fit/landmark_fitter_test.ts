import { randomExpression } from "@/lib/data/synthetic/expressions.ts";
import { readAnnotated } from "@/tests/data/sets/read_annotated.ts";
import { nme } from "@/lib/evaluate/nme.ts";
import { componentName } from "@/lib/face/expression_names.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { LandmarkFitter } from "@/lib/face/fit/landmark_fitter.ts";
import { loadIct } from "@/lib/face/ict/ict.ts";
import { landmarkBox, landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks, regionNames, shapeFace } from "@/lib/face/morphable_model.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";
import { placeInImage, poseAngles, poseRotation } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import type { Mat3 } from "@/lib/types.ts";
import { hasIct, ictFolder } from "@/tests/face/ict/ict_data.ts";
import { assert, assertAllClose, assertClose, assertEquals, sharedData } from "@/tests/support.ts";

const model = builtInFace();
const annotated = meshLandmarks(model);
const outline = meshLandmarks(model, (landmarks) => landmarksOf(landmarks, "outline"));
const SIDE = 300;

/** Someone who looks anywhere, in a picture of 300 pixels a side. */
function placedFace(seed: string, mostYaw: number) {
  const random = new Random(seed);
  const identity = Float32Array.from(model.identityModes, () => random.normal());
  const shape = shapeFace(model, { identity, expression: randomExpression(random, model.expressionNames) });
  const yaw = random.uniform(-mostYaw, mostYaw);
  const rotation = poseRotation({ pitch: 0.2 * random.normal(), yaw, roll: 0.25 * random.normal() });
  const positions = placeInImage(shape, { rotation, scale: 8, translation: [SIDE / 2, SIDE / 2, 0] });
  const surface = (of: Float32Array) =>
    Float32Array.from(
      { length: 3 * model.surfaceVertices.length },
      (_, i) => of[3 * model.surfaceVertices[Math.floor(i / 3)]! + i % 3]!,
    );
  return { shape, rotation, positions, surface, truth: valuesAt(annotated, positions) };
}

/** What an annotator sees: the jaw's landmarks that the face hides lie where its picture ends beside them. */
function seenLandmarks({ shape, rotation, positions, surface }: ReturnType<typeof placedFace>): Float32Array {
  const seen = valuesAt(outline, positions), atRest = valuesAt(outline, shape);
  const { regions, triangles: all } = model.surface;
  const features = (["nose", "mouth"] as const).map((name) => regionNames.indexOf(name));
  const triangles = all.filter((_, i) =>
    [0, 1, 2].every((corner) => !features.includes(regions[all[i - i % 3 + corner]!]!))
  );
  const placed = surface(positions);
  const raster = rasterize({ positions: placed, triangles }, { width: SIDE, height: SIDE });
  const depthAt = (x: number, y: number) => {
    const pixel = SIDE * Math.floor(y) + Math.floor(x), triangle = raster.triangle[pixel]!;
    if (triangle < 0) return undefined;
    return [0, 1, 2].reduce(
      (sum, corner) => sum + raster.weights[3 * pixel + corner]! * placed[3 * triangles[3 * triangle + corner]! + 2]!,
      0,
    );
  };
  const mouth = (atRest[3 * 48 + 1]! + atRest[3 * 54 + 1]!) / 2;
  for (let k = 0; k < 17; k++) {
    let [x, y, z] = seen.subarray(3 * k, 3 * k + 3) as unknown as [number, number, number];
    const depth = depthAt(x, y);
    if (depth === undefined || depth < z + 3) continue;
    const [right, down] = acrossOutline(rotation, [
      atRest[3 * k]!,
      atRest[3 * k + 1]! - Math.max(mouth, atRest[3 * k + 1]!),
    ]);
    while (depthAt(x + 0.5 * right, y + 0.5 * down) !== undefined) [x, y] = [x + 0.5 * right, y + 0.5 * down];
    seen.set([x, y], 3 * k);
  }
  return seen;
}

/** On the screen, at a right angle to where the outline goes: outward from the face. */
function acrossOutline(rotation: Mat3, [x, y]: readonly [number, number]): [number, number] {
  const along = [rotation[0]! * -y + rotation[1]! * x, -(rotation[3]! * -y + rotation[4]! * x)] as const;
  const length = Math.hypot(...along);
  return [-along[1] / length, along[0] / length];
}

/** Mean distance in percent of a face's size, after the mean depths are made equal. */
function denseError(found: Float32Array, truth: Float32Array): number {
  const count = truth.length / 3;
  let depth = 0, sum = 0;
  for (let i = 2; i < truth.length; i += 3) depth += (found[i]! - truth[i]!) / count;
  for (let i = 0; i < truth.length; i += 3) {
    sum += Math.hypot(found[i]! - truth[i]!, found[i + 1]! - truth[i + 1]!, found[i + 2]! - truth[i + 2]! - depth);
  }
  const { width, height } = landmarkBox(valuesAt(landmarksOf(model.surface.landmarks), truth));
  return 100 * sum / count / Math.sqrt(width * height);
}

Deno.test("LandmarkFitter finds faces from where their landmarks are: the pose to a degree or two, depths to 2 %", () => {
  const fitter = new LandmarkFitter(model, { convention: "300w-lp" });
  let dense = 0, sparse = 0;
  for (let i = 0; i < 6; i++) {
    const face = placedFace(`someone ${i}`, 1.4);
    const fit = fitter.fit(face.truth)!;
    const found = poseAngles(fit.placement.rotation), pose = poseAngles(face.rotation);
    for (const angle of ["pitch", "yaw", "roll"] as const) assertClose(found[angle], pose[angle], 0.04, angle);
    const placed = fitter.place(fit);
    sparse += nme({ predicted: valuesAt(annotated, placed), truth: face.truth }, 3) / 6;
    dense += denseError(face.surface(placed), face.surface(face.positions)) / 6;
    assertClose(fit.error, nme({ predicted: valuesAt(annotated, placed), truth: face.truth }, 2), 1e-3);
  }
  assert(sparse < 1.2 && dense < 1.5, `${sparse} % of 68 points, ${dense} % of all`);
});

Deno.test("LandmarkFitter lets the jaw's landmarks go along with the outline: turned faces are found half as far off", () => {
  const errors = (["outline", "300w-lp"] as const).map((convention) => {
    // in the other convention, the same points of the face, which are taken to be fixed
    const { surface } = model;
    const landmarks = { ...surface.landmarks, "300w-lp": surface.landmarks.outline };
    const fitter = new LandmarkFitter({ ...model, surface: { ...surface, landmarks } }, { convention });
    let sum = 0;
    for (let i = 0; i < 8; i++) {
      const face = placedFace(`turned ${i}`, 1.3);
      const placed = fitter.place(fitter.fit(seenLandmarks(face))!);
      sum += nme({ predicted: valuesAt(annotated, placed), truth: face.truth }, 3) / 8;
    }
    return sum;
  });
  assert(errors[0]! < 0.5 * errors[1]! && errors[0]! < 2.5, `${errors} %`);
});

Deno.test("LandmarkFitter finds the same face in a larger picture, elsewhere in it, and from landmarks without depths", () => {
  const fitter = new LandmarkFitter(model, { convention: "300w-lp" });
  const { truth } = placedFace("anyone", 1);
  const fit = fitter.fit(truth)!;
  const flat = Float32Array.from({ length: 2 * 68 }, (_, i) => 4 * truth[3 * (i >> 1) + i % 2]! + 1000 * (i % 2));
  const moved = fitter.fit(flat)!;
  assertAllClose(moved.coefficients.identity, fit.coefficients.identity, 1e-3);
  assertAllClose(moved.coefficients.expression, fit.coefficients.expression, 1e-3);
  assertAllClose(moved.placement.rotation, fit.placement.rotation, 1e-4);
  const [x, y] = fit.placement.translation;
  assertAllClose(moved.placement.translation, [4 * x, 4 * y + 1000, 0], 0.05);
  assertClose(moved.error, fit.error, 1e-3);
});

Deno.test("LandmarkFitter gives amounts that faces have: expressions from 0 to 1, also of landmarks of no face", () => {
  const random = new Random("noise");
  const fitter = new LandmarkFitter(model, { convention: "outline" });
  const fit = fitter.fit(Float32Array.from({ length: 3 * 68 }, () => random.uniform(0, 100)))!;
  assert(fit.coefficients.expression.length === model.expressionModes.length);
  assert(Array.from(fit.coefficients.expression).every((amount) => amount >= 0 && amount <= 1));
  assert(fit.error > 10, `${fit.error} %`);
});

Deno.test("LandmarkFitter finds no face where landmarks are in one place, on a line, or not finite", () => {
  const fitter = new LandmarkFitter(model, { convention: "outline" });
  const { truth } = placedFace("anyone", 1);
  const of = (value: (i: number) => number) => Float32Array.from({ length: 2 * 68 }, (_, i) => value(i));
  assertEquals(fitter.fit(of(() => 5)), undefined);
  assertEquals(fitter.fit(of((i) => i >> 1)), undefined);
  assertEquals(fitter.fit(truth.map((value, i) => i === 100 ? NaN : value)), undefined);
});

const photos = sharedData("aflw2000-3d/samples");

Deno.test({
  name: "LandmarkFitter finds the depths of real photos' landmarks from where they are in the picture",
  ignore: !photos || !hasIct,
  async fn() {
    const face = await loadIct(await ictFolder());
    const fitter = new LandmarkFitter(face, { convention: "300w-lp" });
    const points = meshLandmarks(face);
    for await (const { name, landmarks, pose } of readAnnotated(photos!)) {
      const fit = fitter.fit(landmarks)!;
      assertClose(poseAngles(fit.placement.rotation).yaw, pose.yaw, 0.035, name);
      const error = nme({ predicted: valuesAt(points, fitter.place(fit)), truth: landmarks }, 3);
      assert(error < 2.6 && fit.error < 0.8, `${name}: ${error} % in 3D, ${fit.error} % in the picture`);
    }
  },
});

Deno.test("LandmarkFitter fits principal components of expressions, whichever way they point", () => {
  const { expressionModes } = model;
  const errorOf = (sign: 1 | -1) => {
    const components = {
      ...model,
      expressionModes: expressionModes.map((mode) => mode.map((value) => 0.3 * sign * value)),
      expressionNames: expressionModes.map((_, mode) => componentName(mode)),
    };
    const fitter = new LandmarkFitter(components, { convention: "300w-lp" });
    return ["a", "b", "c"].reduce((sum, seed) => sum + fitter.fit(placedFace(seed, 0.3).truth)!.error / 3, 0);
  };
  const [one, other] = [errorOf(1), errorOf(-1)];
  assertClose(other, one, 1e-3);
  assert(one < 0.5, `${one} %`);
});
