import * as z from "zod";
import { counted } from "@/lib/counted.ts";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { LANDMARK_COUNT, type LandmarkConvention, landmarkConventions } from "@/lib/face/landmarks.ts";
import { isFile, parseJson, readText } from "@/lib/files.ts";

/** Landmarks of the faces of photos, as files have them. */
export interface LandmarkFiles {
  /**
   * Landmarks of each face of the photo, [68, 2], in Multi-PIE's order, in the pixels of the photo's file held upright, whose
   * first one has its center at (0.5, 0.5). Undefined where no file says anything of the photo. Throws an InputError where what
   * one says cannot be used.
   *
   * @param name the photo's path within its folder
   * @param size of its file, in pixels
   */
  of(name: string, size: PhotoSize): Promise<Float32Array[] | undefined>;
}

export interface PhotoSize {
  readonly fileWidth: number;
  readonly fileHeight: number;
}

/**
 * Landmarks in a folder with a file for each photo, named as that is (`.pts` or `.json`), or in one file in COCO's format.
 * Where a file says which convention its landmarks are in, those in this one are taken. Throws an InputError where there is
 * neither folder nor file.
 */
export async function openLandmarkFiles(path: string, convention: LandmarkConvention): Promise<LandmarkFiles> {
  const info = await Deno.stat(path).catch((error) => {
    throw new InputError(
      `Cannot find landmarks in ${path}: ${
        reasonOf(error)
      }; a folder of .pts or .json files, or a file in COCO's format ` +
        "was expected",
    );
  });
  return info.isDirectory ? filesBeside(path, convention) : parseCoco(await readText(path), path);
}

function filesBeside(folder: string, convention: LandmarkConvention): LandmarkFiles {
  const parseOurs = (text: string, path: string) => parseFaces(text, { path, convention });
  return {
    async of(name, size) {
      const stem = `${folder}/${name.replace(/\.[^.]*$/, "")}`;
      for (const [extension, parse] of [["pts", parsePts], ["json", parseOurs]] as const) {
        const path = `${stem}.${extension}`;
        if (!await isFile(path)) continue;
        const faces = parse(await readText(path), path);
        for (const landmarks of faces) checkFits(landmarks, { path, name, size });
        return faces;
      }
      return undefined;
    },
  };
}

/**
 * The points of a `.pts` file, as 300-W and most sets with 68 landmarks have them: lines of x and y between braces. As in
 * MATLAB, a first pixel's center is at 1.
 */
export function parsePts(text: string, path: string): Float32Array[] {
  const [, inside] = /\{([^}]*)\}/.exec(text) ?? [];
  const numbers = (inside ?? "").trim().split(/\s+/).map(Number);
  if (inside === undefined || numbers.length !== 2 * LANDMARK_COUNT || !numbers.every(Number.isFinite)) {
    throw new InputError(
      `Cannot use ${path}: ${
        inside === undefined ? "it has no points in braces" : `its braces hold ${counted(numbers.length, "word")}`
      }, ` +
        "68 lines of x and y were expected",
    );
  }
  return [Float32Array.from(numbers, (value) => value - 0.5)];
}

const point = z.array(z.number()).min(2).max(3);
const points = z.array(point).length(LANDMARK_COUNT);
const face = z.looseObject({
  landmarks: points,
  convention: z.enum(landmarkConventions).optional().catch(undefined), // others may mean something else by it
  landmarksByConvention: z.partialRecord(z.enum(landmarkConventions), points).optional().catch(undefined),
});
type Face = z.infer<typeof face>;
const faceFile = z.union([
  points.transform((landmarks): Face[] => [{ landmarks }]),
  face.transform((one) => [one]),
  z.array(face),
], '"landmarks" of 68 [x, y] were expected, or a list of such objects');

/**
 * One face as 68 [x, y], or as an object whose `landmarks` are that, as in the `face.json` of `deno task predict`; or a list of
 * such objects, a face each. A first pixel's center is at 0.5. Throws an InputError where a face has landmarks in another
 * convention only.
 */
