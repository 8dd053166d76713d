import { builtInFace } from "@/tests/face/built_in_face.ts";
import { loadIct } from "@/lib/face/ict/ict.ts";
import { landmarksOf, mirroredLandmarks, valuesAt } from "@/lib/face/landmarks.ts";
import { mirrorExpressions, mirrorVertices } from "@/lib/face/mirror.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";
import { hasIct, ictFolder } from "@/tests/face/ict/ict_data.ts";

/** A share of texture coordinates and of the face's width: ICT-FaceKit's halves differ by a little less. */
const TOLERANCE = 0.01;

function assertMirrored(model: MorphableModel): void {
  const { mean, surface: { uv, landmarks }, surfaceVertices } = model;
  const mirror = mirrorVertices(model);
  assert(mirror, `${model.name} is symmetric`);
  const x = (v: number) => mean[3 * surfaceVertices[v]!]!;
  const width = 2 * Math.max(...surfaceVertices.keys().map(x));
  mirror.forEach((other, v) => {
    assertEquals(mirror[other], v);
    assertClose(x(other) / width, -x(v) / width, TOLERANCE, `x of ${v}`);
    assertClose(uv[2 * other]!, 1 - uv[2 * v]!, 2 * TOLERANCE, `u of ${v}`);
  });
  const points = landmarksOf(landmarks);
  const turned = valuesAt({ ...points, vertices: points.vertices.map((v) => mirror[v]!) }, uv, { dimensions: 2 });
  const own = valuesAt(points, uv, { dimensions: 2 });
  const others = mirroredLandmarks.flatMap((l) => [own[2 * l]!, own[2 * l + 1]!]);
  assertAllClose(turned, others, TOLERANCE);
}

Deno.test("mirrorVertices() pairs the built-in face's vertices, and its landmarks by that", () => {
  assertMirrored(builtInFace());
});

Deno.test({
  name: "mirrorVertices() pairs ICT-FaceKit's vertices, and its landmarks by that",
  ignore: !hasIct,
  fn: async () => assertMirrored(await loadIct(await ictFolder())),
});

Deno.test("mirrorVertices() finds none where one side has another shape", () => {
  const model = builtInFace();
  const mean = model.mean.slice();
  const vertex = model.surfaceVertices[mirrorVertices(model)!.findIndex((other, v) => other !== v)]!;
  mean[3 * vertex + 1]! += 1;
  assertEquals(mirrorVertices({ ...model, mean }), undefined);
});

Deno.test("mirrorExpressions() exchanges sides, and leaves what has none or lacks its partner", () => {
  const names = ["jawOpen", "mouthSmile_L", "mouthLeft", "mouthSmile_R", "mouthRight", "noseSneer_L"];
  assertEquals([...mirrorExpressions(names)!], [0, 3, 4, 1, 2, 5]);
  assertEquals(mirrorExpressions(["component 0", "jawOpen"]), undefined);
});
