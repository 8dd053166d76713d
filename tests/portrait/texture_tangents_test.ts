import { faceAtlas } from "@/lib/face/atlas.ts";
import { dot, minus, pointAt, vector } from "@/lib/geometry/vectors.ts";
import { textureTangents } from "@/lib/portrait/texture_tangents.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { assert, assertClose } from "@/tests/support.ts";

Deno.test("textureTangents() leads where the texture's u and v grow, in unit steps", () => {
  const atlas = faceAtlas(builtInFace(), 64), { model: { mean, triangles }, corners } = atlas;
  const tangents = textureTangents(atlas);
  let [edges, alike] = [0, 0];
  for (let corner = 0; corner < triangles.length; corner++) {
    const next = corner % 3 === 2 ? corner - 2 : corner + 1;
    const [du, dv] = [0, 1].map((axis) => corners[2 * next + axis]! - corners[2 * corner + axis]!) as [number, number];
    if (Number.isNaN(du)) continue;
    const from = triangles[corner]!, edge = minus(pointAt(mean, triangles[next]!), pointAt(mean, from));
    const [u, v] = [pointAt(tangents, 2 * from), pointAt(tangents, 2 * from + 1)];
    assertClose(Math.hypot(...u), 1, 1e-5);
    assertClose(Math.hypot(...v), 1, 1e-5);
    edges++;
    if (dot(edge, vector((k) => du * u[k] + dv * v[k])) > 0) alike++;
  }
  assert(edges > 1000 && alike > 0.99 * edges, `${alike} of ${edges} edges`);
});
