import { basename } from "node:path";
import { counted } from "@/lib/counted.ts";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import { filesBelow } from "@/lib/files.ts";
import { type MatArray, readMatrices } from "@/lib/formats/mat.ts";
import { isPickle } from "@/lib/formats/npy.ts";
import { mean } from "@/lib/numbers.ts";

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
  "BFM.mat": "from face3d's examples/Data/BFM/generate.m",
  "Model_Shape.mat":
    "from ModelGenerate.m of 300W-LP's folder Code/ModelGeneration, which makes it of 01_MorphableModel.mat",
  "Model_Exp.mat": "from 300W-LP's folder Code (3DDFA calls it Model_Expression.mat)",
  "01_MorphableModel.mat": "from https://faces.dmi.unibas.ch/bfm, the Basel Face Model 2009",
  "model_info.mat": "from 300W-LP's folder Code/ModelGeneration",
  "BFM_UV.mat": "from https://github.com/anilbas/3DMMasSTN/blob/master/util/BFM_UV.mat or face3d",
  "Exp_Pca.bin": "from https://github.com/Juyong/3DFace",
  "std_exp.txt": "from https://github.com/microsoft/Deep3DFaceReconstruction",
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
  const files = new BfmFiles(given, await filesBelow(given));
  const missing = ({ names }: Layout) => names.filter((name) => !files.has(name)).length;
  const begun = layouts.filter(({ names: [first] }) => files.has(first!)).sort((a, b) => missing(a) - missing(b));
  const { names, read } = begun[0] ?? withoutMatlab;
  files.need(...names); // before a long time of reading
  return await read(files);
}

/** Files that make the model together, the one first that tells them from others. */
interface Layout {
  readonly names: readonly FileName[];
  readonly read: (files: BfmFiles) => Promise<BfmArrays>;
}

const withoutMatlab: Layout = {
  names: ["01_MorphableModel.mat", "model_info.mat", "Model_Exp.mat", "BFM_UV.mat"],
  read: (files) => readWhole(files, async () => await readExpressions(...files.need("Model_Exp.mat"))),
};
/** The better ones first. */
const layouts: readonly Layout[] = [
  { names: ["BFM.mat", "BFM_UV.mat"], read: readFace3d },
  { names: ["Model_Shape.mat", "Model_Exp.mat", "BFM_UV.mat"], read: readTrimmed },
  withoutMatlab,
  {
    names: ["01_MorphableModel.mat", "model_info.mat", "Exp_Pca.bin", "std_exp.txt", "BFM_UV.mat"],
    read: (files) => readWhole(files, async () => await readGuo(...files.need("Exp_Pca.bin", "std_exp.txt"))),
  },
];

async function readFace3d(files: BfmFiles): Promise<BfmArrays> {
  const [path] = files.need("BFM.mat");
  const read = await readFields(path, {
    "model.shapeMU": meanShape(BFM_VERTEX_COUNT),
    "model.shapePC": modesShape(BFM_VERTEX_COUNT, IDENTITY_COUNT),
    "model.shapeEV": vectorShape(IDENTITY_COUNT),
    "model.expMU": meanShape(BFM_VERTEX_COUNT),
    "model.expPC": modesShape(BFM_VERTEX_COUNT, BFM_EXPRESSION_COUNT),
    "model.expEV": vectorShape(BFM_EXPRESSION_COUNT),
    "model.tri": rows(3),
    "model.kpt_ind": vectorShape(LANDMARK_COUNT),
  });
  return {
    mean: sum(read["model.shapeMU"].values, read["model.expMU"].values),
    identity: columns(read["model.shapePC"]),
    identityDeviations: deviations(read["model.shapeEV"], path),
    expression: columns(read["model.expPC"]),
    expressionDeviations: deviations(read["model.expEV"], path),
    triangles: vertexNumbers(read["model.tri"], { path, below: BFM_VERTEX_COUNT }),
    landmarks: vertexNumbers(read["model.kpt_ind"], { path, below: BFM_VERTEX_COUNT }),
    uv: await readUv(files),
  };
}

