import { landmarkEntries, landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import fc from "@/tests/fast_check.ts";
import {
  bakePositionMap,
  decodePositions,
  encodePositions,
  type PositionEncoding,
  readLandmarks,
  readVertices,
} from "@/lib/data/maps/position_map.ts";
import { type UvLayout, uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { loadIct } from "@/lib/face/ict/ict.ts";
import { type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import { gridSurface } from "@/tests/face/grid_surface.ts";
import { hasIct, ictFolder } from "@/tests/face/ict/ict_data.ts";
import { uniform } from "@/tests/geometry/arbitraries.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

/** Positions are some hundreds of pixels, in single precision. */
const ROUNDING_PIXELS = 2e-3;
/** The rasterizer rounds corners to 1/1024 of a texel. */
const RASTER_GRID_TEXELS = 2 / 1024;
/** What the format promises of any model. */
const READ_BACK_PIXELS = 0.5;

const arbitraryGrid = fc.record({
  seed: fc.integer(),
  columns: fc.integer({ min: 3, max: 12 }),
  rows: fc.integer({ min: 3, max: 12 }),
  low: uniform(0, 0.2),
  high: uniform(0.8, 1),
  holes: fc.constantFrom(0, 0.2),
});

/** Crop pixels that are a linear function of UV. */
function plane(uv: Float32Array, seed: number): Float32Array {
  const random = new Random(seed);
  const slopes = Array.from({ length: 9 }, () => random.uniform(-200, 200));
  return Float32Array.from({ length: uv.length / 2 * 3 }, (_, i) => {
    const [v, axis] = [Math.floor(i / 3), i % 3];
    return slopes[axis]! + slopes[3 + axis]! * uv[2 * v]! + slopes[6 + axis]! * uv[2 * v + 1]!;
  });
}

function zeroFarthest(positions: Float32Array): Float32Array {
  const farthest = positions.reduce((least, value, i) => i % 3 === 2 ? Math.min(least, value) : least, Infinity);
  return positions.map((value, i) => i % 3 === 2 ? value - farthest : value);
}

Deno.test("bakePositionMap() puts a flat surface's own point into each texel, up to the edges of its holes", () => {
  fc.assert(fc.property(arbitraryGrid, fc.constantFrom(90, 128), (grid, size) => {
    const { uv, triangles } = gridSurface(grid);
    const layout = uvLayout({ uv, triangles }, size);
    const map = bakePositionMap(layout, plane(uv, grid.seed));
    const centers = Float32Array.from({ length: 2 * size * size }, (_, i) => {
      const texel = Math.floor(i / 2);
      return ((i % 2 === 0 ? texel % size : Math.floor(texel / size)) + 0.5) / size;
    });
    const lowest = zeroFarthest(plane(uv, grid.seed))[2]! - plane(uv, grid.seed)[2]!;
    const expected = plane(centers, grid.seed).map((value, i) => i % 3 === 2 ? value + lowest : value);
    const tolerance = 400 / size * RASTER_GRID_TEXELS + ROUNDING_PIXELS; // for slopes of up to 400 pixels across the map
    for (let i = 0; i < expected.length; i++) {
      if (layout.valid[Math.floor(i / 3)]) assertClose(map.positions[i]!, expected[i]!, tolerance, `[${i}]`);
    }
  }));
});

Deno.test("readVertices() undoes bakePositionMap() on random rough surfaces whose vertices lie texels apart", () => {
  fc.assert(fc.property(arbitraryGrid, (grid) => {
    const { uv, triangles } = gridSurface(grid);
    const layout = uvLayout({ uv, triangles }, 128);
    const random = new Random(grid.seed);
    const rough = plane(uv, grid.seed).map((value) => value + 5 * random.normal());
    const found = readVertices(bakePositionMap(layout, rough), { uv });
    const expected = zeroFarthest(rough);
    for (const vertex of triangles) {
      for (let axis = 0; axis < 3; axis++) {
        assertClose(found[3 * vertex + axis]!, expected[3 * vertex + axis]!, READ_BACK_PIXELS, `vertex ${vertex}`);
      }
    }
  }));
});

Deno.test("bakePositionMap() fills texels beside the surface with its nearest ones", () => {
  fc.assert(fc.property(arbitraryGrid, (grid) => {
    const { uv, triangles } = gridSurface({ ...grid, holes: 0.3 });
    const layout = uvLayout({ uv, triangles }, 48);
    const { positions } = bakePositionMap(layout, plane(uv, grid.seed));
    layout.nearest.forEach((source, texel) => {
      assert(layout.valid[source] === 1);
      assert(layout.valid[texel] === 0 || source === texel);
      assertAllClose(positions.subarray(3 * texel, 3 * texel + 3), positions.subarray(3 * source, 3 * source + 3), 0);
    });
  }));
});

Deno.test("uvLayout() gives every texel that a vertex is read from a position", () => {
  fc.assert(fc.property(arbitraryGrid, fc.constantFrom(16, 64), (grid, size) => {
    const { uv, triangles } = gridSurface(grid);
    const { valid, triangle, weights, reading } = uvLayout({ uv, triangles }, size);
    for (const vertex of triangles) {
      const first = reading.texel[vertex]!;
      for (const texel of [first, first + 1, first + size, first + size + 1]) {
        assert(valid[texel] === 1 && triangle[texel]! >= 0);
        const sum = weights[3 * texel]! + weights[3 * texel + 1]! + weights[3 * texel + 2]!;
        assertClose(sum, 1, 1e-5);
      }
    }
  }));
});

Deno.test("uvLayout() lays out a surface without triangles, and triangles without area", () => {
  const empty = uvLayout({ uv: new Float32Array(0), triangles: new Uint32Array(0) }, 8);
  assertEquals(empty.valid.includes(1), false);
  const uv = Float32Array.of(0.3, 0.3, 0.6, 0.6, 0.9, 0.9);
  const line = uvLayout({ uv, triangles: Uint32Array.of(0, 1, 2) }, 8);
  const surface = Float32Array.of(1, 2, 0, 3, 4, 0, 5, 6, 0);
  assert(bakePositionMap(line, surface).positions.every(Number.isFinite));
});

Deno.test("bakePositionMap() refuses what is not of its layout", async () => {
  const { uv, triangles } = gridSurface({ seed: 3, columns: 6, rows: 6, holes: 0.2 });
  const layout = uvLayout({ uv, triangles }, 32);
  await assertThrows(() => bakePositionMap(layout, new Float32Array(3)), TypeError, /1 vertices .* layout has 49$/);
});

/** A random person with a random expression in a random pose, in the pixels of a crop of 256 around the landmarks. */
function randomSurface(model: MorphableModel, random: Random): Float32Array {
  const vertices = shapeFace(model, {
    identity: model.identityModes.map(() => random.normal()),
    expression: model.expressionModes.map(() => random.chance(0.15) ? random.next() : 0),
  });
  const rotation = poseRotation({
    pitch: random.uniform(-0.6, 0.6),
    yaw: random.uniform(-1.5, 1.5),
    roll: random.uniform(-0.7, 0.7),
  });
  const placed = placeInImage(vertices, { rotation, scale: 1, translation: [0, 0, 0] });
  const surface = Float32Array.from(
    { length: 3 * model.surfaceVertices.length },
    (_, i) => placed[3 * model.surfaceVertices[Math.floor(i / 3)]! + i % 3]!,
  );
  const landmarks = valuesAt(landmarksOf(model.surface.landmarks), surface);
  const extent = (axis: number) => {
    const values = [...landmarks].filter((_, i) => i % 3 === axis);
    return Math.max(...values) - Math.min(...values);
  };
  const scale = 256 / (1.5 * Math.max(extent(0), extent(1)));
  return zeroFarthest(surface.map((value) => scale * value));
}

/** The largest distance, in three dimensions, between what a map gives and what it was made from. */
function readBackError(model: MorphableModel, layout: UvLayout, surface: Float32Array): number {
  const map = bakePositionMap(layout, surface);
  const found = readVertices(map, model.surface);
  const farthest = (read: Float32Array, truth: Float32Array) => {
    let largest = 0;
    for (let i = 0; i < read.length; i += 3) {
      largest = Math.max(largest, Math.hypot(...[0, 1, 2].map((axis) => read[i + axis]! - truth[i + axis]!)));
    }
    return largest;
  };
  const ofLandmarks = landmarkEntries(model.surface.landmarks).map(([convention, points]) =>
    farthest(readLandmarks(map, model.surface, convention), valuesAt(points, surface))
  );
  return Math.max(farthest(found, surface), ...ofLandmarks);
}

for (
  const [name, ignore, open] of [
    ["the built-in face", false, builtInFace],
    ["ICT-FaceKit's faces", !hasIct, () => ictFolder().then((folder) => loadIct(folder))],
  ] as const
) {
  Deno.test({
    name: `a map of 256 texels gives ${name} back to half a pixel: all vertices and landmarks, any shape and pose`,
    ignore,
    fn: async () => {
      const model = await open();
      const layout = uvLayout(model.surface, 256);
      for (let index = 0; index < 20; index++) {
        const error = readBackError(model, layout, randomSurface(model, new Random(`read back ${index}`)));
        assert(error <= READ_BACK_PIXELS, `the map of face ${index} is ${error} px off`);
      }
    },
  });
}

for (const encoding of ["paper", "centered"] satisfies PositionEncoding[]) {
  Deno.test(`decodePositions() undoes encodePositions() as ${encoding}, also outside the crop and in place`, () => {
    fc.assert(fc.property(fc.array(uniform(-300, 600)), fc.constantFrom(64, 128, 256), (values, size) => {
      const positions = Float32Array.from(values.slice(0, values.length - values.length % 3));
      const encoded = encodePositions(positions, { size, encoding });
      assertAllClose(decodePositions(encoded, { size, encoding }), positions, ROUNDING_PIXELS);
      const inPlace = positions.slice();
      assert(encodePositions(inPlace, { size, encoding }, inPlace) === inPlace);
      assertAllClose(inPlace, encoded, 0);
      decodePositions(inPlace, { size, encoding }, inPlace);
      assertAllClose(inPlace, positions, ROUNDING_PIXELS);
    }));
  });
}

Deno.test("encodePositions() divides by 1.1 crop sides as the paper, or centers the crop in [0, 1]", () => {
  const positions = Float32Array.of(128, 0, 256, -128, 384, 0);
  assertAllClose(
    encodePositions(positions, { size: 256, encoding: "paper" }),
    [1, 0, 2, -1, 3, 0].map((n) => n / 2.2),
    1e-6,
  );
  assertAllClose(encodePositions(positions, { size: 256, encoding: "centered" }), [0.5, 0.25, 0.5, 0, 1, 0], 1e-6);
});
