import { type NpyArray, readNpy } from "@/lib/formats/npy.ts";
import { matlabToImage } from "@/lib/data/sets/annotated.ts";
import { InputError } from "@/lib/errors.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";
import type { Crop } from "@/lib/types.ts";

/** What else is known of a photo of AFLW2000-3D than its `.mat` says. */
export interface MoreAnnotation {
  /** [68, 3], image space, each z NaN: as people corrected the fit's landmarks (Bulat and Tzimiropoulos, ICCV 2017). */
  readonly reannotated: Float32Array;
  /** In radians; of the fit, and of the corrected landmarks. */
  readonly yaws: { readonly fitted: number; readonly reannotated: number };
  /** What 3DDFA's network is shown. */
  readonly crop: Crop;
}

const files = {
  landmarks: "AFLW2000-3D.pts68.npy",
  reannotated: "AFLW2000-3D-Reannotated.pts68.npy",
  fittedYaws: "AFLW2000-3D.pose.npy",
  reannotatedYaws: "AFLW2000-3D-new.pose.npy",
  boxes: "AFLW2000-3D_crop.roi_box.npy",
} as const;

/** The five `.npy` by which 3DDFA's code evaluates (its folder test.configs), of all 2,000 photos. */
export class Aflw2000Annotations {
  private constructor(
    /** [68, 3] each, image space: the fits' landmarks, as in the photos' `.mat`. */
    readonly landmarks: readonly Float32Array[],
    readonly more: readonly MoreAnnotation[],
  ) {}

  /** Throws an InputError where a file is missing, broken, or of another shape. */
  static async read(folder: string): Promise<Aflw2000Annotations> {
    const read = async (file: string, ...rest: readonly number[]) => {
      const path = `${folder}/${file}`;
      const array = await readNpy(path);
      if (array.shape.slice(1).join() === rest.join() && array.shape.length === rest.length + 1) return array;
      throw new InputError(`Cannot use ${path}: it is [${array.shape.join(", ")}], wanted [n, ${rest.join(", ")}]`);
    };
    const [original, reannotated, boxes, fittedYaws, reannotatedYaws] = await Promise.all([
      read(files.landmarks, 3, LANDMARK_COUNT),
      read(files.reannotated, 2, LANDMARK_COUNT),
      read(files.boxes, 4),
      read(files.fittedYaws),
      read(files.reannotatedYaws),
    ]);
    const count = original.shape[0]!;
    for (const { shape } of [reannotated, boxes, fittedYaws, reannotatedYaws]) {
      if (shape[0] === count) continue;
      throw new InputError(`Cannot use the annotations in ${folder}: they are of ${count} and of ${shape[0]} photos`);
    }
    const radians = ({ values }: NpyArray, i: number) => values[i]! * DEGREE;
    return new Aflw2000Annotations(
      Array.from({ length: count }, (_, i) => points(original, i)),
      Array.from({ length: count }, (_, i) => {
        const [left, top, right] = boxes.values.subarray(4 * i, 4 * i + 3);
        return {
          reannotated: points(reannotated, i),
          yaws: { fitted: radians(fittedYaws, i), reannotated: radians(reannotatedYaws, i) },
          crop: { left: left!, top: top!, side: right! - left! },
        };
      }),
    );
  }

  /** By a photo's own landmarks, which no two have in common; undefined where none is meant. */
  find(landmarks: Float32Array): MoreAnnotation | undefined {
    return this.more[this.landmarks.findIndex((own) => own.every((value, i) => value === landmarks[i]))];
  }
}

/** [68, 3] in image space of [photo, axis, landmark] in MATLAB's pixels; z is NaN where there are two axes. */
function points({ shape: [, axes], values }: NpyArray, photo: number): Float32Array {
  const own = values.subarray(LANDMARK_COUNT * axes! * photo);
  const rows = Float32Array.from(
    { length: 3 * LANDMARK_COUNT },
    (_, i) => i % 3 < axes! ? own[LANDMARK_COUNT * (i % 3) + Math.floor(i / 3)]! : NaN,
  );
  return matlabToImage(rows, 3);
}
