/** AFLW2000-3D's protocol beside NumPy's word on the same files and the same perturbation of their landmarks. */
import { Aflw2000Annotations } from "@/lib/data/sets/aflw2000.ts";
import { InputError } from "@/lib/errors.ts";
import { poseErrors } from "@/lib/evaluate/aflw2000/pose_errors.ts";
import { aflw2000Protocol, curveLimits, type ProtocolFace, wholeFaceErrors } from "@/lib/evaluate/aflw2000/protocol.ts";
import { readNpy } from "@/lib/formats/npy.ts";
import { Random } from "@/lib/random.ts";
import { npyFile } from "@/tests/formats/npy_file.ts";
import { hasModules, plainPython } from "@/tests/python.ts";
import { assert, assertClose, assertEquals, assertThrows, FLOAT32_TOLERANCE, sharedData } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const hasNumpy = await hasModules("numpy");
const real = sharedData("aflw2000-3d/annotations");

/**
 * What is found in photo i: landmark k is off by (3 sin(i + k), 2 cos(2i + 3k), 5 sin k + 7) pixels; no face in every
 * seventh photo. AFLW's point p is the landmarks' of its place, off by (sin(i + p), cos(ip)), where i + p is not a multiple of 3.
 */
const judge = `
import json, sys, numpy as np
folder = sys.argv[1] + "/AFLW2000-3D"
truth = np.load(folder + ".pts68.npy").astype(np.float64)
corrected = np.load(folder + "-Reannotated.pts68.npy").astype(np.float64)
yaws = {"fitted": np.load(folder + ".pose.npy"), "reannotated": np.load(folder + "-new.pose.npy")}
n = len(truth)
i, k = np.arange(n)[:, None], np.arange(68)[None]
shift = np.stack([3 * np.sin(i + k), 2 * np.cos(2 * i + 3 * k), np.broadcast_to(5 * np.sin(k) + 7, (n, 68))], 1)
found = truth + shift
is_found = np.arange(n) % 7 != 0
def size(points): return np.sqrt(np.ptp(points[:, 0], 1) * np.ptp(points[:, 1], 1))
def nme(off, by): return 100 * np.sqrt((off ** 2).sum(1)).mean(1) / size(by)
def plane(off, by, part=slice(None)): return nme(off[:, :2, part], by)
depth = found - truth
centered = depth.copy(); centered[:, 2] -= centered[:, 2].mean(1, keepdims=True)
groups = [[17], [19], [21], [22], [24], [26], [36], range(36, 42), [39], [42], range(42, 48), [45], [2], [31], [30], [35], [14], [48], range(60, 68), [54], [8]]
p = np.arange(21)[None]
marked = np.stack([truth[:, :2, list(g)].mean(2) for g in groups], 2) + np.stack([np.sin(i + p), np.cos(i * p)], 1)
seen = (i + p) % 3 != 0
at = np.sqrt(((np.stack([found[:, :2, list(g)].mean(2) for g in groups], 2) - marked) ** 2).sum(1))
visible = 100 * np.array([a[s].mean() for a, s in zip(at, seen)]) / size(truth)
off = found[:, :2] - corrected
errors = {
  "fitted/68 points, 2D": plane(depth, truth), "fitted/inner 51, 2D": plane(depth, truth, slice(17, 68)), "fitted/jaw, 17, 2D": plane(depth, truth, slice(0, 17)),
  "fitted/68 points, 3D, depths aligned": nme(centered, truth), "fitted/68 points, 3D": nme(depth, truth),
  "reannotated/68 points, 2D": plane(off, corrected), "reannotated/inner 51, 2D": plane(off, corrected, slice(17, 68)), "reannotated/jaw, 17, 2D": plane(off, corrected, slice(0, 17)),
  "AFLW/21 points where visible, 2D": visible,
}
rows, counts = {}, {}
for name, yaw in yaws.items():
  a = np.abs(yaw)
  bins = [a <= 30, (a > 30) & (a <= 60), a > 60]
  counts[name] = [int(b.sum()) for b in bins]
  for key, e in errors.items():
    of = [float(e[b & is_found].mean()) if (b & is_found).any() else None for b in bins]
    rows[key + "/" + name] = [float(e[is_found].mean()), float(np.mean([v for v in of if v is not None]))] + of
plain = errors["fitted/68 points, 2D"]
print(json.dumps({"rows": rows, "counts": counts, "missed": int((~is_found).sum()), "cumulative": [float((plain[is_found] <= l).sum() / n) for l in np.arange(21) / 2]}))
`;

