/**
 * FLAME (Li et al., SIGGRAPH Asia 2017, "Learning a model of facial shape and expression from 4D scans") as a linear model: its
 * identity and expression modes and, of what its joints do to the skin, a jaw that opens and goes aside and eyes that look around.
 */
import { Matrix, solve } from "ml-matrix";
import { basename } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { componentName } from "@/lib/face/expression_names.ts";
import { eyeballMaterial, GAZE_RADIANS } from "@/lib/face/eyeball.ts";
import { ArrayReader } from "@/lib/face/heads/array_reader.ts";
import type { Head } from "@/lib/face/heads/head.ts";
import { LANDMARK_COUNT, type SurfaceLandmarks } from "@/lib/face/landmarks.ts";
import { type ObjPolygon, parseObj } from "@/lib/face/obj/obj.ts";
import { filesBelow, readText } from "@/lib/files.ts";
import { isPickle } from "@/lib/formats/npy.ts";
import { type Npz, openNpz } from "@/lib/formats/npz.ts";
import { connectedParts } from "@/lib/geometry/connected_parts.ts";
import { pitchRotation, yawRotation } from "@/lib/geometry/transforms.ts";
import { dot, meanOf, meanPoint, minus, plus, pointAt, unit } from "@/lib/geometry/vectors.ts";
import type { Mat3, Vec3 } from "@/lib/types.ts";

/** Lengths along the last axis of `shapedirs`, 400 in FLAME 2019, 2020 and 2023: identity first, then expression. */
const [IDENTITY_COUNT, EXPRESSION_COUNT] = [300, 100];
/** In the order of FLAME's joints, behind the root and the neck. */
const [JAW, LEFT_EYE, RIGHT_EYE] = [2, 3, 4];
const JOINT_COUNT = 5;
/** What "jawOpen" and "jawLeft" fully made turn the jaw by. */
const [JAW_OPEN, JAW_ASIDE] = [0.4, 0.15];

const LICENSE =
  "FLAME (Max Planck Institute for Intelligent Systems), see https://flame.is.tue.mpg.de/modellicense.html";

const WANTED = {
  model:
    "an NPZ with v_template, shapedirs and f, which data/README.md says how to make of https://flame.is.tue.mpg.de's pickles",
  uv: "FLAME_texture.npz (vt, ft) or head_template.obj from https://flame.is.tue.mpg.de",
};

/**
 * FLAME in these files, or in those of these folders: an NPZ with its model's arrays `v_template` [n, 3], `shapedirs`
 * [n, 3, 400] and `f` [t, 3], and where it has them `weights` [n, 5], `J_regressor` [5, n] and `posedirs` [n, 3, 36]; texture
 * coordinates by `vt` and `ft` of FLAME_texture.npz, or by an OBJ of the same vertices; and where there are any, landmarks by an
 * NPZ with `lmk_face_idx` and `lmk_b_coords` of 68 points, or `full_lmk_faces_idx` and `full_lmk_bary_coords`.
 *
 * Source of the fields: https://github.com/soubhiksanyal/FLAME_PyTorch, https://github.com/vchoutas/smplx, and DECA's and MICA's
 * files of landmarks. Throws an InputError where a file is missing, saying which, or does not have the arrays that it must have.
 */
export async function readFlame(given: readonly string[]): Promise<Head> {
  const files = await filesBelow(given);
  const archives: Npz[] = [];
  for (const path of files) if (/\.npz$/i.test(path)) archives.push(await openNpz(path));
  const withArrays = (...names: string[]) => archives.find((npz) => names.every((name) => npz.names.includes(name)));
  const model = withArrays("v_template", "shapedirs", "f");
  const refuse = (wanted: string): never => {
    const pickles = files.filter(isPickle).map((path) => basename(path));
    const found = [...pickles, ...archives.map(({ path }) => basename(path))].join(", ") || "none of its files";
    const note = pickles.length > 0 ? "; a pickle is a program of Python's and not run here" : "";
    throw new InputError(`Cannot make FLAME of ${given.join(", ")}: found ${found}, wanted ${wanted}${note}`);
  };
  if (!model) return refuse(WANTED.model);
  const arrays = new ArrayReader(model);
  const mean = arrays.numbers("v_template", ["n", 3]);
  const triangles = arrays.indices("f", ["t", 3], "n");
  const texture = withArrays("vt", "ft");
  const uvs = texture ? textureOf(texture, triangles) : await textureOfObj(files, mean.length / 3) ?? refuse(WANTED.uv);
  const modes = modesOf(arrays.numbers("shapedirs", ["n", 3, IDENTITY_COUNT + EXPRESSION_COUNT]));
  const shapes = modes.map((mode) => mode.map((value, i) => value + mean[i]!));
  const eyes = eyeballs(mean, uvs.polygons);
  const joints = jointsOf(arrays, mean);
  const landmarks = embeddedLandmarks(archives, triangles);
  return {
    path: model.path,
    axes: ["x", "y", "z"],
    mesh: { positions: mean, uv: uvs.uv, polygons: uvs.polygons.map((polygon) => eyes(polygon)) },
    surface: [SKIN],
    coversFace: true,
    materials: { [HIDDEN]: "hidden" },
    identity: shapes.slice(0, IDENTITY_COUNT),
    expression: {
      ...Object.fromEntries(shapes.slice(IDENTITY_COUNT).map((shape, mode) => [componentName(mode), shape])),
      ...joints && turned(mean, joints),
    },
    ...landmarks && { landmarks },
    license: LICENSE,
  };
}

