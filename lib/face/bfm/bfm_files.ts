import { basename } from "node:path";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import { filesBelow } from "@/lib/files.ts";
import { type MatArray, readMatrices } from "@/lib/formats/mat.ts";
import { isPickle } from "@/lib/formats/npy.ts";

/** Vertices of the Basel Face Model 2009, and of the part of it that 300W-LP, 3DDFA, face3d and PRNet use. */
const WHOLE_COUNT = 53_490;
export const BFM_VERTEX_COUNT = 53_215;
const IDENTITY_COUNT = 199;
/** The expressions that 300W-LP's photos were fitted with, and those of Guo et al. ("3DFace"). */
export const BFM_EXPRESSION_COUNT = 29;
const GUO_COUNT = 79;

/** What the files hold, in their own unit, vertices counted from 0. Nothing else holds these arrays. */
export interface BfmArrays {
  /** [53215, 3]: the mean identity and the mean expression, which 300W-LP's fits begin with. */
  readonly mean: Float32Array;
  /** Each [53215, 3]. */
  readonly identity: readonly Float32Array[];
  /** [199]. */
  readonly identityDeviations: Float64Array;
  /** Each [53215, 3]; 29, or Guo's 79. */
  readonly expression: readonly Float32Array[];
  readonly expressionDeviations: Float64Array;
  /** [triangleCount, 3]. */
  readonly triangles: Uint32Array;
  /** [68]. */
  readonly landmarks: Uint32Array;
  /** [53215, 2], u right and v up, in [0, 1]. */
  readonly uv: Float32Array;
}

/** The files that may be of use, and where people have them from. */
const origins = {
  "BFM.mat": "which face3d's examples/Data/BFM/generate.m makes",
  "Model_Shape.mat": "which ModelGenerate.m of 300W-LP's folder Code/ModelGeneration makes of 01_MorphableModel.mat",
  "Model_Exp.mat": "of 300W-LP's folder Code, which 3DDFA calls Model_Expression.mat",
  "01_MorphableModel.mat": "the Basel Face Model 2009, from https://faces.dmi.unibas.ch/bfm",
  "model_info.mat": "of 300W-LP's folder Code/ModelGeneration",
  "BFM_UV.mat": "from https://github.com/anilbas/3DMMasSTN/blob/master/util/BFM_UV.mat, or what face3d makes of it",
  "Exp_Pca.bin": "of https://github.com/Juyong/3DFace",
  "std_exp.txt": "of https://github.com/microsoft/Deep3DFaceReconstruction",
} as const;
type FileName = keyof typeof origins;
const fileNames = Object.keys(origins) as FileName[];
const aliases: Readonly<Record<string, FileName>> = { "model_expression.mat": "Model_Exp.mat" };

/**
 * Reads the Basel Face Model from what of its files is here: these, or those in these folders.
 *
 * Sources of the fields: `examples/Data/BFM/generate.m` and `face3d/morphable_model/load.py` of
 * https://github.com/yfeng95/face3d; `load_data.py` of Deep3DFaceReconstruction for Exp_Pca.bin, whose mean it leaves out.
 *
 * Throws an InputError where files that are needed are missing, saying which and where they are from, or where one of them
 * does not have the fields and shapes that it must have.
 */
export async function readBfmFiles(given: readonly string[]): Promise<BfmArrays> {
  const { paths, pickle } = await findFiles(given);
  const need = (name: FileName): string => {
    const path = paths.get(name);
    if (path !== undefined) return path;
    const others = [...paths.keys()].join(", ") || "none of its files";
    throw new InputError(
      `Cannot make the Basel Face Model of ${given.join(", ")}: found ${others}, wanted ${name} too, ${origins[name]}` +
        (pickle ? ` (${pickle} is a pickle of Python, which is not read: it has fewer vertices and modes)` : ""),
    );
  };
  if (paths.has("BFM.mat")) return await readFace3d(need);
  return paths.has("01_MorphableModel.mat") && !paths.has("Model_Shape.mat")
    ? await readWhole(need, paths.has("Exp_Pca.bin"))
    : await readTrimmed(need);
}