export function parseFaces(
  text: string,
  { path, convention }: { readonly path: string; readonly convention: LandmarkConvention },
): Float32Array[] {
  return parseJson(text, { path, schema: faceFile }).map(
    ({ landmarks, convention: stated = convention, landmarksByConvention }) => {
      const found = stated === convention ? landmarks : landmarksByConvention?.[convention];
      if (found) return Float32Array.from(found.flatMap(([x, y]) => [x!, y!]));
      throw new InputError(
        `Cannot use ${path}: its landmarks are in the convention ${stated}, ${convention} was expected; --convention ` +
          `${stated} takes them`,
      );
    },
  );
}

const coco = z.looseObject({
  images: z.array(z.looseObject({
    id: z.union([z.number(), z.string()]),
    file_name: z.string(),
    width: z.number().optional(),
    height: z.number().optional(),
  })),
  annotations: z.array(z.looseObject({
    image_id: z.union([z.number(), z.string()]),
    keypoints: z.array(z.number()).optional(),
    face_kpts: z.array(z.number()).optional(),
    face_valid: z.boolean().optional(),
  })),
});

/**
 * COCO's format: `keypoints` of 68 x, y and visibility, or COCO-WholeBody's `face_kpts`. A pixel's whole number is its center.
 * Faces without any, and points of visibility 0, mean that nothing was marked. A name without folders is that of one photo.
 */
export function parseCoco(text: string, path: string): LandmarkFiles {
  const { images: listed, annotations } = parseJson(text, { path, schema: coco, wanted: "COCO's format was expected" });
  const images = new Map(listed.map((image) => [image.file_name, image]));
  const byImage = Map.groupBy(annotations, ({ image_id }) => image_id);
  /** By the name that the file has for it, the photo that was found by that. */
  const taken = new Map<string, string>();
  return {
    of(name, size) {
      const base = name.replace(/^.*\//, ""), image = images.get(name) ?? images.get(base);
      if (!image) return Promise.resolve(undefined);
      const owner = taken.getOrInsert(image.file_name, name);
      if (owner !== name) {
        throw new InputError(
          `Cannot use ${name} with ${path}: ${base} there was taken for ${owner}; paths with folders were expected`,
        );
      }
      const { width = size.fileWidth, height = size.fileHeight } = image;
      if (width !== size.fileWidth || height !== size.fileHeight) {
        throw new InputError(
          `Cannot use ${name} with ${path}: it has ${size.fileWidth} × ${size.fileHeight} pixels, and there ${width} × ${height}`,
        );
      }
      const faces = (byImage.get(image.id) ?? []).flatMap(({ keypoints, face_kpts, face_valid }) => {
        const found = face_valid === false ? undefined : face_kpts ?? keypoints;
        if (found?.length !== 3 * LANDMARK_COUNT || !found.some((value, i) => i % 3 === 2 && value > 0)) return [];
        return [
          Float32Array.from(
            { length: 2 * LANDMARK_COUNT },
            (_, i) => found[3 * (i >> 1) + 2]! > 0 ? found[3 * (i >> 1) + i % 2]! + 0.5 : NaN,
          ),
        ];
      });
      for (const landmarks of faces) checkFits(landmarks, { path, name, size });
      return Promise.resolve(faces);
    },
  };
}

/** Throws where landmarks are missing, or not where the photo is. */
function checkFits(
  landmarks: Float32Array,
  { path, name, size: { fileWidth, fileHeight } }: {
    readonly path: string;
    readonly name: string;
    readonly size: PhotoSize;
  },
): void {
  let missing = 0, inside = 0;
  for (let i = 0; i < landmarks.length; i += 2) {
    const [x, y] = [landmarks[i]!, landmarks[i + 1]!];
    if (!(Number.isFinite(x + y)) || x === y && (x === -0.5 || x === -1.5 || x === 0 || x === -1)) missing++;
    else if (x >= 0 && y >= 0 && x <= fileWidth && y <= fileHeight) inside++;
  }
  if (missing > 0) {
    throw new InputError(
      `Cannot use ${name} with ${path}: ${missing} of 68 landmarks are not marked, all were expected`,
    );
  }
  if (inside >= LANDMARK_COUNT / 2) return;
  throw new InputError(
    `Cannot use ${name} with ${path}: ${LANDMARK_COUNT - inside} of 68 landmarks lie beside the photo, which has ` +
      `${fileWidth} × ${fileHeight} pixels; landmarks of this photo were expected`,
  );
}