const [SKIN, HIDDEN] = ["skin", "back of an eye"];

interface Texture {
  /** [m, 2], u right and v up. */
  readonly uv: Float64Array;
  readonly polygons: readonly ObjPolygon[];
}

function textureOf(npz: Npz, triangles: Uint32Array): Texture {
  const arrays = new ArrayReader(npz);
  const uv = arrays.numbers("vt", ["m", 2]);
  const corners = arrays.indices("ft", [triangles.length / 3, 3], "m");
  const polygons = Array.from({ length: corners.length / 3 }, (_, t) => ({
    material: SKIN,
    vertices: [...triangles.subarray(3 * t, 3 * t + 3)],
    uvs: [...corners.subarray(3 * t, 3 * t + 3)],
  }));
  return { uv, polygons };
}

async function textureOfObj(files: readonly string[], vertexCount: number): Promise<Texture | undefined> {
  for (const path of files) {
    if (!/\.obj$/i.test(path)) continue;
    const { positions, uv, polygons } = parseObj(await readText(path), path);
    if (positions.length !== 3 * vertexCount || uv.length === 0) continue;
    return { uv, polygons: polygons.map((polygon) => ({ ...polygon, material: SKIN })) };
  }
  return undefined;
}

/** [n, 3, k] as k modes, each [n, 3]. */
function modesOf(values: Float64Array): Float64Array[] {
  const count = IDENTITY_COUNT + EXPRESSION_COUNT;
  return Array.from(
    { length: count },
    (_, mode) => Float64Array.from({ length: values.length / count }, (_, i) => values[i * count + mode]!),
  );
}

/** Gives polygons that do not hang together with most of the head, which are its eyes, the materials of eyes. */
function eyeballs(mean: Float64Array, polygons: readonly ObjPolygon[]): (polygon: ObjPolygon) => ObjPolygon {
  const parts = connectedParts(polygons.map(({ vertices }) => vertices), mean.length / 3);
  const byPart = [...Map.groupBy(parts.keys(), (vertex) => parts[vertex]!)].sort(([, a], [, b]) => b.length - a.length);
  const centers = new Map(
    byPart.slice(1).filter(([, { length }]) => length > 3).map(([part, vertices]) => [
      part,
      sphereCenter(vertices.map((v) => pointAt(mean, v))),
    ]),
  );
  return (polygon) => {
    const center = centers.get(parts[polygon.vertices[0]!]!);
    if (!center) return polygon;
    const [, , cosine] = unit(minus(meanOf(mean, polygon.vertices), center));
    return { ...polygon, material: eyeballMaterial(cosine) ?? HIDDEN };
  };
}

/** The center of the sphere that is nearest to points, which need not be all around: that of |p|² = 2 c·p + r² - |c|². */
function sphereCenter(points: readonly Vec3[]): Vec3 {
  const middle = meanPoint(points); // keeps the numbers small
  const away = points.map((point) => minus(point, middle));
  const [x, y, z] = solve(
    new Matrix(away.map((point) => [...point.map((value) => 2 * value), 1])),
    Matrix.columnVector(away.map((point) => dot(point, point))),
    true, // least squares that can be of points in a plane
  ).to1DArray();
  return plus(middle, [x!, y!, z!]);
}

interface Joints {
  /** Where each is, at rest. */
  readonly places: readonly Vec3[];
  /** [n, 5], how much each vertex goes with each joint. */
  readonly weights: Float64Array;
  /** [n, 3, 36], what vertices do besides, for each number of the rotations of all joints but the root less no rotation. */
  readonly posedirs: Float64Array | undefined;
}

