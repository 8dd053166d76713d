import { positionMapPicture } from "@/lib/view/drawing/draw.ts";
import { positionChannelsRow, positionColors, positionMapRow } from "@/lib/view/mesh/position_colors.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { builtInFaceSample } from "@/tests/view/faces.ts";

Deno.test("positionColors() are those of the position map's picture", () => {
  const size = 16;
  const positions = Float32Array.from({ length: 3 * size * size }, (_, i) => i * 37 % 23 - 3);
  const { rgb } = positionMapPicture({ size, positions }, new Uint8Array(size * size).fill(1));
  assertEquals(positionColors(positions, size), rgb);
});

Deno.test("positionMapRow() has every vertex as a dot in UV space, and fewer in the image, which hides some", async () => {
  const face = await builtInFaceSample();
  const { svg } = await positionMapRow(face);
  const dots = [...svg.matchAll(/<g fill="none"[^>]*>(.*?)<\/g>/gs)].map(([, group]) => group!.match(/h0/g)!.length);
  assertEquals(dots[1], new Set(face.surface.triangles).size);
  assert(dots[0]! > 2_000 && dots[0]! < dots[1]!, `${dots[0]} dots in the image`);
  assert(svg.includes(`${face.map.size} × ${face.map.size}`) && svg.length < 300_000, `${svg.length} characters`);
});

Deno.test("positionChannelsRow() shows the map and its three channels", async () => {
  const { svg } = await positionChannelsRow(await builtInFaceSample());
  assertEquals((svg.match(/<image /g) ?? []).length, 4);
  for (const label of ["x", "y", "z"]) assert(svg.includes(`>${label}</text>`));
});
