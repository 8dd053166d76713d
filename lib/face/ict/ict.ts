import * as z from "zod";
import { InputError } from "@/lib/errors.ts";
import { cacheFolder, type FileFacts, fileFacts, isFile, parseJson, readText, refuseFile } from "@/lib/files.ts";
import { fingerprint, keptModel } from "@/lib/face/model_file.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import { materialNumbers, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { parseObj, parseObjShape } from "@/lib/face/obj/obj.ts";
import { gazeShift } from "@/lib/face/ict/ict_eyes.ts";
import { drawnModel } from "@/lib/face/openness.ts";
import { relaxUv } from "@/lib/face/relax_uv.ts";
import { pointsAt } from "@/lib/geometry/vectors.ts";
import { ictParts, vertexCount } from "@/lib/face/ict/ict_parts.ts";

export interface IctOptions {
  /** Where the converted model is kept; posmap's cache folder unless given. */
  readonly cacheFolder?: string;
  /** Called with the part done, up to 1, in the first load, which takes 10 to 20 s; later ones take half a second. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * ICT-FaceKit's light model (Li et al., CVPR 2020; MIT license): 100 identity modes, 53 expression modes named as
 * ARKit's, in centimeters. `folder` is its FaceXModel or the folder that holds it.
 *
 * Throws an InputError where a file is missing or damaged.
 */
export async function loadIct(folder: string, options: IctOptions = {}): Promise<MorphableModel> {
  const ict = await listFiles(folder);
  const path = `${options.cacheFolder ?? await cacheFolder()}/ict-${fingerprint(ict.folder)}.model`;
  const stamp = fingerprint(JSON.stringify([CONVERSION, ict.files]));
  return await keptModel(path, { stamp, make: () => convert(ict, options.onProgress ?? (() => {})) });
}

interface IctFiles {
  /** The real path of FaceXModel. */
  readonly folder: string;
  readonly identities: readonly string[];
  readonly expressions: readonly string[];
  /** [68] vertices. */
  readonly landmarks: readonly number[];
  /** Facts of every file that the model is made from. */
  readonly files: readonly FileFacts[];
}

/** Version of the conversion's result: code that changes it, even by rounding, raises this, so that models are converted anew. */
const CONVERSION = 1;
const NEUTRAL = "generic_neutral_mesh.obj";
const FACTS = "vertex_indices.json";
const factsSchema = z.object({
  expressions: z.array(z.string().regex(/^\w+$/, "names of files are wanted")),
  idx_to_landmark_verts: z.array(z.int().min(0).max(vertexCount - 1)).length(LANDMARK_COUNT),
});
const IDENTITY_COUNT = 100;
const eyeMaterials = new Set(materialNumbers("sclera", "iris", "pupil"));

async function listFiles(given: string): Promise<IctFiles> {
  const folder = await findFolder(given);
  const path = `${folder}/${FACTS}`;
  const { expressions, idx_to_landmark_verts: landmarks } = parseJson(await readText(path), {
    path,
    schema: factsSchema,
  });
  const identities = Array.from({ length: IDENTITY_COUNT }, (_, i) => `identity${String(i).padStart(3, "0")}`);
  const names = [FACTS, NEUTRAL, ...[...identities, ...expressions].map((name) => `${name}.obj`)];
  const factsOf = (path: string) => fileFacts(path).catch((error) => refuseFile(path, error));
  const files = await Array.fromAsync(names, (name) => factsOf(`${folder}/${name}`));
  return { folder, identities, expressions, landmarks, files };
}

/** FaceXModel's real path in a folder that holds it, or is it; undefined where it is not there. */
export async function findIctFolder(given: string): Promise<string | undefined> {
  for (const folder of [given, `${given}/FaceXModel`]) {
    const found = await isFile(`${folder}/${NEUTRAL}`);
    if (found) return await Deno.realPath(folder);
  }
  return undefined;
}

async function findFolder(given: string): Promise<string> {
  const found = await findIctFolder(given);
  if (found !== undefined) return found;
  throw new InputError(`Cannot open ICT-FaceKit in ${given}: no ${NEUTRAL} there nor in its FaceXModel folder`);
}

async function convert(ict: IctFiles, onProgress: (done: number) => void): Promise<MorphableModel> {
  const neutralPath = `${ict.folder}/${NEUTRAL}`;
  const neutralText = await readText(neutralPath);
  if (!neutralText.endsWith("\n")) {
    throw new InputError(`Cannot read ${neutralPath}: it ends within a line (is it truncated?)`);
  }
  const neutral = parseObj(neutralText, neutralPath);
  const { vertices, ...parts } = ictParts(neutral, ict.landmarks, neutralPath);
  const mean = pointsAt(neutral.positions, vertices);
  const eyeballs = new Set(
    parts.triangles.filter((_, corner) => eyeMaterials.has(parts.materials[Math.floor(corner / 3)]!)),
  );

  let filesRead = 0;
  const fileCount = ict.identities.length + ict.expressions.length;
  const readMode = async (name: string) => {
    const path = `${ict.folder}/${name}.obj`;
    const shape = parseObjShape(await readText(path), path, neutralText);
    if (shape.length !== neutral.positions.length) {
      throw new InputError(
        `Cannot read ${path}: it has ${shape.length / 3} vertices, wanted ${vertexCount} as in ${NEUTRAL}`,
      );
    }
    const mode = pointsAt(shape.map((value, i) => value - neutral.positions[i]!), vertices);
    const gaze = gazeShift(name);
    if (gaze) { for (const v of eyeballs) mode.set(gaze(mean[3 * v]!, mean[3 * v + 1]!, mean[3 * v + 2]!), 3 * v); }
    onProgress(READING * ++filesRead / fileCount);
    return mode;
  };
  const identityModes = await Array.fromAsync(ict.identities, readMode);
  const expressionModes = await Array.fromAsync(ict.expressions, readMode);
  const model = { name: "ICT-FaceKit", mean, identityModes, expressionModes, ...parts };
  const uv = relaxedUv(model, (done) => onProgress(READING + (1 - READING) * done));
  return drawnModel({ ...model, expressionNames: ict.expressions, surface: { ...parts.surface, uv } });
}

/** The part of the first load that reading takes. */
const READING = 0.5;

/**
 * ICT-FaceKit's UVs crowd the inside of its nostrils and lids into less than a texel, where they are up to 15 pixels
 * deep. The figures leave the smallest error in what is read back from a position map of 256 texels.
 */
function relaxedUv(
  { mean, identityModes, expressionModes, surface, surfaceVertices }: Omit<MorphableModel, "expressionNames">,
  onProgress: (done: number) => void,
): Float32Array {
  const onSurface = (positions: Float32Array) => pointsAt(positions, surfaceVertices);
  const sweeps = 400;
  return relaxUv({
    uv: surface.uv,
    triangles: surface.triangles,
    mean: onSurface(mean),
    modes: [
      ...identityModes.map((mode) => ({ shape: onSurface(mode), variance: 1 })),
      ...expressionModes.map((mode) => ({ shape: onSurface(mode), variance: 0.5 })),
    ],
  }, { sweeps, grain: 0.12, foldWeight: 10, onProgress: (done) => onProgress(done / sweeps) });
}
