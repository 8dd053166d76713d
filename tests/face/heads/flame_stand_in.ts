/** What stands for FLAME in tests: the built-in head's skin and eyeballs under FLAME's names, in meters. */
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { landmarksOf } from "@/lib/face/landmarks.ts";
import { materialNumbers } from "@/lib/face/morphable_model.ts";
import { connectedParts } from "@/lib/geometry/connected_parts.ts";
import { pointsAt } from "@/lib/geometry/vectors.ts";
import { Random } from "@/lib/random.ts";
import { writeNpz } from "@/tests/formats/numpy_files.ts";

const METERS = 0.01;

export interface FlameStandIn {
  /** [n, 3]. */
  readonly mean: Float32Array;
  /** [t, 3]: skin, then eyeballs. */
  readonly triangles: Uint32Array;
  readonly eyeballs: ReadonlySet<number>;
  /** [t, 3] and [m, 2], v up; what the built-in head's surface does not cover is in one point. */
  readonly uvTriangles: Uint32Array;
  readonly uv: Float32Array;
  /** Each [n, 3]. */
  readonly identityModes: readonly Float32Array[];
  readonly expressionModes: readonly Float32Array[];
  /** The triangles that the 68 landmarks are in, and the shares of their corners. */
  readonly landmarkTriangles: Uint32Array;
  readonly landmarkWeights: Float32Array;
}

export function flameStandIn(): FlameStandIn {
  const { surface, ...face } = builtInFace();
  const skin = materialNumbers("skin", "scalp"), eyes = materialNumbers("sclera", "iris", "pupil");
  const parts = connectedParts(rowsOf(face.triangles), face.mean.length / 3);
  const trianglesOf = (materials: readonly number[], isOfHead: boolean) =>
    rowsOf(face.triangles).filter(([v], t) => materials.includes(face.materials[t]!) && (parts[v!] === 0) === isOfHead);
  const [ofSkin, ofEyes] = [trianglesOf(skin, true), trianglesOf(eyes, false)];
  const kept = [...ofSkin, ...ofEyes];
  const used = Uint32Array.from(new Set(kept.flat())).sort();
  const numbers = new Map([...used].map((vertex, i) => [vertex, i]));
  const scaled = (values: Float32Array) => pointsAt(values, used).map((value) => METERS * value);
  const landmarks = landmarksOf(surface.landmarks, "outline");
  const covered = surface.uv.length / 2; // vertices, which are the first ones of all
  const places = Array.from({ length: 68 }, (_, l) => {
    const of = [0, 1, 2].filter((k) => landmarks.weights[3 * l + k]! > 0).map((k) => landmarks.vertices[3 * l + k]!);
    const t = kept.findIndex((corners) => of.every((vertex) => corners.includes(vertex)));
    return { t, weights: kept[t]!.map((v) => of.includes(v) ? weightOf(l, v) : 0) };
  });
  function weightOf(landmark: number, vertex: number): number {
    const k = [0, 1, 2].find((k) =>
      landmarks.vertices[3 * landmark + k] === vertex && landmarks.weights[3 * landmark + k]! > 0
    )!;
    return landmarks.weights[3 * landmark + k]!;
  }
  return {
    mean: scaled(face.mean),
    triangles: Uint32Array.from(kept.flat(), (vertex) => numbers.get(vertex)!),
    eyeballs: new Set(ofEyes.flat().map((vertex) => numbers.get(vertex)!)),
    uvTriangles: Uint32Array.from(kept.flat(), (vertex) => vertex < covered ? vertex : 0),
    uv: surface.uv.map((value, i) => i % 2 === 0 ? value : 1 - value),
    identityModes: face.identityModes.map(scaled),
    expressionModes: face.expressionModes.map(scaled),
    landmarkTriangles: Uint32Array.from(places, ({ t }) => t),
    landmarkWeights: Float32Array.from(places.flatMap(({ weights }) => weights)),
  };
}

function rowsOf(triangles: Uint32Array): number[][] {
  return Array.from({ length: triangles.length / 3 }, (_, t) => [...triangles.subarray(3 * t, 3 * t + 3)]);
}

/** FLAME's model, its texture coordinates and 68 landmarks, each as an NPZ in a folder. */
export async function writeFlame(folder: string, flame: FlameStandIn): Promise<void> {
  const { mean, triangles, eyeballs } = flame;
  const count = mean.length / 3, triangleCount = triangles.length / 3;
  const random = new Random("stand-in for FLAME");
  const shapedirs = new Float32Array(mean.length * 400);
  const put = (modes: readonly Float32Array[], first: number) =>
    modes.forEach((mode, m) => mode.forEach((value, i) => shapedirs[400 * i + first + m] = value));
  put(flame.identityModes, 0);
  put(flame.expressionModes, 300);
  const at = (v: number, axis: number) => mean[3 * v + axis]!;
  // the jaw takes what is below the mouth and before the neck along, an eyeball goes with its joint
  const weights = new Float32Array(5 * count), regressor = new Float32Array(5 * count);
  for (let v = 0; v < count; v++) {
    const joint = eyeballs.has(v) ? (at(v, 0) > 0 ? 3 : 4) : at(v, 1) < -0.04 && at(v, 2) > 0.02 ? 2 : 1;
    weights[5 * v + joint] = 1;
  }
  const members = [0, 1, 2, 3, 4].map((joint) => [...Array(count).keys()].filter((v) => weights[5 * v + joint]! > 0));
  members.forEach((vertices, joint) => vertices.forEach((v) => regressor[joint * count + v] = 1 / vertices.length));
  await writeNpz(`${folder}/FLAME_NEUTRAL.npz`, {
    v_template: { shape: [count, 3], values: mean },
    shapedirs: { shape: [count, 3, 400], values: shapedirs },
    f: { shape: [triangleCount, 3], values: triangles },
    weights: { shape: [count, 5], values: weights },
    J_regressor: { shape: [5, count], values: regressor },
    posedirs: {
      shape: [count, 3, 36],
      values: Float32Array.from({ length: 108 * count }, () => 1e-4 * random.normal()),
    },
  }, "savez");
  await writeNpz(`${folder}/FLAME_texture.npz`, {
    vt: { shape: [flame.uv.length / 2, 2], values: flame.uv },
    ft: { shape: [triangleCount, 3], values: flame.uvTriangles },
  });
  await writeNpz(`${folder}/landmark_embedding.npz`, {
    full_lmk_faces_idx: { shape: [1, 68], values: flame.landmarkTriangles },
    full_lmk_bary_coords: { shape: [1, 68, 3], values: flame.landmarkWeights },
  });
}
