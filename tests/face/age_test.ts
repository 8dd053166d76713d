import { faceAtlas } from "@/lib/face/atlas.ts";
import { AgeBender } from "@/lib/face/age.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { eyeCornerDistance, valuesAt } from "@/lib/face/landmarks.ts";
import { mirrorVertices } from "@/lib/face/mirror.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { distanceBetween, minus, pointAt, pointsAt, vector } from "@/lib/geometry/vectors.ts";
import { Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";

const model = builtInFace();
const bender = new AgeBender(model);
const ages = [0, 1, 2, 4, 7, 11, 15, 20, 30, 35, 45, 60, 85, 100];

function meanAt(years: number): Float32Array {
  const vertices = model.mean.slice();
  bender.bend(vertices, years);
  return vertices;
}

Deno.test("AgeBender leaves heads of 20 to 35 years as they are, and others of one age equally far from them", () => {
  for (const years of [20, 27, 35]) assertEquals([...meanAt(years)], [...model.mean]);
  assertEquals([...meanAt(0.2)], [...meanAt(1)]);
  for (const years of [11, 19.99, 35.01]) assertAllClose(meanAt(years), meanAt(years + 0.005), 0.01 * unit());
});

const unit = () => eyeCornerDistance(valuesAt(meshLandmarks(model), model.mean));

Deno.test("AgeBender lengthens faces below the eyes, noses too, as children grow up, and keeps the eyes' distance", () => {
  const measures = ages.slice(1, 8).map((years) => {
    const marks = valuesAt(meshLandmarks(model), meanAt(years));
    const apart = eyeCornerDistance(marks);
    assertClose(apart / unit(), 1, 0.12, `eyes at ${years}`);
    const height = (from: number, to: number) => distanceBetween(pointAt(marks, from), pointAt(marks, to)) / apart;
    return [height(27, 8), height(27, 33)];
  });
  measures.slice(1).forEach((older, i) =>
    older.forEach((value, k) => assert(value > measures[i]![k]!, `measure ${k} from ${ages[i + 1]} to ${ages[i + 2]}`))
  );
  const [baby, grown] = [measures[0]!, measures.at(-1)!];
  assert(baby[0]! < 0.85 * grown[0]!, `a baby's face has ${baby[0]} of its eyes' distance, a grown one ${grown[0]}`);
});

Deno.test("AgeBender bends both sides of a face alike", () => {
  const mirror = mirrorVertices(model)!;
  for (const years of ages) {
    const own = pointsAt(meanAt(years), model.surfaceVertices, new Float32Array(3 * mirror.length));
    const other = pointsAt(own, mirror, new Float32Array(own.length)).map((value, i) => i % 3 === 0 ? -value : value);
    assertAllClose(other, own, 0.02 * unit());
  }
});

Deno.test("AgeBender never turns space inside out, so that lids stay before eyes and lips before teeth", () => {
  const random = new Random(1), step = 0.01, points = faceAtlas(model, 64).points.slice(3 * 64 ** 2);
  for (const years of ages) {
    for (let trial = 0; trial < 300; trial++) {
      const i = 3 * random.integer(0, points.length / 3 - 1); // near the head's surface
      const p: Vec3 = vector((axis) => points[i + axis]! + random.uniform(-0.05, 0.05));
      const [x, y, z] = [0, 1, 2].map((axis) => {
        const beside = p.map((value, k) => k === axis ? value + step : value) as unknown as Vec3;
        return minus(bender.bendPoint(beside, years), bender.bendPoint(p, years));
      }) as [Vec3, Vec3, Vec3];
      const volume = x[0] * (y[1] * z[2] - y[2] * z[1]) - x[1] * (y[0] * z[2] - y[2] * z[0]) +
        x[2] * (y[0] * z[1] - y[1] * z[0]);
      assert(volume > 0, `at ${p}, ${years} years: ${volume / step ** 3}`);
    }
  }
});