const pointGroups = [[17], [19], [21], [22], [24], [26], [36], [36, 37, 38, 39, 40, 41], [39], [42]].concat([
  [42, 43, 44, 45, 46, 47],
  [45],
  [2],
  [31],
  [30],
  [35],
  [14],
  [48],
  [60, 61, 62, 63, 64, 65, 66, 67],
  [54],
  [8],
]);

/** What the judge's docstring says. */
function perturbed({ landmarks, more }: Aflw2000Annotations): ProtocolFace[] {
  return landmarks.map((truth, i) => {
    const shift = (k: number) => [3 * Math.sin(i + k), 2 * Math.cos(2 * i + 3 * k), 5 * Math.sin(k) + 7];
    const marked = Float32Array.from(pointGroups.flatMap((group, p) => {
      if ((i + p) % 3 === 0) return [NaN, NaN];
      const mean = (axis: number) => group.reduce((sum, k) => sum + truth[3 * k + axis]!, 0) / group.length;
      return [mean(0) + Math.sin(i + p), mean(1) + Math.cos(i * p)];
    }));
    return {
      truth: { landmarks: truth, pose: { pitch: 0, yaw: NaN, roll: 0 }, marked }, // the yaw is not looked at
      more: more[i],
      found: i % 7 === 0
        ? undefined
        : { landmarks: truth.map((value, at) => value + shift(Math.floor(at / 3))[at % 3]!) },
    };
  });
}

async function assertAsNumpy(folder: string): Promise<void> {
  const judged = JSON.parse(await plainPython(judge, folder));
  const { rows, counts, missed, cumulative } = aflw2000Protocol(perturbed(await Aflw2000Annotations.read(folder)));
  assertEquals(missed, judged.missed);
  assertEquals(cumulative.length, curveLimits.length);
  cumulative.forEach((share, i) => assertClose(share, judged.cumulative[i], FLOAT32_TOLERANCE));
  for (const [list, of] of Object.entries(counts)) assertEquals(Object.values(of), judged.counts[list]);
  assertEquals(
    rows.map(({ truth, points, yaws }) => `${truth}/${points}/${yaws}`).sort(),
    Object.keys(judged.rows).sort(),
  );
  for (const { truth, points, yaws, errors: { mean, balanced, bins } } of rows) {
    const wanted = judged.rows[`${truth}/${points}/${yaws}`];
    [mean, balanced, ...Object.values(bins)].forEach((value, i) => {
      if (value === null) assertEquals(wanted[i], null);
      else assertClose(value, wanted[i], wanted[i] * FLOAT32_TOLERANCE, `${truth}/${points}/${yaws}`);
    });
  }
}

/** Annotations of photos that are not there. */
async function saveAnnotations(folder: string, count = 40): Promise<void> {
  const random = new Random("annotations");
  const numbers = (length: number, low: number, high: number) =>
    Array.from({ length }, () => random.uniform(low, high));
  const save = (name: string, values: readonly number[], ...shape: readonly number[]) =>
    Deno.writeFile(`${folder}/AFLW2000-3D${name}.npy`, npyFile(values, [count, ...shape]));
  await save(".pts68", numbers(count * 3 * 68, 100, 300), 3, 68);
  await save("-Reannotated.pts68", numbers(count * 2 * 68, 100, 300), 2, 68);
  await save("_crop.roi_box", numbers(count * 4, 50, 400), 4);
  await save(".pose", numbers(count, -130, 130).with(3, 30).with(4, -60)); // ends of bins belong to them
  await save("-new.pose", numbers(count, -50, 50));
}

Deno.test({
  name: "aflw2000Protocol() gives NumPy's figures for perturbed landmarks, in every bin of both lists of yaws",
  ignore: !hasNumpy,
  fn: async () => {
    await using folder = await temporaryFolder();
    await saveAnnotations(folder.path);
    await assertAsNumpy(folder.path);
  },
});

Deno.test({
  name:
    "aflw2000Protocol() gives NumPy's figures for AFLW2000-3D's own landmarks, and its bins hold 1312, 383 and 305 faces",
  ignore: !hasNumpy || !real,
  fn: async () => {
    await assertAsNumpy(real!);
    const { counts } = aflw2000Protocol(perturbed(await Aflw2000Annotations.read(real!)));
    assertEquals(counts, {
      fitted: { "0-30": 1312, "30-60": 383, "60-90": 305 },
      reannotated: { "0-30": 1306, "30-60": 462, "60-90": 232 },
    });
  },
});