async function readTrimmed(files: BfmFiles): Promise<BfmArrays> {
  const [path, expressionPath] = files.need("Model_Shape.mat", "Model_Exp.mat");
  const read = await readFields(path, {
    mu_shape: meanShape(BFM_VERTEX_COUNT),
    w: modesShape(BFM_VERTEX_COUNT, IDENTITY_COUNT),
    sigma: vectorShape(IDENTITY_COUNT),
    tri: rows(3),
    keypoints: vectorShape(LANDMARK_COUNT),
  });
  const { expressionMean, ...expressions } = await readExpressions(expressionPath);
  return {
    mean: sum(read.mu_shape.values, expressionMean),
    identity: columns(read.w),
    identityDeviations: deviations(read.sigma, path),
    ...expressions,
    triangles: vertexNumbers(read.tri, { path, below: BFM_VERTEX_COUNT }),
    landmarks: vertexNumbers(read.keypoints, { path, below: BFM_VERTEX_COUNT }),
    uv: await readUv(files),
  };
}

async function readWhole(files: BfmFiles, readOwn: () => Promise<Expressions>): Promise<BfmArrays> {
  const [path, infoPath] = files.need("01_MorphableModel.mat", "model_info.mat");
  const { expressionMean, ...expressions } = await readOwn();
  const info = await readFields(infoPath, { ...trimField, tri: rows(3), keypoints: vectorShape(LANDMARK_COUNT) });
  const trim = vertexNumbers(info.trimIndex, { path: infoPath, below: WHOLE_COUNT });
  const read = await readFields(path, {
    shapeMU: meanShape(WHOLE_COUNT),
    shapePC: modesShape(WHOLE_COUNT, IDENTITY_COUNT),
    shapeEV: vectorShape(IDENTITY_COUNT),
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
    uv: await readUv(files),
  };
}

type Expressions = Pick<BfmArrays, "expression" | "expressionDeviations"> & { readonly expressionMean: Float32Array };

async function readExpressions(path: string): Promise<Expressions> {
  const read = await readFields(path, {
    mu_exp: meanShape(BFM_VERTEX_COUNT),
    w_exp: modesShape(BFM_VERTEX_COUNT, BFM_EXPRESSION_COUNT),
    sigma_exp: vectorShape(BFM_EXPRESSION_COUNT),
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
  if (size !== wanted) refuse(path, `it has ${size} bytes, wanted ${wanted}`);
  const bytes = await Deno.readFile(path).catch((error) => refuse(path, reasonOf(error)));
  const found = new DataView(bytes.buffer).getInt32(0, true);
  if (found !== GUO_COUNT) refuse(path, `it has ${found} modes, wanted ${GUO_COUNT}`);
  const listed = await listedNumbers(deviationsPath);
  if (listed.length !== GUO_COUNT) {
    refuse(deviationsPath, `it has ${counted(listed.length, "number")}, wanted ${GUO_COUNT}`);
  }
  return {
    expressionMean: new Float32Array(count),
    expression: Array.from(
      { length: GUO_COUNT },
      (_, mode) => checkFinite(new Float32Array(bytes.buffer, 4 + 4 * count * (1 + mode), count), { path }),
    ),
    expressionDeviations: checkDeviations(Float64Array.from(listed), deviationsPath),
  };
}

/** Bytes of a text of numbers. */
const MOST_TEXT = 10_000;

async function listedNumbers(path: string): Promise<number[]> {
  const { size } = await Deno.stat(path);
  if (size > MOST_TEXT) refuse(path, `it has ${size} bytes, wanted a list of ${GUO_COUNT} numbers`);
  const text = await Deno.readTextFile(path).catch((error) => refuse(path, reasonOf(error)));
  return text.split(/\s+/).filter(Boolean).map(Number);
}

const trimField = { trimIndex: vectorShape(BFM_VERTEX_COUNT) };

async function readUv(files: BfmFiles): Promise<Float32Array> {
  const [path] = files.need("BFM_UV.mat");
  const { UV } = await readFields(path, { UV: [[BFM_VERTEX_COUNT, 2], [WHOLE_COUNT, 2]] });
  const [count] = UV.shape as [number];
  const outside = UV.values.findIndex((value) => !(value >= 0 && value <= 1));
  if (outside >= 0) refuse(path, `it has ${UV.values[outside]}, wanted 0 to 1`, "UV");
  const at = (vertex: number) => [UV.values[vertex]!, UV.values[count + vertex]!] as const;
  if (count === BFM_VERTEX_COUNT) {
    return Float32Array.from({ length: 2 * count }, (_, i) => at(i >> 1)[i % 2]!);
  }
  const [infoPath] = files.need("model_info.mat");
  const { trimIndex } = await readFields(infoPath, trimField);
  const uv = Float32Array.from([...vertexNumbers(trimIndex, { path: infoPath, below: WHOLE_COUNT })].flatMap(at));
  for (const [vertex, around] of misplaced) {
    for (let k = 0; k < 2; k++) {
      uv[2 * vertex + k] = mean(around.map((other) => uv[2 * other + k]!));
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

function vectorShape(length: number): Shapes {
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
  const refuseField = (name: string, found: string): never => {
    const wanted = shapes[name as Name].map((shape) => shape.map((length) => length || "n").join("×")).join(" or ");
    return refuse(path, `found ${found}, wanted ${wanted} real numbers`, name);
  };
  const odd = new Map<string, readonly number[]>();
  const isWanted = (name: string, shape: readonly number[]) => {
    if (!Object.hasOwn(shapes, name)) return false;
    const fits = shapes[name as Name].some((wanted) =>
      shape.length === 2 &&
      wanted.every((length, k) => length === 0 ? shape[k]! <= MOST_COLUMNS : length === shape[k])
    );
    if (!fits) odd.set(name, shape);
    return fits;
  };
  const variables = await readMatrices(path, { isWanted }).catch((error) => {
    throw error instanceof InputError ? new InputError(`${error.message}; ${adviceOn(path)}`) : error;
  });
  for (const [name, shape] of odd) refuseField(name, shape.join("×"));
  for (const name of Object.keys(shapes)) {
    const { values, shape, className } = variables.get(name) ?? refuseField(name, noneBut([...variables.keys()]));
    if (!values) refuseField(name, `${shape.join("×")} ${className}`);
    checkFinite(values!, { path, field: name });
  }
  return Object.fromEntries(variables) as Readonly<Record<Name, Field>>;
}

/** What a file has in place of a field, by which people tell which file it is. */
function noneBut(names: readonly string[]): string {
  const [most, more] = [names.slice(0, MOST_NAMED).join(", "), names.length > MOST_NAMED ? " …" : ""];
  return `no such field${most && ` but ${most}${more}`}`;
}

const MOST_NAMED = 8;

function checkFinite(
  values: Float32Array,
  { path, field }: { readonly path: string; readonly field?: string },
): Float32Array {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) refuse(path, `it has ${values[i]} at ${i}, wanted finite numbers`, field);
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
  return wrong === undefined ? values : refuse(path, `a mode's standard deviation is ${wrong}, wanted above 0`);
}

/** From MATLAB's 1 to 0. */
function vertexNumbers(
  { values }: Field,
  { path, below }: { readonly path: string; readonly below: number },
): Uint32Array {
  const wrong = values.find((value) => !(Number.isInteger(value) && value >= 1 && value <= below));
  if (wrong !== undefined) refuse(path, `it names vertex ${wrong}, wanted whole numbers from 1 to ${below}`);
  return Uint32Array.from(values, (value) => value - 1);
}

function sum(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value + b[i]!);
}

/** What of the model's files is there. */
class BfmFiles {
  readonly #paths = new Map<FileName, string>();
  readonly #pickle: string | undefined;

  constructor(readonly given: readonly string[], files: readonly string[]) {
    for (const path of files) {
      const name = nameOf(path);
      if (name && !this.#paths.has(name)) this.#paths.set(name, path);
    }
    this.#pickle = files.find(isPickle);
  }

  has(name: FileName): boolean {
    return this.#paths.has(name);
  }

  /** Where these are. Throws an InputError that says of all that are missing where they are from. */
  need<Names extends readonly FileName[]>(...names: Names): { [Place in keyof Names]: string } {
    const missing = names.filter((name) => !this.has(name));
    const paths = names.map((name) => this.#paths.get(name)) as { [Place in keyof Names]: string };
    if (missing.length === 0) return paths;
    const found = [...this.#paths.keys()].join(", ") || "none of its files";
    const wanted = missing.map((name) => `${name} ${origins[name]}`).join(", and ");
    throw new InputError(
      `Cannot make the Basel Face Model of ${this.given.join(", ")}: found ${found}, wanted ${wanted}` +
        (this.#pickle
          ? ` (${this.#pickle} is a pickle of Python, which is not read: it has fewer vertices and modes)`
          : ""),
    );
  }
}

function nameOf(path: string): FileName | undefined {
  const lower = basename(path).toLowerCase();
  return fileNames.find((name) => name.toLowerCase() === lower) ?? aliases[lower];
}

function adviceOn(path: string): string {
  const name = nameOf(path)!;
  return `the right ${name} is ${origins[name]}`;
}

/** @param field what of the file is wrong, where it is no more than that */
function refuse(path: string, found: string, field?: string): never {
  throw new InputError(`Cannot use ${field ? `${field} of ` : ""}${path}: ${found}; ${adviceOn(path)}`);
}