/** Undefined where the file has none. */
function jointsOf(arrays: ArrayReader, mean: Float64Array): Joints | undefined {
  if (!arrays.has("weights") || !arrays.has("J_regressor")) return undefined;
  const weights = arrays.numbers("weights", ["n", JOINT_COUNT]);
  const regressor = arrays.numbers("J_regressor", [JOINT_COUNT, "n"]);
  const count = mean.length / 3;
  const places = Array.from({ length: JOINT_COUNT }, (_, joint): Vec3 => {
    const shares = regressor.subarray(joint * count, (joint + 1) * count);
    const sum = (axis: number) => shares.reduce((total, share, v) => total + share * mean[3 * v + axis]!, 0);
    return [sum(0), sum(1), sum(2)];
  });
  const perPose = 9 * (JOINT_COUNT - 1);
  return {
    places,
    weights,
    posedirs: arrays.has("posedirs") ? arrays.numbers("posedirs", ["n", 3, perPose]) : undefined,
  };
}

/** The head at rest but for one joint, for each of ARKit's expressions that one joint makes. */
function turned(mean: Float64Array, joints: Joints): Record<string, Float64Array> {
  const turns: [name: string, joint: number, rotation: Mat3][] = [
    ["jawOpen", JAW, pitchRotation(-JAW_OPEN)],
    ["jawLeft", JAW, yawRotation(-JAW_ASIDE)], // the person's own left is on the image's right
    ["jawRight", JAW, yawRotation(JAW_ASIDE)],
    ...([["L", LEFT_EYE, -1], ["R", RIGHT_EYE, 1]] as const).flatMap(([side, eye, outwards]) =>
      ([
        ["Up", pitchRotation(GAZE_RADIANS)],
        ["Down", pitchRotation(-GAZE_RADIANS)],
        ["Out", yawRotation(outwards * GAZE_RADIANS)],
        ["In", yawRotation(-outwards * GAZE_RADIANS)],
      ] as const).map(([way, rotation]): [string, number, Mat3] => [`eyeLook${way}_${side}`, eye, rotation])
    ),
  ];
  return Object.fromEntries(
    turns.map(([name, joint, rotation]) => [name, posed(mean, { joint, rotation, ...joints })]),
  );
}

/** Linear blend skinning with FLAME's correctives (equations 1 to 3 of its paper), of one joint's rotation. */
function posed(
  mean: Float64Array,
  { joint, rotation: r, places, weights, posedirs }: Joints & { readonly joint: number; readonly rotation: Mat3 },
): Float64Array {
  const count = 9 * (JOINT_COUNT - 1), first = 9 * (joint - 1);
  const corrected = mean.map((value, i) => {
    if (!posedirs) return value;
    let sum = value;
    for (let k = 0; k < 9; k++) sum += posedirs[i * count + first + k]! * (r[k]! - (k % 4 === 0 ? 1 : 0));
    return sum;
  });
  const place = places[joint]!;
  return corrected.map((value, i) => {
    const [v, axis] = [Math.floor(i / 3), i % 3];
    const away = minus(pointAt(corrected, v), place);
    const there = place[axis]! + r[3 * axis]! * away[0] + r[3 * axis + 1]! * away[1] + r[3 * axis + 2]! * away[2];
    return value + weights[v * JOINT_COUNT + joint]! * (there - value);
  });
}

/** The names that files have for landmarks in triangles: MICA's, and DECA's. */
const embeddings = [["lmk_face_idx", "lmk_b_coords"], ["full_lmk_faces_idx", "full_lmk_bary_coords"]] as const;

/** The 68 landmarks as seen from the front; undefined where no file has all of them, as those without the jaw's. */
function embeddedLandmarks(archives: readonly Npz[], triangles: Uint32Array): SurfaceLandmarks | undefined {
  for (const npz of archives) {
    const arrays = new ArrayReader(npz);
    for (const [faces, weights] of embeddings) {
      if (!arrays.has(faces) || !arrays.has(weights)) continue;
      const { shape } = npz.read(faces);
      if (shape.at(-1) !== LANDMARK_COUNT) continue;
      const of = arrays.indices(faces, shape, triangles.length / 3);
      return {
        outline: {
          vertices: Uint32Array.from([...of].flatMap((t) => [...triangles.subarray(3 * t, 3 * t + 3)])),
          weights: arrays.weights(weights, [...shape, 3]),
        },
      };
    }
  }
  return undefined;
}