type Need = (name: FileName) => string;

async function readFace3d(need: Need): Promise<BfmArrays> {
  const path = need("BFM.mat");
  const read = await readFields(path, {
    "model.shapeMU": meanShape(BFM_VERTEX_COUNT),
    "model.shapePC": modesShape(BFM_VERTEX_COUNT, IDENTITY_COUNT),
    "model.shapeEV": vector(IDENTITY_COUNT),
    "model.expMU": meanShape(BFM_VERTEX_COUNT),
    "model.expPC": modesShape(BFM_VERTEX_COUNT, BFM_EXPRESSION_COUNT),
    "model.expEV": vector(BFM_EXPRESSION_COUNT),
    "model.tri": rows(3),
    "model.kpt_ind": vector(LANDMARK_COUNT),
  });
  return {
    mean: sum(read["model.shapeMU"].values, read["model.expMU"].values),
    identity: columns(read["model.shapePC"]),
    identityDeviations: deviations(read["model.shapeEV"], path),
    expression: columns(read["model.expPC"]),
    expressionDeviations: deviations(read["model.expEV"], path),
    triangles: vertexNumbers(read["model.tri"], { path, below: BFM_VERTEX_COUNT }),
    landmarks: vertexNumbers(read["model.kpt_ind"], { path, below: BFM_VERTEX_COUNT }),
    uv: await readUv(need),
  };
}

async function readTrimmed(need: Need): Promise<BfmArrays> {
  const path = need("Model_Shape.mat");
  const [expressionPath] = [need("Model_Exp.mat"), need("BFM_UV.mat")]; // before a long time of reading
  const read = await readFields(path, {
    mu_shape: meanShape(BFM_VERTEX_COUNT),
    w: modesShape(BFM_VERTEX_COUNT, IDENTITY_COUNT),
    sigma: vector(IDENTITY_COUNT),
    tri: rows(3),
    keypoints: vector(LANDMARK_COUNT),
  });
  const { expressionMean, ...expressions } = await readExpressions(expressionPath);
  return {
    mean: sum(read.mu_shape.values, expressionMean),
    identity: columns(read.w),
    identityDeviations: deviations(read.sigma, path),
    ...expressions,
    triangles: vertexNumbers(read.tri, { path, below: BFM_VERTEX_COUNT }),
    landmarks: vertexNumbers(read.keypoints, { path, below: BFM_VERTEX_COUNT }),
    uv: await readUv(need),
  };
}

async function readWhole(need: Need, hasGuo: boolean): Promise<BfmArrays> {
  const [path, infoPath] = [need("01_MorphableModel.mat"), need("model_info.mat")];
  need("BFM_UV.mat");
  const { expressionMean, ...expressions } = hasGuo
    ? await readGuo(need("Exp_Pca.bin"), need("std_exp.txt"))
    : await readExpressions(need("Model_Exp.mat"));
  const info = await readFields(infoPath, { ...trimField, tri: rows(3), keypoints: vector(LANDMARK_COUNT) });
  const trim = vertexNumbers(info.trimIndex, { path: infoPath, below: WHOLE_COUNT });
  const read = await readFields(path, {
    shapeMU: meanShape(WHOLE_COUNT),
    shapePC: modesShape(WHOLE_COUNT, IDENTITY_COUNT),
    shapeEV: vector(IDENTITY_COUNT),
  });
  const trimmed = (whole: Float32Array) => {
    const points = new Float32Array(3 * trim.length);
    for (let v = 0; v < trim.length; v++) for (let k = 0; k < 3; k++) points[3 * v + k] = whole[3 * trim[v]! + k]!;
    return points;
  };
  return {
    mean: sum(trimmed(read.shapeMU.values), expressionMean),
    identity: columns(read.shapePC).map(trimmed),
    identityDeviations: deviations(read.shapeEV, path),
    ...expressions,
    triangles: vertexNumbers(info.tri, { path: infoPath, below: BFM_VERTEX_COUNT }),
    landmarks: vertexNumbers(info.keypoints, { path: infoPath, below: BFM_VERTEX_COUNT }),
    uv: await readUv(need),
  };
}

