import { InputError } from "@/lib/errors.ts";
import type { PoseAngles } from "@/lib/geometry/transforms.ts";
import type { Photo } from "@/lib/types.ts";
import { type Box, landmarkBox } from "@/lib/data/maps/crop.ts";
import { decodePhoto } from "@/lib/data/files/images.ts";
import { matNumbers, readMat } from "@/lib/data/files/mat.ts";

/** A real photo with the 3D landmarks of its face. */
export interface AnnotatedPhoto {
  /** Of its files, without extension. */
  readonly name: string;
  readonly photo: Photo;
  /** [68, 3], image space, Multi-PIE order; z is 0 at no particular place. */
  readonly landmarks: Float32Array;
  readonly pose: PoseAngles;
  /** Around the landmarks. */
  readonly box: Box;
}

/**
 * The names of a folder of AFLW2000-3D (Zhu et al., CVPR 2016), in order: each a `.jpg` with its `.mat`. Throws an
 * InputError where there are none, or one lacks its partner.
 */
export async function listAflw2000(folder: string): Promise<string[]> {
  const names = { jpg: new Set<string>(), mat: new Set<string>() };
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const [, stem, extension] = /^(.+)\.(jpg|mat)$/.exec(name) ?? [];
      if (stem !== undefined) names[extension as "jpg" | "mat"].add(stem);
    }
  } catch (error) {
    throw new InputError(
      `Cannot list ${folder}: ${(error as Error).message}; a folder of AFLW2000-3D (.jpg and .mat) was expected`,
    );
  }
  if (names.jpg.size === 0) {
    throw new InputError(`Found no .jpg in ${folder}: a folder of AFLW2000-3D (.jpg and .mat) was expected`);
  }
  for (const [extension, partner] of [["jpg", "mat"], ["mat", "jpg"]] as const) {
    for (const name of names[extension].difference(names[partner])) {
      throw new InputError(`Found ${folder}/${name}.${extension} without its partner: ${name}.${partner} was expected`);
    }
  }
  return [...names.jpg].sort();
}

/** The photos of a folder of AFLW2000-3D one after the other, by name. */
export async function* readAflw2000(folder: string): AsyncGenerator<AnnotatedPhoto> {
  for (const name of await listAflw2000(folder)) yield await readAnnotatedPhoto(folder, name);
}

/** One photo of such a folder, `name.jpg` with its `name.mat`. Throws an InputError where either cannot be read. */
export async function readAnnotatedPhoto(folder: string, name: string): Promise<AnnotatedPhoto> {
  const path = `${folder}/${name}.mat`;
  const variables = await readMat(path);
  const points = matNumbers(variables, { name: "pt3d_68", shape: [3, 68], path });
  const [pitch, yaw, roll] = matNumbers(variables, { name: "Pose_Para", shape: [1, 7], path });
  const landmarks = new Float32Array(points); // column-major [3, 68] is row-major [68, 3]
  // MATLAB's first pixel has its center at 1, ours at 0.5. In AFLW2000-3D's own pt2d, (pt2d − 1) · roi / 450 is whole.
  for (let i = 0; i < landmarks.length; i += 3) {
    landmarks[i]! -= 0.5;
    landmarks[i + 1]! -= 0.5;
  }
  const photo = await decodePhoto(`${folder}/${name}.jpg`);
  return { name, photo, landmarks, pose: { pitch: pitch!, yaw: yaw!, roll: roll! }, box: landmarkBox(landmarks) };
}
