import { builtInFace } from "@/tests/face/built_in_face.ts";
import { closedSurface } from "@/lib/face/closed_surface.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { boundaryLoops } from "@/lib/geometry/boundary.ts";
import { assert, assertEquals } from "@/tests/support.ts";

Deno.test("closedSurface() has one edge, without the neck, and new vertices from capStart on; of one surface it is made once", () => {
  const { surface } = builtInFace();
  const closed = closedSurface(surface);
  assertEquals(boundaryLoops(trianglesWithoutNeck(surface)).length, 4); // the outline, eyes and mouth
  assertEquals(boundaryLoops(closed.triangles).length, 1);
  assertEquals(closed.capStart, surface.uv.length / 2);
  assert(closed.extend(surface.uv, 2).length > surface.uv.length && closedSurface({ ...surface }) === closed);
});