Deno.test("Aflw2000Annotations has points half a pixel before MATLAB's, whose first pixel is 1", async () => {
  await using folder = await temporaryFolder();
  await saveAnnotations(folder.path, 5);
  const { landmarks, more } = await Aflw2000Annotations.read(folder.path);
  for (const [file, axes, found] of [["", 3, landmarks[1]!], ["-Reannotated", 2, more[1]!.reannotated]] as const) {
    const { values } = await readNpy(`${folder.path}/AFLW2000-3D${file}.pts68.npy`);
    const written = Array.from({ length: 3 * 68 }, (_, i) => {
      const axis = i % 3, value = axis < axes ? values[68 * (axes + axis) + Math.floor(i / 3)]! : NaN;
      return axis < 2 ? value - 0.5 : value;
    });
    assertEquals([...found], [...Float32Array.from(written)]);
  }
});

Deno.test("Aflw2000Annotations finds a photo by its own landmarks alone, and refuses files that are cut or of others", async () => {
  await using folder = await temporaryFolder();
  await saveAnnotations(folder.path, 5);
  const annotations = await Aflw2000Annotations.read(folder.path);
  annotations.landmarks.forEach((landmarks, i) => assert(annotations.find(landmarks.slice()) === annotations.more[i]));
  assertEquals(annotations.find(annotations.landmarks[0]!.with(7, 1)), undefined);
  for (const { name } of [...Deno.readDirSync(folder.path)]) {
    const path = `${folder.path}/${name}`;
    const bytes = await Deno.readFile(path);
    const refused = async (content: Uint8Array, message: RegExp) => {
      await Deno.writeFile(path, content);
      await assertThrows(() => Aflw2000Annotations.read(folder.path), InputError, message);
    };
    await refused(bytes.subarray(0, -1), new RegExp(name));
    await refused(npyFile([1, 2, 3, 4, 5], [5, 1]), /wanted \[n, /);
    const { length } = bytes.subarray(128);
    await refused(
      npyFile(Array.from({ length: length / 20 }, () => 0), shapeOf(name)),
      /they are of \d and of \d photos/,
    );
    await Deno.remove(path);
    await assertThrows(() => Aflw2000Annotations.read(folder.path), InputError, new RegExp(name));
    await Deno.writeFile(path, bytes);
  }
});

/** Of one photo. */
function shapeOf(name: string): number[] {
  return name.includes("Re") ? [1, 2, 68] : name.includes("pts68") ? [1, 3, 68] : name.includes("box") ? [1, 4] : [1];
}

Deno.test("poseErrors() leaves out faces beyond 99°, such as image00032, and goes the shorter way round", () => {
  const radians = (pitch: number, yaw: number, roll: number) => ({
    pitch: pitch * Math.PI / 180,
    yaw: yaw * Math.PI / 180,
    roll: roll * Math.PI / 180,
  });
  const pairs = [
    { truth: radians(10, -20, 30), predicted: radians(12, -17, 29) },
    { truth: radians(-300, -103, 298), predicted: radians(0, 0, 0) },
    { truth: radians(98, 98, -98), predicted: radians(98, 98, 180) },
  ];
  const { pitch, yaw, roll, mean, images, leftOut } = poseErrors(pairs);
  assertEquals([images, leftOut], [2, 1]);
  assertClose(pitch, 1, FLOAT32_TOLERANCE);
  assertClose(yaw, 1.5, FLOAT32_TOLERANCE);
  assertClose(roll, (1 + 82) / 2, FLOAT32_TOLERANCE);
  assertClose(mean, (pitch + yaw + roll) / 3, FLOAT32_TOLERANCE);
});

Deno.test("wholeFaceErrors() are the means of those photos whose whole faces were measured, if any", () => {
  const landmarks = Float32Array.from({ length: 68 * 3 }, (_, i) => i * 7 % 100);
  const face = (yaw: number, in2d?: number): ProtocolFace => ({
    truth: { landmarks, pose: { pitch: 0, yaw, roll: 0 } },
    found: {
      landmarks,
      ...in2d !== undefined && { dense: { paired: { in2d, in3d: 2 * in2d, in3dAsIs: 9 }, nearest: 8 } },
    },
  });
  assertEquals(wholeFaceErrors(aflw2000Protocol([face(0), face(1)])), undefined);
  const { in2d, in3d } = wholeFaceErrors(aflw2000Protocol([face(0, 1), face(0.1, 2), face(1.2, 6)]))!;
  assertEquals([in2d.mean, in3d.mean, in2d.bins["0-30"], in2d.bins["60-90"]], [3, 6, 1.5, 6]);
});
