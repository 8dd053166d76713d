import { builtInFace } from "@/tests/face/built_in_face.ts";
import { outlineOf, valuesAt } from "@/lib/face/landmarks.ts";
import { regionNames } from "@/lib/face/morphable_model.ts";
import { regionsFromLandmarks, trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const { mean, surface, surfaceVertices } = builtInFace();
const positions = Float32Array.from(
  { length: 3 * surfaceVertices.length },
  (_, i) => mean[3 * surfaceVertices[Math.floor(i / 3)]! + i % 3]!,
);
const landmarks = valuesAt(outlineOf(surface.landmarks), positions);

Deno.test("regionsFromLandmarks() puts landmarks into their own regions, and what is below the jaw into the neck", () => {
  const regions = regionsFromLandmarks(positions, landmarks);
  const regionOf = (l: number) => regionNames[regions[outlineOf(surface.landmarks).vertices[3 * l]!]!]!;
  for (let l = 27; l < 36; l++) assertEquals(regionOf(l), "nose");
  for (let l = 36; l < 48; l++) assertEquals(regionOf(l), "eyes");
  for (let l = 48; l < 68; l++) assertEquals(regionOf(l), "mouth");
  const chin = landmarks[3 * 8 + 1]!;
  for (let v = 0; v < regions.length; v++) {
    if (positions[3 * v + 1]! < chin - 2) assertEquals(regionNames[regions[v]!], "neck"); // cm
  }
});

Deno.test("regionsFromLandmarks() depends neither on the unit nor on where the face stands", () => {
  const expected = regionsFromLandmarks(positions, landmarks);
  const move = (points: Float32Array) => points.map((value, i) => 10 * value + [3, -7, 20][i % 3]!);
  const found = regionsFromLandmarks(move(positions), move(landmarks));
  const different = found.filter((region, v) => region !== expected[v]).length;
  assert(different < 5, `${different} vertices changed their region`); // rounding, on borders
});

Deno.test("trianglesWithoutNeck() leaves out just the triangles that touch the neck", () => {
  const surface = builtInFace().surface;
  const neck = regionNames.indexOf("neck");
  const rows = (triangles: Uint32Array) =>
    Array.from({ length: triangles.length / 3 }, (_, t) => triangles.subarray(3 * t, 3 * t + 3));
  const kept = rows(trianglesWithoutNeck(surface));
  const [touching, others] = [true, false].map((touches) =>
    rows(surface.triangles).filter((corners) => corners.some((v) => surface.regions[v] === neck) === touches)
  );
  assert(touching!.length > 0);
  assertEquals(kept, others);
});

Deno.test("trianglesWithoutNeck() looks once for a surface's, and again where its regions are others", () => {
  const { surface } = builtInFace();
  const face = trianglesWithoutNeck(surface);
  assert(trianglesWithoutNeck({ ...surface }) === face);
  const whole = { ...surface, regions: surface.regions.map(() => regionNames.indexOf("face")) };
  assertEquals(trianglesWithoutNeck(whole), surface.triangles);
});
