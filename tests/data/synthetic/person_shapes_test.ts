import { PersonShapes } from "@/lib/data/synthetic/person_shapes.ts";
import { eyeCornerDistance, outlineOf, valuesAt } from "@/lib/face/landmarks.ts";
import { mirrorVertices } from "@/lib/face/mirror.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { distanceBetween, pointAt } from "@/lib/geometry/vectors.ts";
import { Random } from "@/lib/random.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { assert, assertEquals } from "@/tests/support.ts";

/** The built-in face without its last modes, which bend nose and jaw aside. */
const model = { ...builtInFace(), identityModes: builtInFace().identityModes.slice(0, 30) };
const people = new PersonShapes(model);
const outline = meshLandmarks(model, outlineOf);

function person(number: number): Float32Array {
  const vertices = new Float32Array(model.mean.length);
  people.shape(new Random(`person ${number}`), vertices);
  return vertices;
}

/** How far each vertex of the surface is from where the other side's would be, mirrored, in distances of the eyes. */
function unevenness(vertices: Float32Array): number[] {
  const unit = eyeCornerDistance(valuesAt(outline, vertices)), others = mirrorVertices(model)!;
  return Array.from(model.surfaceVertices, (vertex, i) => {
    const [x, y, z] = pointAt(vertices, model.surfaceVertices[others[i]!]!);
    return distanceBetween(pointAt(vertices, vertex), [-x, y, z]) / unit;
  });
}

Deno.test("PersonShapes gives nobody two sides that are alike, nor a seam in the middle", () => {
  assert(Math.max(...unevenness(model.mean)) < 1e-4, "the mean is even");
  for (let number = 0; number < 20; number++) {
    const vertices = person(number), uneven = unevenness(vertices);
    const mean = uneven.reduce((sum, off) => sum + off, 0) / uneven.length;
    assert(mean > 0.001 && mean < 0.05, `${mean}`); // 0.1 to 4.5 mm
    const middle = Array.from(model.surfaceVertices).filter((vertex) => Math.abs(model.mean[3 * vertex]!) < 1e-6);
    const aside = Math.max(...middle.map((vertex) => Math.abs(vertices[3 * vertex]!)));
    assert(middle.length > 5 && aside < 1e-4, `${aside}`);
  }
});

Deno.test("PersonShapes gives more thin and heavy jaws than a normal distribution has, and the same person again", () => {
  const breadths = Array.from({ length: 600 }, (_, number) => {
    const marks = valuesAt(outline, person(number));
    return (pointAt(marks, 12)[0] - pointAt(marks, 4)[0]) / eyeCornerDistance(marks);
  });
  const mean = breadths.reduce((sum, breadth) => sum + breadth, 0) / breadths.length;
  const moment = (power: number) =>
    breadths.reduce((sum, breadth) => sum + (breadth - mean) ** power, 0) / breadths.length;
  const excess = moment(4) / moment(2) ** 2 - 3; // of a normal distribution 0, ± 0.2 for 600
  assert(excess > 0.6, `kurtosis ${excess}`);
  assertEquals(person(5), person(5));
});
