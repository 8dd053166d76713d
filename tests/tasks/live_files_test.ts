import { readVertices } from "@/lib/data/maps/position_map.ts";
import { imageToExport, withoutStrays } from "@/lib/export/exported_mesh.ts";
import { encodeObj } from "@/lib/export/obj.ts";
import { closedSurface } from "@/lib/face/closed_surface.ts";
import { hasMirroredUv } from "@/lib/face/mirror.ts";
import { colorFace } from "@/lib/view/mesh/colored_face.ts";
import { objFile } from "@/tasks/live/files.ts";
import { assertEquals } from "@/tests/support.ts";
import { builtInFaceSample } from "@/tests/view/faces.ts";

Deno.test("objFile() has the mesh and the colors that colorFace() gives, also where eyes and mouth are closed", async () => {
  const { photo, map, surface } = await builtInFaceSample();
  const closed = closedSurface(surface), positions = readVertices(map, surface);
  const saved = objFile({
    face: {
      id: 1,
      landmarks: new Float32Array(204),
      vertices: closed.close(positions),
      expressions: new Float32Array(),
      pose: undefined,
      score: 1,
    },
    model: {
      triangles: closed.triangles,
      capStart: closed.capStart,
      uv: closed.extend(surface.uv, 2),
      isSymmetric: hasMirroredUv(surface),
      expressionNames: [],
    },
    picture: photo,
    fileScale: 2,
  });
  const { mesh, uv, colors } = colorFace(photo, { positions, surface });
  const exported = imageToExport(mesh.positions, { ...photo, fileScale: 2 });
  assertEquals(await saved.text(), encodeObj(withoutStrays({ ...mesh, positions: exported, uv, colors })));
});
