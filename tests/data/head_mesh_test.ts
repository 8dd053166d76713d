import { headMesh } from "@/lib/data/head_mesh.ts";
import { faceAtlas } from "@/lib/face/atlas.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { hairVertexCount } from "@/lib/face/hair.ts";
import { torsoVertexCount } from "@/lib/face/torso.ts";
import { assertEquals } from "@/tests/support.ts";

const model = builtInFace();
const mesh = headMesh(faceAtlas(model, 64));
const trianglesOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, t) => mesh.triangles.subarray(3 * (from + t), 3 * (from + t) + 3));

Deno.test("headMesh() uses every vertex of the torso and the hair, in their order after the model's", () => {
  const { modelVertices, bodyVertices, bodyTriangles, triangles } = mesh;
  assertEquals([modelVertices, bodyVertices], [model.mean.length / 3, model.mean.length / 3 + torsoVertexCount]);
  const body = new Set(triangles.subarray(0, 3 * bodyTriangles));
  const hair = new Set(triangles.subarray(3 * bodyTriangles));
  for (let v = modelVertices; v < bodyVertices; v++) assertEquals(body.has(v), true);
  assertEquals(hair.size, hairVertexCount);
  assertEquals([Math.min(...hair), Math.max(...hair)], [bodyVertices, bodyVertices + hairVertexCount - 1]);
});

Deno.test("headMesh() holds each triangle of the hair once from either side", () => {
  const { bodyTriangles, hairTriangles } = mesh;
  const one = trianglesOf(bodyTriangles, bodyTriangles + hairTriangles);
  const other = trianglesOf(bodyTriangles + hairTriangles, bodyTriangles + 2 * hairTriangles);
  assertEquals(3 * (bodyTriangles + 2 * hairTriangles), mesh.triangles.length);
  one.forEach(([a, b, c], t) => assertEquals([...other[t]!], [a, c, b]));
});
