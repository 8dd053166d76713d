import { assert, assertClose, FLOAT32_TOLERANCE } from "../support.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { landmarksOf, mirroredLandmarks, outlineOf, valuesAt } from "@/lib/face/landmarks.ts";
import {
  checkModel,
  type MaterialName,
  materialNames,
  meshLandmarks,
  regionNames,
  shapeFace,
} from "@/lib/face/morphable_model.ts";
import { Random } from "@/lib/random.ts";

const model = builtInFace();

/** [68][x, y, z] of a face with these expressions. */
function landmarks(expression: Readonly<Record<string, number>> = {}, identity: readonly number[] = []): number[][] {
  const face = shapeFace(model, { identity, expression: coefficients(expression) });
  const points = valuesAt(meshLandmarks(model, outlineOf), face);
  return Array.from({ length: 68 }, (_, l) => [...points.subarray(3 * l, 3 * l + 3)]);
}

function coefficients(expression: Readonly<Record<string, number>>): number[] {
  for (const name of Object.keys(expression)) assert(model.expressionNames.includes(name), name);
  return model.expressionNames.map((name) => expression[name] ?? 0);
}

function distance(points: readonly number[][], a: number, b: number): number {
  return Math.hypot(...points[a]!.map((value, axis) => value - points[b]![axis]!));
}

const lids = [[37, 41], [38, 40], [43, 47], [44, 46]] as const;

Deno.test("builtInFace() is a sound model, with its counts", () => {
  checkModel(model);
  const surfaceVertices = model.surface.uv.length / 2;
  assert(surfaceVertices >= 4000 && surfaceVertices <= 9300, `${surfaceVertices} surface vertices`);
  assert(model.identityModes.length >= 20, `${model.identityModes.length} identity modes`);
  assert(model.expressionModes.length >= 12, `${model.expressionModes.length} expression modes`);
  assert(new Set(model.expressionNames).size === model.expressionNames.length, "names repeat");
  const vertexMaterials = new Set(model.materials);
  for (const name of ["skin", "sclera", "iris", "pupil", "teeth", "gums", "scalp"] satisfies MaterialName[]) {
    assert(vertexMaterials.has(materialNames.indexOf(name)), `no ${name}`);
  }
});

Deno.test("builtInFace() gives the same face every time", () => {
  const again = builtInFace();
  assert(again.mean.every((value, i) => value === model.mean[i]));
  assert(again.identityModes.every((mode, m) => mode.every((value, i) => value === model.identityModes[m]![i])));
});

Deno.test("builtInFace()'s surface lies in its UV square without a fold", () => {
  const { uv, triangles } = model.surface;
  for (const value of uv) assert(value >= 0 && value <= 1, `${value}`);
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [triangles[t]! * 2, triangles[t + 1]! * 2, triangles[t + 2]! * 2];
    const area = (uv[b]! - uv[a]!) * (uv[c + 1]! - uv[a + 1]!) - (uv[c]! - uv[a]!) * (uv[b + 1]! - uv[a + 1]!);
    assert(area < 0, `triangle ${t / 3} has area ${-area}`); // v runs down, so outside is seen clockwise
  }
});

Deno.test("builtInFace()'s vertices keep about a texel of a 256² map between them", () => {
  const { uv, triangles } = model.surface;
  let least = Infinity;
  triangles.forEach((a, i) => {
    const b = triangles[i % 3 === 2 ? i - 2 : i + 1]!;
    least = Math.min(least, 256 * Math.hypot(uv[2 * a]! - uv[2 * b]!, uv[2 * a + 1]! - uv[2 * b + 1]!));
  });
  assert(least > 0.9, `${least} texels`);
});

Deno.test("the built-in face at rest is its own mirror image", () => {
  const points = landmarks();
  points.forEach(([x, y, z], i) => {
    const [mx, my, mz] = points[mirroredLandmarks[i]!]!;
    assertClose(mx!, -x!, FLOAT32_TOLERANCE * 10, `x of landmark ${i}`);
    assertClose(my!, y!, FLOAT32_TOLERANCE * 10, `y of landmark ${i}`);
    assertClose(mz!, z!, FLOAT32_TOLERANCE * 10, `z of landmark ${i}`);
  });
});

