import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import {
  LANDMARK_COUNT,
  landmarkEntries,
  landmarksOf,
  type MeshPoints,
  renumberPoints,
  type SurfaceLandmarks,
} from "@/lib/face/landmarks.ts";

/** What a vertex belongs to, for the loss's weight mask; the order of the numbers in {@linkcode FaceSurface.regions}. */
export const regionNames = ["face", "eyes", "nose", "mouth", "neck"] as const;
export type RegionName = (typeof regionNames)[number];
/** The neck's number, which the loss gives no weight. */
export const NECK = regionNames.indexOf("neck");

/** What a triangle is made of, for its color; the order of the numbers in {@linkcode MorphableModel.materials}. */
export const materialNames = ["skin", "sclera", "iris", "pupil", "lashes", "teeth", "gums", "scalp"] as const;
export type MaterialName = (typeof materialNames)[number];

/** What these materials are in {@linkcode MorphableModel.materials}. */
export function materialNumbers(...names: MaterialName[]): number[] {
  return names.map((name) => materialNames.indexOf(name));
}

/**
 * The part of a model that the position map covers, with vertices of its own: one for each pair of a mesh vertex and
 * a UV, since a vertex on a seam has several.
 */
export interface FaceSurface {
  /** [vertexCount, 2], u right and v down, in [0, 1]. */
  readonly uv: Float32Array;
  /** [triangleCount, 3], indices into the surface's vertices. */
  readonly triangles: Uint32Array;
  /** Points between the surface's vertices. */
  readonly landmarks: SurfaceLandmarks;
  /** [vertexCount], numbers of {@linkcode regionNames}. */
  readonly regions: Uint8Array;
}

/**
 * A linear model of the shapes of faces (Blanz and Vetter, 1999): mean + Σ identity modes + Σ expression modes.
 *
 * Model space: x towards the image's right, y up, z towards the viewer, in the model's own unit; the face looks along
 * +z. `placeInImage` of lib/geometry/transforms.ts takes it to image space.
 */
export interface MorphableModel {
  readonly name: string;
  /** [vertexCount, 3]. */
  readonly mean: Float32Array;
  /** Each [vertexCount, 3]: the change of one standard deviation. */
  readonly identityModes: readonly Float32Array[];
  /** Each [vertexCount, 3]: the change from rest (0) to fully made (1), or of one standard deviation of a component. */
  readonly expressionModes: readonly Float32Array[];
  /**
   * A name for each expression mode, as ARKit has it where ARKit has one, with `_L` and `_R` for the sides; a principal
   * component's says that it is one (lib/face/expression_names.ts).
   */
  readonly expressionNames: readonly string[];
  /** [triangleCount, 3]: everything that is drawn, eyeballs and teeth too. Counter-clockwise seen from outside, y up. */
  readonly triangles: Uint32Array;
  /** [triangleCount], numbers of {@linkcode materialNames}. */
  readonly materials: Uint8Array;
  readonly surface: FaceSurface;
  /** [surface vertexCount]: the mesh vertex of each surface vertex. */
  readonly surfaceVertices: Uint32Array;
  /**
   * [vertexCount], what each vertex sees of its surroundings when the face is at rest (the mouth's inside, when it is
   * open), 0 to 1: missing where `opennessOf` must find it.
   */
  readonly openness?: Float32Array;
}

/** What a model's modes are multiplied by, in their order, to shape one face. */
export interface FaceCoefficients {
  /** In standard deviations; missing ones are 0. */
  readonly identity: ArrayLike<number>;
  /** From 0 to 1, of components in standard deviations; missing ones are 0. */
  readonly expression: ArrayLike<number>;
}

/** The vertices of one face, [vertexCount, 3], in model space. */
export function shapeFace(
  model: MorphableModel,
  { identity, expression }: FaceCoefficients,
  out: Float32Array = new Float32Array(model.mean.length),
): Float32Array {
  if (identity.length > model.identityModes.length || expression.length > model.expressionModes.length) {
    throw new RangeError(
      `Cannot shape a face of the ${model.name} model from ${identity.length} identity and ${expression.length} ` +
        `expression coefficients: it has ${model.identityModes.length} and ${model.expressionModes.length}`,
    );
  }
  out.set(model.mean);
  addModes(out, model.identityModes, identity);
  addModes(out, model.expressionModes, expression);
  return out;
}

/** Adds each mode times its coefficient to `out`, [vertexCount, 3], in place. */
export function addModes(
  out: Float32Array,
  modes: readonly Float32Array[],
  coefficients: ArrayLike<number>,
): void {
  const active = Array.from(coefficients).flatMap((amount, m) => amount === 0 ? [] : [{ amount, mode: modes[m]! }]);
  for (let first = 0; first < active.length; first += 8) {
    // Eight at a time, missing ones 0: `out` is read and written once for all of them.
    const { mode } = active[first]!;
    const eight = Array.from({ length: 8 }, (_, i) => active[first + i] ?? { amount: 0, mode });
    addEightModes(out, eight.map(({ mode }) => mode), eight.map(({ amount }) => amount));
  }
}

