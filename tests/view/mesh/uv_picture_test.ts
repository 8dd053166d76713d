import fc from "@/tests/fast_check.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { uvMesh } from "@/lib/geometry/uv_mesh.ts";
import { trails, uvRow } from "@/lib/view/mesh/uv_picture.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

const { surface } = builtInFace();

function edgesOf(triangles: readonly number[]): string[] {
  const edges = triangles.map((a, corner) => {
    const b = triangles[corner % 3 === 2 ? corner - 2 : corner + 1]!;
    return a < b ? `${a}-${b}` : `${b}-${a}`;
  });
  return [...new Set(edges)].filter((edge) => new Set(edge.split("-")).size === 2).sort();
}

Deno.test("trails() go along every edge once, and along nothing else", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)), { maxLength: 20 }), (corners) => {
    const triangles = corners.flat();
    const walked = trails(triangles).flatMap((trail) =>
      trail.slice(1).map((b, i) => {
        const a = trail[i]!;
        return a < b ? `${a}-${b}` : `${b}-${a}`;
      })
    );
    assertEquals(walked.sort(), edgesOf(triangles));
  }));
});

Deno.test("uvRow() draws all edges whole, and at the close-up those in its square", async () => {
  for (const closeUp of ["eye", "nose", "mouth"] as const) {
    const { svg, caption } = await uvRow(surface, { closeUp });
    const paths = [...svg.matchAll(/<path d="([^"]+)"/g)].map(([, path]) => path!);
    const steps = paths.map((path) => (path.match(/-?\d+/g)!.length - 2 * path.match(/M/g)!.length) / 2);
    assertEquals(steps[0], edgesOf([...surface.triangles]).length);
    assert(steps[1]! > 100 && steps[1]! < steps[0]! / 2, `${steps[1]} edges close up at the ${closeUp}`);
    assertEquals((svg.match(/<circle /g) ?? []).length, 2 * 68);
    assert(caption.includes(closeUp) && svg.length < 250_000, `${svg.length} characters`);
  }
});

Deno.test("uvMesh() is flat, u and v as they are", () => {
  const { positions } = uvMesh(surface, 200);
  for (const v of [0, 100, 5_000]) {
    assertClose(positions[3 * v]!, 200 * surface.uv[2 * v]!, 1e-4);
    assertClose(positions[3 * v + 1]!, 200 * surface.uv[2 * v + 1]!, 1e-4);
    assertEquals(positions[3 * v + 2], 0);
  }
});