Deno.test("the built-in face has the proportions of published averages", () => {
  const points = landmarks();
  // Means of adults, with room for both sexes and several standard deviations (Farkas, 1994).
  const lengths: [string, number, number, number, number][] = [
    ["width at the ears", 0, 16, 12.8, 14.6],
    ["jaw width", 4, 12, 9.2, 11.8],
    ["between the inner corners of the eyes", 39, 42, 2.8, 3.7],
    ["between the outer corners of the eyes", 36, 45, 8.3, 9.6],
    ["width of the mouth", 48, 54, 4.6, 5.7],
    ["length of the nose", 27, 33, 4.5, 5.9],
    ["upper lip and philtrum", 33, 62, 1.8, 2.6],
    ["mouth to chin", 66, 8, 3.8, 5],
  ];
  for (const [what, a, b, low, high] of lengths) {
    const found = distance(points, a, b);
    assert(found >= low && found <= high, `${what}: ${found}, wanted ${low} to ${high}`);
  }
  const height = (landmark: number) => points[landmark]![1]!;
  const down = [19, 37, 41, 30, 33, 51, 62, 66, 57, 8].map(height);
  for (let i = 1; i < down.length; i++) assert(down[i]! <= down[i - 1]!, `landmarks out of order at ${i}`);
  const foremost = model.mean.reduce((most, value, i) => i % 3 === 2 ? Math.max(most, value) : most, -Infinity);
  assertClose(points[30]![2]!, foremost, 0.1, "depth of the tip of the nose");
  const ys = Array.from(model.mean).filter((_, i) => i % 3 === 1);
  const eyes = (Math.max(...ys) - height(36)) / (Math.max(...ys) - height(8));
  assertClose(eyes, 0.5, 0.05, "height of the eyes");
});

Deno.test("blinking closes the lids, on its own side only", () => {
  const open = landmarks();
  for (const [side, closing] of [["L", [2, 3]], ["R", [0, 1]]] as const) {
    const closed = landmarks({ [`eyeBlink_${side}`]: 1 });
    const half = landmarks({ [`eyeBlink_${side}`]: 0.5 });
    lids.forEach(([upper, lower], i) => {
      const share = (points: number[][]) => distance(points, upper, lower) / distance(open, upper, lower);
      const closes = (closing as readonly number[]).includes(i);
      if (closes) assert(share(closed) < 0.1, `lids ${upper} and ${lower} stay ${share(closed)} open`);
      else assertClose(share(closed), 1, FLOAT32_TOLERANCE, "the other eye");
      assertClose(share(half), closes ? 0.5 : 1, 0.1, "half a blink");
    });
  }
});

Deno.test("the lids stay over the eyeball through a blink, on many heads", () => {
  const random = new Random("lids");
  const materials = new Set(["sclera", "iris", "pupil"].map((name) => materialNames.indexOf(name as MaterialName)));
  const ball = new Set<number>();
  model.triangles.forEach((v, i) => materials.has(model.materials[Math.floor(i / 3)]!) && ball.add(v));
  const right = [...ball].filter((v) => model.mean[3 * v]! > 0);
  const lidVertices = [43, 44, 46, 47].map((landmark) => meshLandmarks(model, outlineOf).vertices[3 * landmark]!);
  for (let head = 0; head < 20; head++) {
    const identity = model.identityModes.map(() => clampedNormal(random));
    for (const blink of [0, 0.5, 1]) {
      const face = shapeFace(model, { identity, expression: coefficients({ eyeBlink_L: blink }) });
      const center = [0, 1].map((axis) => {
        const values = right.map((v) => face[3 * v + axis]!);
        return (Math.min(...values) + Math.max(...values)) / 2;
      });
      const front = Math.max(...right.map((v) => face[3 * v + 2]!));
      for (const v of lidVertices) {
        const [x, y, z] = [face[3 * v]! - center[0]!, face[3 * v + 1]! - center[1]!, face[3 * v + 2]! - front + 1.22];
        assert(Math.hypot(x, y, z) > 1.22, `head ${head}, blink ${blink}: a lid lies ${Math.hypot(x, y, z)} deep`);
      }
    }
  }
});

Deno.test("jawOpen parts the lips and lowers the chin, and leaves the upper face alone", () => {
  const [rest, open] = [landmarks(), landmarks({ jawOpen: 1 })];
  assert(distance(rest, 62, 66) < 0.05, `the lips are ${distance(rest, 62, 66)} apart at rest`);
  assert(distance(open, 62, 66) > 2, `jawOpen parts the lips by ${distance(open, 62, 66)}`);
  assert(open[8]![1]! < rest[8]![1]! - 1.5, "the chin stays");
  for (let i = 17; i < 48; i++) assertClose(open[i]![1]!, rest[i]![1]!, 0.2, `landmark ${i}`);
});