type Expressions = Pick<BfmArrays, "expression" | "expressionDeviations"> & { readonly expressionMean: Float32Array };

async function readExpressions(path: string): Promise<Expressions> {
  const read = await readFields(path, {
    mu_exp: meanShape(BFM_VERTEX_COUNT),
    w_exp: modesShape(BFM_VERTEX_COUNT, BFM_EXPRESSION_COUNT),
    sigma_exp: vector(BFM_EXPRESSION_COUNT),
  });
  return {
    expressionMean: read.mu_exp.values,
    expression: columns(read.w_exp),
    expressionDeviations: deviations(read.sigma_exp, path),
  };
}

/** Exp_Pca.bin: the number of modes (int32), their mean and each of them in single precision, little-endian. */
async function readGuo(path: string, deviationsPath: string): Promise<Expressions> {
  const count = 3 * BFM_VERTEX_COUNT;
  const wanted = 4 + 4 * count * (1 + GUO_COUNT);
  const { size } = await Deno.stat(path);
  if (size !== wanted) throw new InputError(`Cannot read ${path}: it has ${size} bytes, wanted ${wanted}`);
  const bytes = await Deno.readFile(path).catch((error) => refuseFile(path, error));
  const view = new DataView(bytes.buffer);
  if (view.getInt32(0, true) !== GUO_COUNT) {
    throw new InputError(`Cannot read ${path}: it has ${view.getInt32(0, true)} modes, wanted ${GUO_COUNT}`);
  }
  const text = await Deno.readTextFile(deviationsPath).catch((error) => refuseFile(deviationsPath, error));
  const listed = text.split(/\s+/).filter(Boolean).map(Number);
  if (listed.length !== GUO_COUNT) {
    throw new InputError(`Cannot read ${deviationsPath}: it has ${listed.length} numbers, wanted ${GUO_COUNT}`);
  }
  return {
    expressionMean: new Float32Array(count),
    expression: Array.from(
      { length: GUO_COUNT },
      (_, mode) => finite(new Float32Array(bytes.buffer, 4 + 4 * count * (1 + mode), count), path),
    ),
    expressionDeviations: checkDeviations(Float64Array.from(listed), deviationsPath),
  };
}

const trimField = { trimIndex: vector(BFM_VERTEX_COUNT) };

async function readUv(need: Need): Promise<Float32Array> {
  const path = need("BFM_UV.mat");
  const { UV } = await readFields(path, { UV: [[BFM_VERTEX_COUNT, 2], [WHOLE_COUNT, 2]] });
  const [count] = UV.shape as [number];
  const outside = UV.values.findIndex((value) => !(value >= 0 && value <= 1));
  if (outside >= 0) throw new InputError(`Cannot use UV of ${path}: it has ${UV.values[outside]}, wanted 0 to 1`);
  const at = (vertex: number) => [UV.values[vertex]!, UV.values[count + vertex]!] as const;
  if (count === BFM_VERTEX_COUNT) {
    return Float32Array.from({ length: 2 * count }, (_, i) => at(i >> 1)[i % 2]!);
  }
  const infoPath = need("model_info.mat");
  const { trimIndex } = await readFields(infoPath, trimField);
  const uv = Float32Array.from([...vertexNumbers(trimIndex, { path: infoPath, below: WHOLE_COUNT })].flatMap(at));
  for (const [vertex, around] of misplaced) {
    for (let k = 0; k < 2; k++) {
      uv[2 * vertex + k] = around.reduce((total, other) => total + uv[2 * other + k]!, 0) / around.length;
    }
  }
  return uv;
}

/** Vertices that BFM_UV.mat has elsewhere than their neighbors, and those whose mean face3d puts there; from 0. */
const misplaced = [[10031, [10032, 10157]], [10154, [10533, 10156, 10660]], [10279, [10915, 10285]]] as const;

