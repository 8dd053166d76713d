import { MapShaper } from "@/lib/data/maps/map_shaper.ts";
import { bakePositionMap, readVertices } from "@/lib/data/maps/position_map.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { shapeFace } from "@/lib/face/morphable_model.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { boundsOf, minus, pointsAt } from "@/lib/geometry/vectors.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";

const model = builtInFace();
const { low, high } = boundsOf(model.mean);
const SIZE = 128;
const layout = uvLayout(model.surface, SIZE);
const random = new Random("faces");

function randomFace() {
  const scale = 100 / Math.max(...minus(high, low)); // the face has 100 pixels
  return {
    face: {
      identity: model.identityModes.map(() => random.normal()),
      expression: model.expressionModes.map(() => random.uniform(0, 0.4)),
    },
    placement: {
      rotation: poseRotation({ pitch: 0.3 * random.normal(), yaw: random.uniform(-1.4, 1.4), roll: random.normal() }),
      scale,
      translation: [60, 65, random.uniform(-30, 30)] as const,
    },
  };
}

Deno.test("MapShaper.map() is the map that is baked of a face's vertices, to a fiftieth of a pixel", () => {
  assert(layout.valid.some((valid) => !valid)); // there are texels beside the surface, too
  const shaper = new MapShaper(model, layout);
  for (let time = 0; time < 5; time++) {
    const { face, placement } = randomFace();
    const vertices = pointsAt(placeInImage(shapeFace(model, face), placement), model.surfaceVertices);
    const expected = bakePositionMap(layout, vertices);
    const { map } = shaper.map(face, placement);
    const ofAxis = (positions: Float32Array, axis: number) => positions.filter((_, i) => i % 3 === axis);
    for (const axis of [0, 1]) {
      assertAllClose(ofAxis(map.positions, axis), ofAxis(expected.positions, axis), 0.02);
    }
    // its zero is where vertices are read, which is where they are to half a pixel
    const shift = map.positions[2]! - expected.positions[2]!;
    assertAllClose(ofAxis(map.positions, 2), ofAxis(expected.positions, 2).map((z) => z + shift), 0.02);
    assert(Math.abs(shift) < 0.5, `${shift}`);
  }
});

Deno.test("MapShaper.map() has its farthest vertex at 0, and says where that was", () => {
  const shaper = new MapShaper(model, layout);
  const { face, placement } = randomFace();
  const { map, farthest } = shaper.map(face, placement);
  const depths = readVertices(map, model.surface).filter((_, i) => i % 3 === 2);
  assertClose(Math.min(...depths), 0, 1e-3);
  const [x, y, z] = placement.translation;
  const nearer = shaper.map(face, { ...placement, translation: [x, y, z + 7] });
  assertClose(nearer.farthest, farthest + 7, 1e-3);
  assertAllClose(nearer.map.positions, map.positions, 1e-3);
  assertEquals(shaper.map(face, placement).map, map); // nothing of the face before is left
});
