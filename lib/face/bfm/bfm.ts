/**
 * The Basel Face Model with expressions, as 300W-LP, 3DDFA, face3d and PRNet use it:
 *
 *     const { model, identityDeviations, expressionDeviations } = await loadBfm(["300W_LP/Code", "BFM_UV.mat"]);
 *     shapeFace(model, { identity: Shape_Para[k] / identityDeviations[k], expression: Exp_Para[k] / expressionDeviations[k] })
 *
 * gives the vertices of a fit of 300W-LP, in micrometers, y up, which `fittedPlacement` takes into its photo: the model's mean
 * is mu_shape + mu_exp, its modes are w's and w_exp's columns times the deviations. `savePreparedFace` and `readPreparedFace`
 * of lib/face/prepared_face.ts keep all of it in one file; `withoutNeck` of lib/face/prune.ts cuts off the neck.
 */
import { BFM_EXPRESSION_COUNT, BFM_VERTEX_COUNT, type BfmArrays, readBfmFiles } from "@/lib/face/bfm/bfm_files.ts";
import { InputError } from "@/lib/errors.ts";
import { componentName } from "@/lib/face/expression_names.ts";
import { valuesAt, vertexPoints } from "@/lib/face/landmarks.ts";
import { checkModel, materialNumbers, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { checkFacing, flipped, noseFacesViewer } from "@/lib/face/orientation.ts";
import type { PreparedFace } from "@/lib/face/prepared_face.ts";
import { regionsFromLandmarks } from "@/lib/face/regions.ts";

/** A prepared face whose deviations are known. */
export interface BaselFace extends PreparedFace {
  /** 53,215 vertices in micrometers, 199 identity modes; landmarks in the convention 300w-lp. */
  readonly model: MorphableModel;
  /** [199], `sigma`. */
  readonly identityDeviations: Float64Array;
  /** [29], `sigma_exp`; [79] where the expressions are Guo's, which 300W-LP's parameters are not of. */
  readonly expressionDeviations: Float64Array;
}

/** Whoever uses the model has agreed to this; weights made from it are for research too. */
const LICENSE = "Basel Face Model (University of Basel), for non-commercial research only";

/**
 * The model in these files, or in those of these folders; see {@linkcode readBfmFiles}. Takes the memory of the modes twice, as
 * long as it lasts. Throws an InputError where files are missing or wrong.
 */
export async function loadBfm(paths: readonly string[]): Promise<BaselFace> {
  return baselFace(await readBfmFiles(paths), paths.join(", "));
}

/** Whether fits of 300W-LP are of this model's modes. */
export function fits300wLp({ model, expressionDeviations }: PreparedFace): boolean {
  return model.mean.length === 3 * BFM_VERTEX_COUNT && expressionDeviations?.length === BFM_EXPRESSION_COUNT;
}

function baselFace(arrays: BfmArrays, path: string): BaselFace {
  const { mean, identityDeviations, expressionDeviations } = arrays;
  const landmarks = vertexPoints(arrays.landmarks);
  const atLandmarks = valuesAt(landmarks, mean);
  checkFacing(atLandmarks, (found) => {
    throw new InputError(`Cannot use the Basel Face Model of ${path}: ${found}`);
  });
  const triangles = noseFacesViewer(mean, arrays.triangles, landmarks) ? arrays.triangles : flipped(arrays.triangles);
  const model: MorphableModel = {
    name: "BFM",
    mean,
    identityModes: scaled(arrays.identity, identityDeviations),
    expressionModes: scaled(arrays.expression, expressionDeviations),
    expressionNames: arrays.expression.map((_, mode) => componentName(mode)),
    triangles,
    materials: new Uint8Array(triangles.length / 3).fill(materialNumbers("skin")[0]!),
    surface: {
      uv: texelUv(arrays.uv),
      triangles,
      landmarks: { "300w-lp": landmarks },
      regions: regionsFromLandmarks(mean, atLandmarks),
    },
    surfaceVertices: Uint32Array.from({ length: mean.length / 3 }, (_, vertex) => vertex),
  };
  checkModel(model);
  return { model, identityDeviations, expressionDeviations, license: LICENSE };
}

/** Each mode as one standard deviation. */
function scaled(modes: readonly Float32Array[], deviations: Float64Array): Float32Array[] {
  return modes.map((mode, k) => mode.map((value) => value * deviations[k]!));
}

/** Texels a side of PRNet's maps. */
const MAP_SIZE = 256;

/**
 * Where face3d and PRNet put a vertex: u = 0 and 1 in the middles of a map's first and last texel, v up. With these
 * coordinates, maps of 256 texels are theirs to the texel.
 */
function texelUv(uv: Float32Array): Float32Array {
  return uv.map((value, i) => ((i % 2 === 0 ? value : 1 - value) * (MAP_SIZE - 1) + 0.5) / MAP_SIZE);
}