Deno.test("each expression moves its landmarks the way its name says", () => {
  const rest = landmarks();
  const moved = (name: string, landmark: number, axis: number) =>
    landmarks({ [name]: 1 })[landmark]![axis]! - rest[landmark]![axis]!;
  const expected: [name: string, landmark: number, axis: number, direction: number][] = [
    ["browInnerUp", 22, 1, 1],
    ["browInnerUp", 21, 1, 1],
    ["browOuterUp_L", 25, 1, 1],
    ["browOuterUp_R", 18, 1, 1],
    ["browDown_L", 23, 1, -1],
    ["mouthSmile_L", 54, 1, 1],
    ["mouthSmile_L", 54, 0, 1],
    ["mouthSmile_R", 48, 0, -1],
    ["mouthFrown_R", 48, 1, -1],
    ["mouthPucker", 54, 0, -1],
    ["mouthStretch_L", 54, 0, 1],
    ["mouthLeft", 57, 0, 1],
    ["mouthRight", 57, 0, -1],
    ["noseSneer_L", 35, 1, 1],
    ["eyeWide_L", 43, 1, 1],
    ["eyeSquint_R", 41, 1, 1],
  ];
  for (const [name, landmark, axis, direction] of expected) {
    const change = moved(name, landmark, axis) * direction;
    assert(change > 0.08, `${name} moves landmark ${landmark} by ${change}`);
  }
});

Deno.test("every mode of the built-in face moves something, and none more than a face can", () => {
  const largest = (mode: Float32Array) => mode.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  model.identityModes.forEach((mode, m) => {
    const most = largest(mode);
    assert(most > 0.03 && most < 0.8, `identity mode ${m} moves by ${most}`);
  });
  model.expressionModes.forEach((mode, m) => {
    const most = largest(mode);
    assert(most > 0.1 && most < 5, `${model.expressionNames[m]} moves by ${most}`);
  });
});

Deno.test("random faces keep their triangles the right way round", () => {
  const random = new Random("triangles");
  const { triangles } = model.surface;
  const rest = normals(model.mean, triangles);
  for (let head = 0; head < 10; head++) {
    const identity = model.identityModes.map(() => clampedNormal(random));
    const found = normals(shapeFace(model, { identity, expression: [] }), triangles);
    let turned = 0;
    for (let i = 0; i < rest.length; i += 3) {
      if (rest[i]! * found[i]! + rest[i + 1]! * found[i + 1]! + rest[i + 2]! * found[i + 2]! <= 0) turned++;
    }
    assert(turned < 0.002 * triangles.length / 3, `head ${head}: ${turned} triangles are turned`);
  }
});

Deno.test("the built-in face's regions lie around their landmarks", () => {
  const { landmarks, regions } = model.surface;
  const wanted = { nose: [28, 29, 30], eyes: [36, 39, 43, 46], mouth: [48, 51, 54, 57, 62], face: [19, 24] } as const;
  for (const [name, numbers] of Object.entries(wanted)) {
    for (const number of numbers) {
      const found = regionNames[regions[outlineOf(landmarks).vertices[3 * number]!]!];
      assert(found === name, `landmark ${number} lies in ${found}, wanted ${name}`);
    }
  }
  assert(regions.includes(regionNames.indexOf("neck")));
});

/** Within 2.5 standard deviations. */
function clampedNormal(random: Random): number {
  return Math.max(-2.5, Math.min(2.5, random.normal()));
}

/** [triangleCount, 3], not of unit length. */
function normals(positions: Float32Array, triangles: Uint32Array): Float32Array {
  const out = new Float32Array(triangles.length);
  const side = (from: number, to: number) => [0, 1, 2].map((k) => positions[3 * to + k]! - positions[3 * from + k]!);
  for (let t = 0; t < triangles.length; t += 3) {
    const [ax, ay, az] = side(triangles[t]!, triangles[t + 1]!) as [number, number, number];
    const [bx, by, bz] = side(triangles[t]!, triangles[t + 2]!) as [number, number, number];
    out.set([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], t);
  }
  return out;
}

Deno.test("the built-in face's landmarks come in mirrored pairs in both conventions, 300W-LP's jaw behind the outline's", () => {
  const [fixed, outline] = (["300w-lp", "outline"] as const).map((convention) => {
    const points = valuesAt(meshLandmarks(model, (all) => landmarksOf(all, convention)), model.mean);
    for (let l = 0; l < 68; l++) {
      const m = mirroredLandmarks[l]!;
      assertClose(points[3 * l]!, -points[3 * m]!, 1e-4, `${convention} ${l} x`);
      assertClose(points[3 * l + 1]!, points[3 * m + 1]!, 1e-4, `${convention} ${l} y`);
      assertClose(points[3 * l + 2]!, points[3 * m + 2]!, 1e-4, `${convention} ${l} z`);
    }
    return points;
  }) as [Float32Array, Float32Array];
  const back = (l: number) => outline[3 * l + 2]! - fixed[3 * l + 2]!;
  for (const l of [10, 11, 12, 13, 14, 15, 16]) {
    assert(back(l) > 0.4 && back(l) < 3, `landmark ${l} lies ${back(l)} cm behind the outline's`);
  }
});
