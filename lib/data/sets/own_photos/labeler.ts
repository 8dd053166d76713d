import type { DecodedPhoto } from "@/lib/data/files/images.ts";
import { CROP_MARGIN, imageToCrop, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { bakePositionMap, farthestDepth } from "@/lib/data/maps/position_map.ts";
import { type UvLayout, uvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { Label } from "@/lib/data/sample.ts";
import type { LandmarkFiles } from "@/lib/data/sets/own_photos/landmark_files.ts";
import { InputError } from "@/lib/errors.ts";
import { LandmarkFitter } from "@/lib/face/fit/landmark_fitter.ts";
import { type LandmarkConvention, valuesAt } from "@/lib/face/landmarks.ts";
import { mirrorVertices } from "@/lib/face/mirror.ts";
import { modelFingerprint } from "@/lib/face/model_file.ts";
import { type FaceSurface, meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { pointsAt } from "@/lib/geometry/vectors.ts";
import type { Crop } from "@/lib/types.ts";

/** A face of a photo, its label in the pixels of a crop. */
export interface LabeledFace {
  readonly crop: Crop;
  readonly label: Pick<Label, "map" | "landmarks">;
  /** How far the label is from what it was made of, in percent of the face's size: see each {@linkcode Labeler}. */
  readonly error: number;
}

/** Makes labels of photos. */
export interface Labeler {
  /** What it does, for people: "ICT-FaceKit fitted to landmarks (outline)". */
  readonly about: string;
  /** What {@linkcode LabeledFace.error} is, for people. */
  readonly errorMeans: string;
  /** Changes where a label would be another one. */
  readonly fingerprint: string;
  /** Pixels a side, of the crop and the map. */
  readonly imageSize: number;
  readonly surface: FaceSurface;
  readonly mirror?: Uint32Array | undefined;
  /** [68, 3], in model space, of a face at rest. */
  readonly neutralLandmarks?: Float32Array | undefined;
  /** What of a photo beside its own bytes its labels are made of: landmarks, for one. */
  inputs(name: string, photo: DecodedPhoto): Promise<string>;
  /** The photo's faces. Throws an InputError where its landmarks cannot be used. */
  label(name: string, photo: DecodedPhoto): Promise<LabeledFace[]>;
}

/** Fits that miss landmarks by more than this, in percent of their box, are of landmarks in another order, or of no face. */
const MOST_MISSED = 12;

/**
 * Labels by fitting a morphable model to landmarks of files; the error is what the fit misses them by. Throws a RangeError where
 * the model does not know the convention.
 */
export function landmarkLabeler(
  model: MorphableModel,
  { files, convention, imageSize }: {
    readonly files: LandmarkFiles;
    readonly convention: LandmarkConvention;
    readonly imageSize: number;
  },
): Labeler {
  const { surface, surfaceVertices } = model;
  const fitter = new LandmarkFitter(model, { convention });
  const layout = uvLayout(surface, imageSize);
  const points = meshLandmarks(model);
  const positions = new Float32Array(3 * surfaceVertices.length);
  return {
    about: `${model.name} fitted to landmarks (${convention})`,
    errorMeans: "mean distance of the fit from the landmarks",
    fingerprint: `landmarks ${convention} ${modelFingerprint(model)}`,
    imageSize,
    surface,
    mirror: mirrorVertices(model),
    neutralLandmarks: valuesAt(points, model.mean),
    async inputs(name, photo) {
      return JSON.stringify((await files.of(name, photo))?.map((landmarks) => [...landmarks]) ?? []);
    },
    async label(name, photo) {
      const marked = await files.of(name, photo);
      if (!marked) throw new InputError(`Found no landmarks of ${name}`);
      const scale = photo.width / photo.fileWidth;
      return marked.map((landmarks) => {
        const fit = fitter.fit(landmarks.map((value) => scale * value));
        if (!fit || fit.error > MOST_MISSED) {
          throw new InputError(
            `Cannot fit a face to the landmarks of ${name}: ` +
              (fit ? `the nearest one misses them by ${fit.error.toFixed(1)} % of their size` : "they lie on a line") +
              ", 68 points in Multi-PIE's order were expected",
          );
        }
        const placed = fitter.place(fit);
        pointsAt(placed, surfaceVertices, positions);
        return { ...labelAround(valuesAt(points, placed), { positions, layout }), error: fit.error };
      });
    },
  };
}

/**
 * The crop about a face's landmarks, [68, 3] in a photo's pixels, and its label there.
 *
 * @param positions [surface vertexCount, 3], in the photo's pixels; both arrays are brought to the crop's
 */
function labelAround(
  landmarks: Float32Array,
  { positions, layout }: { readonly positions: Float32Array; readonly layout: UvLayout },
): Pick<LabeledFace, "crop" | "label"> {
  const crop = landmarkCrop(landmarks, { margin: CROP_MARGIN });
  const { size } = layout;
  imageToCrop(positions, { crop, size }, positions);
  imageToCrop(landmarks, { crop, size }, landmarks);
  const farthest = farthestDepth(positions); // its z is 0
  for (let i = 2; i < landmarks.length; i += 3) landmarks[i]! -= farthest;
  return { crop, label: { map: bakePositionMap(layout, positions), landmarks } };
}
