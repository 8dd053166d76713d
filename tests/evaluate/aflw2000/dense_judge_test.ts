import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { FittedFaces, FittedLabels } from "@/lib/data/sets/300w_lp/fitted_faces.ts";
import { DenseJudge } from "@/lib/evaluate/aflw2000/dense_judge.ts";
import { faceSize } from "@/lib/evaluate/nme.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { landmarksOf } from "@/lib/face/landmarks.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

/** The built-in face in place of the Basel Face Model. */
const model = builtInFace();
const ones = (length: number) => new Float64Array(length).fill(1);
const fitted = {
  model,
  identityDeviations: ones(model.identityModes.length),
  expressionDeviations: ones(model.expressionModes.length),
};
const SIZE = 256, HEIGHT = 450;
const fit = {
  identity: ones(model.identityModes.length).map((_, k) => Math.sin(k)),
  expression: new Float64Array(model.expressionModes.length),
  pose: { pitch: 0.1, yaw: 0.4, roll: -0.1 },
  translation: [220, 230, 10] as const,
  scale: 160 / (Math.max(...model.mean) - Math.min(...model.mean)),
};

function truthOf() {
  const { crop, label: { map } } = new FittedLabels(fitted, uvLayout(model.surface, SIZE)).label(fit, HEIGHT);
  const landmarks = valuesAt(landmarksOf(model.surface.landmarks), new FittedFaces(fitted).place(fit, HEIGHT));
  return { map, crop, landmarks, photoHeight: HEIGHT };
}

Deno.test("DenseJudge finds no fault but texels' in a true map, and in a shifted one the shift, which alignment takes away", () => {
  const truth = truthOf();
  const judge = new DenseJudge(fitted, model.surface);
  const pixel = 100 / faceSize(truth.landmarks);
  const own = judge.judge(fit, truth);
  assert(own.paired!.in2d < 0.3 * pixel && own.paired!.in3d < 0.5 * pixel && own.nearest < 0.5 * pixel);
  const shifted = truth.map.positions.map((value, i) => value + [30, 40, 50][i % 3]!);
  const off = judge.judge(fit, { ...truth, map: { ...truth.map, positions: shifted } });
  const length = 50 * truth.crop.side / SIZE * pixel;
  assertClose(off.paired!.in2d, length, 0.3 * pixel);
  assertClose(off.paired!.in3d, length, 0.5 * pixel); // the mean depths are made equal
  assert(off.paired!.in3dAsIs > off.paired!.in3d);
  assert(off.nearest < 0.1 * off.paired!.in2d, `${off.nearest}`);
});

Deno.test("DenseJudge compares surfaces of different layouts by their nearest points alone", () => {
  const truth = truthOf();
  const another = { ...model.surface, uv: model.surface.uv.map((value, i) => i % 2 === 0 ? 1 - value : value) };
  const found = { ...truth, map: mirrored(truth.map) };
  const { paired, nearest } = new DenseJudge(fitted, another).judge(fit, found);
  assertEquals(paired, undefined);
  assert(nearest < 1, `${nearest} %`);
});

Deno.test("DenseJudge measures a map whose points are all in one place, as they are", () => {
  const truth = truthOf();
  const flat = { ...truth.map, positions: truth.map.positions.map((_, i) => 100 + i % 3) };
  const { paired, nearest } = new DenseJudge(fitted, model.surface).judge(fit, { ...truth, map: flat });
  assert(nearest > 10 && paired!.in2d > 10, `${nearest} ${paired!.in2d}`);
});

/** The same surface in a layout that is the other way round. */
function mirrored({ size, positions }: { size: number; positions: Float32Array }) {
  return {
    size,
    positions: positions.map((_, i) => {
      const [texel, axis] = [Math.floor(i / 3), i % 3];
      const [row, column] = [Math.floor(texel / size), texel % size];
      return positions[3 * (row * size + size - 1 - column) + axis]!;
    }),
  };
}
