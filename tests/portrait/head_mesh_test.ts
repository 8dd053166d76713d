import { headMesh } from "@/lib/portrait/head_mesh.ts";
import { faceAtlas } from "@/lib/face/atlas.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { hairVertexCount } from "@/lib/portrait/hair.ts";
import { materialNames } from "@/lib/face/morphable_model.ts";
import { torsoVertexCount } from "@/lib/portrait/torso.ts";
import { cross, minus, pointAt } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";
import { assertEquals } from "@/tests/support.ts";

const model = builtInFace();
const mesh = headMesh(faceAtlas(model, 64));
const trianglesOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, t) => mesh.triangles.subarray(3 * (from + t), 3 * (from + t) + 3));

Deno.test("headMesh() uses every vertex of the torso and the hair, in their order after the model's", () => {
  const { modelVertices, bodyVertices, starts, triangles } = mesh;
  assertEquals([modelVertices, bodyVertices], [model.mean.length / 3, model.mean.length / 3 + torsoVertexCount]);
  const body = new Set(triangles.subarray(0, 3 * starts.hair));
  const hair = new Set(triangles.subarray(3 * starts.hair));
  for (let v = modelVertices; v < bodyVertices; v++) assertEquals(body.has(v), true);
  assertEquals(hair.size, hairVertexCount);
  assertEquals([Math.min(...hair), Math.max(...hair)], [bodyVertices, bodyVertices + hairVertexCount - 1]);
});

Deno.test("headMesh() holds each triangle of the hair once from either side", () => {
  const { hair, hairBacks } = mesh.starts;
  const one = trianglesOf(hair, hairBacks), other = trianglesOf(hairBacks, mesh.triangles.length / 3);
  assertEquals(one.length, other.length);
  one.forEach(([a, b, c], t) => assertEquals([...other[t]!], [a, c, b]));
});

Deno.test("headMesh() has what closes the mouth first, facing ahead, then all of the model's triangles, the mouth's inside before others", () => {
  const covers = trianglesOf(0, mesh.starts.mouth);
  assertEquals(covers.length, 10); // between twelve points of the lips' outline
  for (const corners of covers) {
    const [p, q, r] = [...corners].map((vertex) => pointAt(model.mean, vertex)) as [Vec3, Vec3, Vec3];
    assertEquals(cross(minus(q, p), minus(r, p))[2] > 0, true);
  }
  const inside = ["teeth", "gums"].map((name) => materialNames.indexOf(name as "teeth"));
  assertEquals(
    mesh.starts.eyes - mesh.starts.mouth,
    model.materials.filter((material) => inside.includes(material)).length,
  );
  const sorted = (triangles: readonly Uint32Array[]) => triangles.map((corners) => corners.join()).sort();
  const own = trianglesOf(mesh.starts.mouth, mesh.starts.hair).filter((corners) =>
    corners.every((v) => v < mesh.modelVertices)
  );
  const wanted = Array.from(model.materials.keys(), (t) => model.triangles.subarray(3 * t, 3 * t + 3));
  assertEquals(sorted(own), sorted(wanted)); // the built-in face has no lashes, which would come twice
});
