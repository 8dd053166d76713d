import fc from "@/tests/fast_check.ts";
import { assertAllClose, FLOAT32_TOLERANCE } from "@/tests/support.ts";
import {
  addHarmonics,
  ambientHarmonics,
  directionalHarmonics,
  shadeVertices,
  vertexNormals,
} from "@/lib/geometry/shading.ts";
import { sphere } from "@/tests/geometry/shapes.ts";
import { direction as unit, uniform } from "@/tests/geometry/arbitraries.ts";

const level = uniform(0, 1);
const color = fc.tuple(level, level, level);

/** The nine-coefficient approximation of max(0, cosine): Ramamoorthi and Hanrahan's figure 2, by Legendre polynomials. */
function smoothedCosine(cosine: number): number {
  return 1 / 4 + cosine / 2 + 5 / 16 * (3 * cosine * cosine - 1) / 2;
}

Deno.test("vertexNormals() of a sphere point outward, in both frames", () => {
  const mesh = sphere();
  assertAllClose(vertexNormals(mesh, { frame: "model" }), mesh.positions, 0.03);
  const down = mesh.positions.map((value, i) => i % 3 === 1 ? -value : value);
  assertAllClose(vertexNormals({ ...mesh, positions: down }), down, 0.03);
});

Deno.test("vertexNormals() have length 1 or, where there is no area, 0, also in a used buffer", () => {
  const positions = new Float32Array([0, 0, 0, 0, 2, 0, 3, 0, 0, 9, 9, 9, 8, 8, 8]);
  const triangles = new Uint32Array([0, 1, 2, 3, 4, 4]);
  const expected = [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  const out = new Float32Array(15).fill(7);
  assertAllClose(vertexNormals({ positions, triangles }, { out }), expected, FLOAT32_TOLERANCE);
});

Deno.test("shadeVertices() under even light shows the light's color times the albedo", () => {
  fc.assert(fc.property(unit, color, color, (normal, light, albedo) => {
    const shaded = shadeVertices(new Float32Array(normal), {
      albedo: new Float32Array(albedo),
      light: ambientHarmonics(light),
    });
    assertAllClose(shaded, albedo.map((value, i) => value * light[i]!), FLOAT32_TOLERANCE);
  }));
});

Deno.test("shadeVertices() under a far light follows the cosine as far as nine coefficients can", () => {
  fc.assert(fc.property(unit, unit, color, (normal, direction, light) => {
    const shaded = shadeVertices(new Float32Array(normal), {
      albedo: new Float32Array(3).fill(1),
      light: directionalHarmonics(direction, light),
    });
    const cosine = normal.reduce((sum, value, i) => sum + value * direction[i]!, 0);
    assertAllClose(shaded, light.map((value) => value * Math.max(0, smoothedCosine(cosine))), 2 * FLOAT32_TOLERANCE);
  }));
});

Deno.test("addHarmonics() shows what its lights show together, openness scales it, and `out` may be the albedo", () => {
  fc.assert(fc.property(unit, unit, color, color, level, (normal, direction, sun, sky, open) => {
    const albedo = new Float32Array([0.9, 0.5, 0.2]);
    const normals = new Float32Array(normal);
    const lights = [ambientHarmonics(sky), ambientHarmonics(sun)];
    const separate = lights.map((light) => shadeVertices(normals, { albedo, light }));
    const expected = separate[0]!.map((value, i) => open * (value + separate[1]![i]!));
    const openness = new Float32Array([open]);
    const light = addHarmonics(...lights);
    assertAllClose(shadeVertices(normals, { albedo, light, openness }), expected, FLOAT32_TOLERANCE);
    const mixed = addHarmonics(light, directionalHarmonics(direction, sun));
    const apart = shadeVertices(normals, { albedo, light: mixed });
    assertAllClose(shadeVertices(normals, { albedo, light: mixed, out: albedo }), apart, 0);
  }));
});