/** Shapes that a field may have; 0 is any length. */
type Shapes = readonly (readonly [rows: number, columns: number])[];

function meanShape(vertexCount: number): Shapes {
  return [[3 * vertexCount, 1]];
}

function modesShape(vertexCount: number, count: number): Shapes {
  return [[3 * vertexCount, count]];
}

function vector(length: number): Shapes {
  return [[length, 1], [1, length]];
}

function rows(count: number): Shapes {
  return [[count, 0]];
}

/** Triangles are few million at most: what the shape leaves open, no file may make large. */
const MOST_COLUMNS = 2 ** 20;

type Field = MatArray<Float32Array> & { readonly values: Float32Array };

/** Fields of a MAT-file, in these shapes; those of another shape are not inflated. */
async function readFields<Name extends string>(
  path: string,
  shapes: Readonly<Record<Name, Shapes>>,
): Promise<Readonly<Record<Name, Field>>> {
  const refuse = (name: string, found: string) => {
    const wanted = shapes[name as Name].map((shape) => shape.map((length) => length || "n").join("×")).join(" or ");
    throw new InputError(`Cannot use ${name} of ${path}: found ${found}, wanted ${wanted} real numbers`);
  };
  const variables = await readMatrices(path, {
    isWanted: (name, shape) => {
      if (!Object.hasOwn(shapes, name)) return false;
      const fits = shapes[name as Name].some((wanted) =>
        shape.length === 2 &&
        wanted.every((length, k) => length === 0 ? shape[k]! <= MOST_COLUMNS : length === shape[k])
      );
      if (!fits) refuse(name, shape.join("×"));
      return true;
    },
  });
  for (const name of Object.keys(shapes)) {
    const { values, shape, className } = variables.get(name) ?? { shape: [], className: "no such field" };
    if (!values) refuse(name, `${shape.join("×")} ${className}`.trim());
    finite(values!, `${name} of ${path}`);
  }
  return Object.fromEntries(variables) as Readonly<Record<Name, Field>>;
}

function finite<Numbers extends Float32Array | Float64Array>(values: Numbers, what: string): Numbers {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) {
      throw new InputError(`Cannot use ${what}: it has ${values[i]} at ${i}, wanted finite numbers`);
    }
  }
  return values;
}

/** Views of a column-major matrix's columns. */
function columns({ values, shape }: Field): Float32Array[] {
  const [length, count] = shape as [number, number];
  return Array.from({ length: count }, (_, column) => values.subarray(column * length, (column + 1) * length));
}

function deviations({ values }: Field, path: string): Float64Array {
  return checkDeviations(Float64Array.from(values), path);
}

function checkDeviations(values: Float64Array, path: string): Float64Array {
  const wrong = values.find((value) => !(value > 0 && value < Infinity));
  if (wrong === undefined) return values;
  throw new InputError(`Cannot use ${path}: a mode's standard deviation is ${wrong}, wanted above 0`);
}

/** From MATLAB's 1 to 0. */
function vertexNumbers(
  { values }: Field,
  { path, below }: { readonly path: string; readonly below: number },
): Uint32Array {
  const wrong = values.find((value) => !(Number.isInteger(value) && value >= 1 && value <= below));
  if (wrong !== undefined) {
    throw new InputError(`Cannot use ${path}: it names vertex ${wrong}, wanted whole numbers from 1 to ${below}`);
  }
  return Uint32Array.from(values, (value) => value - 1);
}

function sum(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value + b[i]!);
}

async function findFiles(given: readonly string[]) {
  const paths = new Map<FileName, string>();
  const files = await filesBelow(given);
  for (const path of files) {
    const lower = basename(path).toLowerCase();
    const name = fileNames.find((name) => name.toLowerCase() === lower) ?? aliases[lower];
    if (name && !paths.has(name)) paths.set(name, path);
  }
  return { paths, pickle: files.find((path) => isPickle(path)) };
}

function refuseFile(path: string, error: unknown): never {
  throw new InputError(`Cannot read ${path}: ${reasonOf(error)}; files of the Basel Face Model were expected`);
}
