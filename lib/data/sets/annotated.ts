import { InputError, reasonOf } from "@/lib/errors.ts";
import type { PoseAngles } from "@/lib/geometry/transforms.ts";
import { LANDMARK_COUNT, landmarkBox } from "@/lib/face/landmarks.ts";
import { meanOf } from "@/lib/geometry/vectors.ts";
import type { Box, Photo } from "@/lib/types.ts";
import { decodePhoto } from "@/lib/data/files/images.ts";
import { matNumbers, readMat } from "@/lib/formats/mat.ts";

/** Where the landmarks of a face are, and where it looks. */
export interface Annotation {
  /**
   * [68, 3], image space, Multi-PIE order; z is 0 at no particular place, and NaN where the annotation has no depths.
   */
  readonly landmarks: Float32Array;
  readonly pose: PoseAngles;
  /** [21, 2], what people marked in AFLW, in image space; NaN what they did not see. Where the annotation has them. */
  readonly marked?: Float32Array;
}

/** A real photo with the landmarks of its face. */
export interface AnnotatedPhoto extends Annotation {
  /** Its files' name, without extension. */
  readonly name: string;
  readonly photo: Photo;
  /** Around the landmarks. */
  readonly box: Box;
}

/** The files of an annotated photo. */
export interface AnnotatedFiles {
  readonly name: string;
  readonly photoPath: string;
  readonly matPath: string;
}

/**
 * The photos of a folder of AFLW2000-3D or 300W-LP (Zhu et al., CVPR 2016), in the order of their names: each a
 * picture with its `.mat`, whatever the case of the extensions; files that begin with a dot are passed over. Throws an
 * InputError where there are none, or one lacks its partner.
 */
export async function listAnnotated(folder: string): Promise<AnnotatedFiles[]> {
  const expected = "a folder of AFLW2000-3D or 300W-LP (.jpg and .mat) was expected";
  const [photos, mats] = [new Map<string, string>(), new Map<string, string>()];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const [, stem, extension] = /^([^.].*)\.(jpe?g|png|webp|mat)$/i.exec(name) ?? [];
      if (stem === undefined) continue;
      const files = extension!.toLowerCase() === "mat" ? mats : photos;
      const other = files.get(stem);
      if (other) throw new Error(`both ${other} and ${name} are there`);
      files.set(stem, name);
    }
  } catch (error) {
    throw new InputError(`Cannot list ${folder}: ${reasonOf(error)}; ${expected}`);
  }
  if (photos.size === 0) throw new InputError(`Found no .jpg in ${folder}: ${expected}`);
  for (const [files, partners, extension] of [[photos, mats, "mat"], [mats, photos, "jpg"]] as const) {
    for (const [stem, name] of files) {
      if (partners.has(stem)) continue;
      throw new InputError(`Found ${folder}/${name} without its partner: ${stem}.${extension} was expected`);
    }
  }
  return [...photos.keys()].sort().map((name) => ({
    name,
    photoPath: `${folder}/${photos.get(name)}`,
    matPath: `${folder}/${mats.get(name)}`,
  }));
}

/** Throws an InputError where the photo or its annotation cannot be read. */
export async function readAnnotatedPhoto({ name, photoPath, matPath }: AnnotatedFiles): Promise<AnnotatedPhoto> {
  const annotation = await readAnnotation(matPath);
  if (!annotation) {
    throw new InputError(
      `Cannot use ${matPath}: it has neither pt3d_68 (3×68), as AFLW2000-3D, nor pt2d (2×68), as 300W-LP, and one of ` +
        "them was expected",
    );
  }
  const photo = await decodePhoto(photoPath);
  const scaled = (points: Float32Array) => points.map((value) => value * photo.width / photo.fileWidth);
  const landmarks = scaled(annotation.landmarks);
  const marked = annotation.marked && { marked: scaled(annotation.marked) };
  return { name, photo, landmarks, pose: annotation.pose, box: landmarkBox(landmarks), ...marked };
}

