import fc from "@/tests/fast_check.ts";
import type { MeshPoints, SurfaceLandmarks } from "@/lib/face/landmarks.ts";
import { materialNames, type MorphableModel, regionNames } from "@/lib/face/morphable_model.ts";
import { Random } from "@/lib/random.ts";

/** Models of a few random vertices; their shapes mean nothing. */
export const arbitraryModel: fc.Arbitrary<MorphableModel> = fc.record({
  seed: fc.integer(),
  name: fc.string(),
  vertexCount: fc.integer({ min: 3, max: 9 }),
  identityCount: fc.integer({ min: 0, max: 19 }),
  expressionNames: fc.array(fc.string(), { maxLength: 9 }),
}).map(({ seed, name, vertexCount, identityCount, expressionNames }) => {
  const random = new Random(seed);
  const floats = (length: number) => Float32Array.from({ length }, () => random.normal());
  const below = (limit: number, length: number) => Array.from({ length }, () => random.integer(0, limit - 1));
  const surfaceCount = vertexCount + random.integer(0, 3);
  const triangleCount = random.integer(1, 7);
  return {
    name,
    mean: floats(3 * vertexCount),
    identityModes: Array.from({ length: identityCount }, () => floats(3 * vertexCount)),
    expressionModes: expressionNames.map(() => floats(3 * vertexCount)),
    expressionNames,
    triangles: Uint32Array.from(below(vertexCount, 3 * triangleCount)),
    materials: Uint8Array.from(below(materialNames.length, triangleCount)),
    surface: {
      uv: Float32Array.from({ length: 2 * surfaceCount }, () => random.next()),
      triangles: Uint32Array.from(below(surfaceCount, 3 * triangleCount)),
      landmarks: arbitraryLandmarks(random, surfaceCount),
      regions: Uint8Array.from(below(regionNames.length, surfaceCount)),
    },
    surfaceVertices: Uint32Array.from(below(vertexCount, surfaceCount)),
    ...random.chance(0.5) && { openness: floats(vertexCount) },
  };
});

/** In one convention or both. */
function arbitraryLandmarks(random: Random, vertexCount: number): SurfaceLandmarks {
  const points = (): MeshPoints => ({
    vertices: Uint32Array.from({ length: 204 }, () => random.integer(0, vertexCount - 1)),
    weights: Float32Array.from({ length: 204 }, (_, i) => [0.5, 0.25, 0.25][i % 3]!),
  });
  const both = { "300w-lp": points(), outline: points() };
  return random.pick([both, { "300w-lp": both["300w-lp"] }, { outline: both.outline }]);
}
