import { readGltf } from "@/lib/face/gltf/gltf.ts";
import { factsOf } from "@/tasks/prepare/pick_landmarks.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { glb } from "@/tests/face/heads/stand_ins.ts";
import { assertEquals } from "@/tests/support.ts";

Deno.test("factsOf() has the page show all of a head, what landmarks cannot lie on beside the skin", async () => {
  const { mesh, ...head } = await readGltf(glb, { path: "a.glb" });
  const polygons = mesh.polygons.map((polygon, i) => i < 50 ? { ...polygon, material: "EyeBall" } : polygon);
  const { skin, rest } = factsOf({ ...head, path: "a.glb", axes: ["x", "y", "z"], mesh: { ...mesh, polygons } }, {
    landmarks: builtInFace().surface.landmarks,
    out: "a.model",
  });
  assertEquals([rest.length, skin.length], [3 * 50, 3 * (polygons.length - 50)]);
});
