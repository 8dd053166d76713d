import * as tf from "@tensorflow/tfjs";
import { landmarkCrop } from "@/lib/data/maps/crop.ts";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { LANDMARK_COUNT, valuesAt, vertexPoints } from "@/lib/face/landmarks.ts";
import { type FaceSurface, meshLandmarks } from "@/lib/face/morphable_model.ts";
import { flipped } from "@/lib/face/orientation.ts";
import { regionsFromLandmarks } from "@/lib/face/regions.ts";
import { listBundle, readBundle } from "@/lib/formats/tensor_bundle.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { buildPrnet } from "@/lib/model/prnet.ts";
import type { TrainedModel } from "@/lib/model/trained_model.ts";

/** PRNet's release (https://github.com/yfeng95/PRNet): of its images, and the side of its crops over a face's. */
const [IMAGE_SIZE, WIDTH, MARGIN] = [256, 16, 1.6];
const SCOPE = "resfcn256/";
/** What training leaves behind and nothing else needs. */
const OF_TRAINING = /\/Adam(_1)?$|^beta[12]_power$/;

/**
 * PRNet's published weights and surface as a trained model.
 *
 * @param checkpoint what the checkpoint's files begin with, such as "256_256_resfcn256_weight"
 * @param uvData the folder of `uv_kpt_ind.txt`, `face_ind.txt` and `triangles.txt`, the release's `Data/uv-data`
 * @throws {InputError} a file is missing or damaged; the checkpoint lacks a variable of the network, has one of another
 * shape, or one that the network has no place for
 */
export async function importPrnet(
  { checkpoint, uvData }: { readonly checkpoint: string; readonly uvData: string },
): Promise<TrainedModel> {
  const surface = await readSurface(uvData);
  const network = buildPrnet({ imageSize: IMAGE_SIZE, width: WIDTH, seed: 0 });
  try {
    await loadVariables(network, checkpoint);
  } catch (error) {
    network.dispose();
    throw error;
  }
  const face = builtInFace(); // PRNet's own mean face is not part of its release
  const neutralLandmarks = valuesAt(meshLandmarks(face), face.mean);
  return {
    network,
    description: {
      architecture: "prnet",
      imageSize: IMAGE_SIZE,
      encoding: "prnet",
      crop: { margin: MARGIN },
      surface,
      meanLandmarks: meanLandmarks(neutralLandmarks),
      neutralLandmarks,
      license: "PRNet's authors'; learned from 300W-LP, for research",
    },
  };
}

async function loadVariables(network: tf.LayersModel, checkpoint: string): Promise<void> {
  const refuse = (reason: string) => {
    throw new InputError(`Cannot import PRNet's checkpoint ${checkpoint}: ${reason}`);
  };
  const found = (await listBundle(checkpoint)).filter(({ name }) => !OF_TRAINING.test(name));
  const shapes = new Map(found.map(({ name, shape }) => [name, shape.join(" × ")]));
  const places = new Map(network.weights.map((weight) => [variableName(weight), weight]));
  for (const [name, { shape }] of places) {
    const wanted = shape.join(" × ");
    if (shapes.get(name) !== wanted) refuse(`wanted ${name} of ${wanted}, found ${shapes.get(name) ?? "none"}`);
  }
  const left = found.find(({ name }) => !places.has(name));
  if (left) refuse(`it has ${left.name}, for which the network has no place`);
  const tensors = await readBundle(checkpoint, (name) => places.has(name));
  tf.tidy(() => {
    for (const [name, weight] of places) {
      weight.write(tf.tensor(tensors.get(name)!.values as Float32Array, weight.shape as number[], "float32"));
    }
  });
}

function variableName({ originalName }: tf.LayerVariable): string {
  return SCOPE + originalName.replace(/\/kernel$/, "/weights");
}

