import fc from "@/tests/fast_check.ts";
import {
  eyeCornerDistance,
  keyLandmarks,
  LANDMARK_COUNT,
  landmarkBox,
  landmarkLines,
  landmarkParts,
  landmarksOf,
  landmarksOfPart,
  landmarkUv,
  lipPairs,
  mirroredLandmarks,
  valuesAt,
  vertexPoints,
} from "@/lib/face/landmarks.ts";
import { assertAllClose, assertClose, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";

const all = [...Array(LANDMARK_COUNT).keys()];

Deno.test("landmarkLines hold each of the 68 landmarks once, and so do the parts of the face", () => {
  assertEquals(Object.values(landmarkLines).flatMap(({ landmarks }) => landmarks), all);
  assertEquals(landmarkParts.flatMap(landmarksOfPart).sort((a, b) => a - b), all);
});

Deno.test("mirroredLandmarks undoes itself and takes each line to the line across the face", () => {
  assertEquals(all.map((landmark) => mirroredLandmarks[mirroredLandmarks[landmark]!]!), all);
  const across: Partial<Record<keyof typeof landmarkLines, keyof typeof landmarkLines>> = {
    rightBrow: "leftBrow",
    leftBrow: "rightBrow",
    rightEye: "leftEye",
    leftEye: "rightEye",
  };
  for (const [name, line] of Object.entries(landmarkLines)) {
    const other = landmarkLines[across[name as keyof typeof landmarkLines] ?? name as keyof typeof landmarkLines];
    const mirrored = line.landmarks.map((landmark) => mirroredLandmarks[landmark]!);
    assertEquals(mirrored.toSorted((a, b) => a - b), other.landmarks);
  }
  assertEquals(mirroredLandmarks[keyLandmarks.rightEyeCorner], keyLandmarks.leftEyeCorner);
  assertEquals(mirroredLandmarks[keyLandmarks.rightMouthCorner], keyLandmarks.leftMouthCorner);
  assertEquals(mirroredLandmarks[keyLandmarks.rightJawEnd], keyLandmarks.leftJawEnd);
  const { chin, noseRoot, noseTip, noseBase, upperLip, lowerLip } = keyLandmarks;
  for (const middle of [chin, noseRoot, noseTip, noseBase, upperLip, lowerLip]) {
    assertEquals(mirroredLandmarks[middle], middle);
  }
});

Deno.test("lipPairs mirror to one another, and are what lies between the corners of the inner lips", () => {
  const mirrored = lipPairs.map((pair) => pair.map((landmark) => mirroredLandmarks[landmark]!));
  assertEquals(mirrored.reverse(), lipPairs.map((pair) => [...pair]));
  const [, , , , corner, ...lower] = landmarkLines.innerLips.landmarks;
  assertEquals(lipPairs.map(([, landmark]) => landmark), lower.reverse() as [number, number, number]);
  assertEquals(lipPairs.at(-1)![0] + 1, corner);
});

Deno.test("valuesAt() gives a vertex's own values at its point, and the weighted mean of three between them", () => {
  const values = Float32Array.from([0, 10, 100, 4, 20, 200, 8, 60, 600]);
  assertAllClose(valuesAt(vertexPoints([2, 0]), values), [8, 60, 600, 0, 10, 100], 0);
  const between = { vertices: Uint32Array.from([0, 1, 2]), weights: Float32Array.from([0.5, 0.25, 0.25]) };
  assertAllClose(valuesAt(between, values), [3, 25, 250], FLOAT32_TOLERANCE);
  const uv = Float32Array.from([0, 0, 1, 0, 0, 1]);
  assertAllClose(landmarkUv({ uv, landmarks: { outline: between } }), [0.25, 0.25], FLOAT32_TOLERANCE);
});

Deno.test("landmarksOf() prefers 300W-LP's convention, takes the only one, and names what there is", async () => {
  const [fixed, outline] = [vertexPoints([1]), vertexPoints([2])];
  assertEquals(landmarksOf({ outline, "300w-lp": fixed }) === fixed, true);
  assertEquals(landmarksOf({ outline, "300w-lp": fixed }, "outline") === outline, true);
  assertEquals(landmarksOf({ outline }) === outline, true);
  await assertThrows(() => landmarksOf({ outline }, "300w-lp"), RangeError, /"300w-lp": this surface has outline$/);
});

Deno.test("landmarkBox() holds every landmark and touches some on each side, also of only a few of them", () => {
  const points = fc.array(fc.float({ noNaN: true, min: -1e3, max: 1e3 }), { minLength: 204, maxLength: 204 });
  fc.assert(fc.property(points, fc.constantFrom(2, 3), fc.subarray(all, { minLength: 1 }), (list, stride, some) => {
    const landmarks = Float32Array.from(list.slice(0, stride * LANDMARK_COUNT));
    const { left, top, width, height } = landmarkBox(landmarks, some);
    for (const [axis, start, length] of [[0, left, width], [1, top, height]] as const) {
      const values = some.map((landmark) => landmarks[stride * landmark + axis]!);
      assertClose(Math.min(...values), start, 0);
      assertClose(Math.max(...values), start + length, 1e-9);
    }
  }));
});

Deno.test("eyeCornerDistance() is that between the outer corners, in depth as well", () => {
  const landmarks = new Float32Array(3 * LANDMARK_COUNT);
  landmarks.set([1, 2, 3], 3 * 36);
  landmarks.set([3, 5, 9], 3 * 45);
  assertClose(eyeCornerDistance(landmarks), 7, FLOAT32_TOLERANCE);
});