function addEightModes(out: Float32Array, modes: readonly Float32Array[], amounts: readonly number[]): void {
  const [m0, m1, m2, m3, m4, m5, m6, m7] = modes as unknown as Eight<Float32Array>;
  const [a0, a1, a2, a3, a4, a5, a6, a7] = amounts as unknown as Eight<number>;
  for (let i = 0; i < out.length; i++) {
    out[i]! += a0 * m0[i]! + a1 * m1[i]! + a2 * m2[i]! + a3 * m3[i]! +
      a4 * m4[i]! + a5 * m5[i]! + a6 * m6[i]! + a7 * m7[i]!;
  }
}

type Eight<T> = readonly [T, T, T, T, T, T, T, T];

/** A model's landmarks as points between the vertices of its mesh. */
export function meshLandmarks(
  { surface, surfaceVertices }: Pick<MorphableModel, "surface" | "surfaceVertices">,
  choose: (landmarks: SurfaceLandmarks) => MeshPoints = landmarksOf,
): MeshPoints {
  return renumberPoints(choose(surface.landmarks), surfaceVertices);
}

/** Throws an InputError unless every index is in range, every number finite, and every array of its length. */
export function checkModel(model: MorphableModel): void {
  const { mean, identityModes, expressionModes, expressionNames, triangles, materials, surface } = model;
  const refuse = (what: string) => {
    throw new InputError(`Cannot use the face model "${model.name}": ${what}`);
  };
  const length = (what: string, found: number, wanted: number) => {
    if (found !== wanted) refuse(`its ${what} have ${counted(found, "number")}, wanted ${wanted}`);
  };
  const below = (what: string, indices: ArrayLike<number>, limit: number) => {
    const found = firstIndex(indices, (value) => !(value < limit));
    if (found >= 0) refuse(`its ${what} name ${indices[found]} at ${found}, wanted less than ${limit}`);
  };
  const finite = (what: string, numbers: ArrayLike<number>) => {
    const found = firstIndex(numbers, (value) => !Number.isFinite(value));
    if (found >= 0) refuse(`its ${what} have ${numbers[found]} at ${found}, wanted finite numbers`);
  };

  const vertexCount = mean.length / 3;
  const surfaceCount = surface.uv.length / 2;
  if (vertexCount === 0 || !Number.isInteger(vertexCount)) {
    refuse(`its mean has ${counted(mean.length, "number")}, wanted 3 each`);
  }
  length("expression names", expressionNames.length, expressionModes.length);
  length("materials", materials.length, triangles.length / 3);
  length("surface regions", surface.regions.length, surfaceCount);
  length("surface vertices", model.surfaceVertices.length, surfaceCount);
  length("surface triangles", surface.triangles.length, 3 * Math.floor(surface.triangles.length / 3));
  below("triangles", triangles, vertexCount);
  below("materials", materials, materialNames.length);
  below("surface triangles", surface.triangles, surfaceCount);
  landmarksOf(surface.landmarks); // there are some
  for (const [convention, { vertices, weights }] of landmarkEntries(surface.landmarks)) {
    length(`landmarks (${convention})`, vertices.length, 3 * LANDMARK_COUNT);
    length(`landmarks' weights (${convention})`, weights.length, 3 * LANDMARK_COUNT);
    below(`landmarks (${convention})`, vertices, surfaceCount);
    const found = firstIndex(weights, (_, i) => !(Math.abs(sumOfThree(weights, i - i % 3) - 1) < 1e-3));
    if (found >= 0) refuse(`the weights of landmark ${Math.floor(found / 3)} (${convention}) do not add up to 1`);
  }
  below("surface regions", surface.regions, regionNames.length);
  below("surface vertices", model.surfaceVertices, vertexCount);
  if (model.openness) length("openness", model.openness.length, vertexCount);
  finite("openness", model.openness ?? []);
  finite("mean", mean);
  finite("texture coordinates", surface.uv);
  if (firstIndex(surface.uv, (value) => value < 0 || value > 1) >= 0) refuse("its texture coordinates leave [0, 1]");
  for (const [kind, modes] of [["identity", identityModes], ["expression", expressionModes]] as const) {
    modes.forEach((mode, m) => {
      length(`${kind} mode ${m}`, mode.length, mean.length);
      finite(`${kind} mode ${m}`, mode);
    });
  }
}

function firstIndex(values: ArrayLike<number>, is: (value: number, index: number) => boolean): number {
  for (let i = 0; i < values.length; i++) if (is(values[i]!, i)) return i;
  return -1;
}

function sumOfThree(values: Float32Array, start: number): number {
  return values[start]! + values[start + 1]! + values[start + 2]!;
}