/** The texels that show the face, as vertices in their middles. */
async function readSurface(folder: string): Promise<FaceSurface> {
  const texels = await readIntegers(`${folder}/face_ind.txt`, IMAGE_SIZE ** 2);
  const triangles = await readIntegers(`${folder}/triangles.txt`, texels.length);
  const places = await readIntegers(`${folder}/uv_kpt_ind.txt`, IMAGE_SIZE);
  if (triangles.length % 3 !== 0) {
    throw new InputError(`Cannot read ${folder}/triangles.txt: ${triangles.length} numbers are not three a triangle`);
  }
  if (places.length !== 2 * LANDMARK_COUNT) {
    throw new InputError(`Cannot read ${folder}/uv_kpt_ind.txt: wanted 2 × 68 numbers, found ${places.length}`);
  }
  const uv = Float32Array.from(texels.flatMap((texel) => uvOf(texel % IMAGE_SIZE, Math.floor(texel / IMAGE_SIZE))));
  const vertices = Array.from({ length: LANDMARK_COUNT }, (_, landmark) => {
    const [u, v] = uvOf(places[landmark]!, places[LANDMARK_COUNT + landmark]!);
    return nearestVertex(uv, u, v);
  });
  const flat = (points: Float32Array) =>
    // as if the map's texels were a face seen from the front
    Float32Array.from({ length: points.length / 2 * 3 }, (_, i) =>
      i % 3 === 2 ? 0 : i % 3 === 0 ? points[2 * Math.floor(i / 3)]! : -points[2 * Math.floor(i / 3) + 1]!);
  const points = vertexPoints(vertices);
  const regions = regionsFromLandmarks(flat(uv), flat(valuesAt(points, uv, { dimensions: 2 })));
  return { uv, triangles: facingViewer(Uint32Array.from(triangles), uv), landmarks: { "300w-lp": points }, regions };
}

/** Turned over where they are clockwise in the map, which is a face seen from the front: the release writes meshes so itself. */
function facingViewer(triangles: Uint32Array, uv: Float32Array): Uint32Array {
  let area = 0; // below 0 where they are counter-clockwise, v being down
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [2 * triangles[t]!, 2 * triangles[t + 1]!, 2 * triangles[t + 2]!];
    area += (uv[b]! - uv[a]!) * (uv[c + 1]! - uv[a + 1]!) - (uv[c]! - uv[a]!) * (uv[b + 1]! - uv[a + 1]!);
  }
  return area > 0 ? flipped(triangles) : triangles;
}

function uvOf(column: number, row: number): [number, number] {
  return [(column + 0.5) / IMAGE_SIZE, (row + 0.5) / IMAGE_SIZE];
}

function nearestVertex(uv: Float32Array, u: number, v: number): number {
  let [nearest, least] = [0, Infinity];
  for (let vertex = 0; vertex < uv.length / 2; vertex++) {
    const distance = (uv[2 * vertex]! - u) ** 2 + (uv[2 * vertex + 1]! - v) ** 2;
    if (distance < least) [nearest, least] = [vertex, distance];
  }
  return nearest;
}

/** The whole numbers of a file of NumPy's `savetxt`, each from 0 and below the limit. */
async function readIntegers(path: string, limit: number): Promise<number[]> {
  let text;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new InputError(`Cannot read ${path}: ${reasonOf(error)}; PRNet's release has it in Data/uv-data`);
  }
  const words = text.split(/\s+/).filter((word) => word !== "");
  const numbers = words.map(Number);
  const bad = numbers.findIndex((value) => !(Number.isInteger(value) && value >= 0 && value < limit));
  if (bad < 0 && numbers.length > 0) return numbers;
  throw new InputError(
    `Cannot read ${path}: wanted whole numbers from 0 to ${limit - 1}, found ${
      bad < 0 ? "none" : `"${words[bad]!.slice(0, 20)}"`
    }`,
  );
}

/** Landmarks of a face at rest that looks at the viewer, in crop sides. */
function meanLandmarks(neutral: Float32Array): Float32Array {
  const rotation = poseRotation({ pitch: 0, yaw: 0, roll: 0 });
  const seen = placeInImage(neutral, { rotation, scale: 1, translation: [0, 0, 0] });
  const { left, top, side } = landmarkCrop(seen, { margin: MARGIN });
  const farthest = Math.min(...seen.filter((_, i) => i % 3 === 2));
  const origin = [left, top, farthest];
  return seen.map((value, i) => (value - origin[i % 3]!) / side);
}