/**
 * A `.mat` of AFLW2000-3D, with landmarks in 3D, or of 300W-LP, with landmarks in 2D, in the pixels of the photo's
 * file. Undefined where it is another's: it has no variable of landmarks. Throws an InputError where it cannot be read,
 * or its landmarks mean that the face is not labeled.
 */
export async function readAnnotation(path: string): Promise<Annotation | undefined> {
  const variables = await readMat(path);
  const in3d = variables.has("pt3d_68");
  if (!in3d && variables.get("pt2d")?.shape.join() !== `2,${LANDMARK_COUNT}`) return undefined;
  const points = in3d
    ? matNumbers(variables, { name: "pt3d_68", shape: [3, LANDMARK_COUNT], path })
    : matNumbers(variables, { name: "pt2d", shape: [2, LANDMARK_COUNT], path });
  const [pitch, yaw, roll] = matNumbers(variables, { name: "Pose_Para", shape: [1, 7], path });
  const stride = points.length / LANDMARK_COUNT; // column-major [3, 68] is row-major [68, 3]
  const landmarks = new Float32Array(3 * LANDMARK_COUNT).fill(NaN);
  for (let i = 0; i < LANDMARK_COUNT; i++) landmarks.set(points.subarray(stride * i, stride * (i + 1)), 3 * i);
  checkLabeled(landmarks, path);
  matlabToImage(landmarks, 3);
  const marked = in3d && variables.get("pt2d")?.shape.join() === "2,21"
    ? { marked: markedPoints(matNumbers(variables, { name: "pt2d", shape: [2, 21], path })) }
    : {};
  return { landmarks, pose: { pitch: pitch!, yaw: yaw!, roll: roll! }, ...marked };
}

/**
 * MATLAB's first pixel has its center at 1, ours at 0.5. In AFLW2000-3D's own pt2d, (pt2d − 1) · roi / 450 is whole. Points
 * are changed.
 *
 * @param stride numbers of a point, of which the first two are x and y
 */
export function matlabToImage(points: Float32Array, stride: 2 | 3): Float32Array {
  for (let i = 0; i < points.length; i++) if (i % stride < 2) points[i]! -= 0.5;
  return points;
}

/** AFLW's points, in MATLAB's pixels, have an x of -1 where they are not visible. */
function markedPoints(values: Float64Array): Float32Array {
  const points = matlabToImage(Float32Array.from(values), 2);
  for (let i = 0; i < 42; i += 2) if (values[i] === -1) points.fill(NaN, i, i + 2);
  return points;
}

/** Determinant of the landmarks' covariance over its trace squared: 0.2 to 0.25 in AFLW2000-3D, 0 on a line. */
const LEAST_SPREAD = 1e-3;

/** Throws where landmarks, in MATLAB's pixels, are at (0, 0) or (-1, -1), which mean "not labeled", or all on a line. */
function checkLabeled(landmarks: Float32Array, path: string): void {
  const all = Array.from({ length: LANDMARK_COUNT }, (_, i) => [landmarks[3 * i]!, landmarks[3 * i + 1]!] as const);
  const missing = all.filter(([x, y]) => x === y && (x === 0 || x === -1)).length;
  if (missing > 0) {
    throw new InputError(`Cannot use the landmarks of ${path}: ${missing} of 68 are not labeled, all were expected`);
  }
  const [meanX, meanY] = meanOf(landmarks);
  const product = (a: (x: number, y: number) => number) =>
    all.reduce((sum, [x, y]) => sum + a(x - meanX, y - meanY), 0);
  const [xx, yy, xy] = [product((x) => x * x), product((_, y) => y * y), product((x, y) => x * y)];
  if (xx * yy - xy * xy > LEAST_SPREAD * (xx + yy) ** 2) return;
  throw new InputError(
    `Cannot use the landmarks of ${path}: they all lie on a line or a point, a face's were expected`,
  );
}
