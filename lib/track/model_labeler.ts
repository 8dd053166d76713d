import { imageToCrop, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { LabeledFace, Labeler } from "@/lib/data/sets/own_photos/labeler.ts";
import { nme } from "@/lib/evaluate/nme.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import type { FaceDetector } from "@/lib/track/blazeface.ts";
import type { FaceFitter } from "@/lib/track/face_fitter.ts";
import { findFaces, type PhotoFace } from "@/lib/track/photo_faces.ts";
import type { Photo } from "@/lib/types.ts";

export interface ModelLabelerOptions {
  readonly detector: Pick<FaceDetector, "detect">;
  readonly fitter: Pick<FaceFitter, "fit" | "fitMirrored" | "fitDetected">;
  /** What the trained model's description says. */
  readonly description: {
    readonly imageSize: number;
    readonly crop: { readonly margin: number };
    readonly surface: FaceSurface;
    readonly mirror?: Uint32Array | undefined;
    readonly neutralLandmarks?: Float32Array | undefined;
  };
  /** What tells the trained model from others. */
  readonly fingerprint: string;
}

/** How much larger the crop is that a face is looked at in once more: as much as training scales faces by. */
const SECOND_LOOK = 1.15;

/**
 * Labels by what a trained model says of every face that is found; the error is how far its landmarks move where it is shown
 * more of the photo around the face: little where it is sure.
 */
export function modelLabeler({ description, fingerprint, ...finding }: ModelLabelerOptions): Labeler {
  const { imageSize, crop: { margin }, surface } = description;
  const { nearest, triangle } = uvLayout(surface, imageSize);

  function labelOf({ fit }: PhotoFace): Pick<LabeledFace, "crop" | "label"> {
    const { crop, map } = fit;
    const landmarks = imageToCrop(fit.landmarks, { crop, size: imageSize });
    let farthest = Infinity; // its z is 0
    triangle.forEach((t, texel) => {
      if (t >= 0) farthest = Math.min(farthest, map[3 * texel + 2]!);
    });
    // what the network says where the layout has nothing means nothing
    const positions = map.map((_, i) => map[3 * nearest[Math.floor(i / 3)]! + i % 3]! - (i % 3 === 2 ? farthest : 0));
    return {
      crop,
      label: {
        map: { size: imageSize, positions },
        landmarks: landmarks.map((value, i) => i % 3 === 2 ? value - farthest : value),
      },
    };
  }

  async function doubtOf(photo: Photo, { fit }: PhotoFace): Promise<number> {
    const again = await finding.fitter.fit(photo, landmarkCrop(fit.landmarks, { margin: SECOND_LOOK * margin }));
    return nme({ predicted: again.landmarks, truth: fit.landmarks }, 2);
  }

  return {
    about: "a trained model's",
    errorMeans: "how far landmarks move in a larger crop",
    fingerprint: `model ${fingerprint}`,
    imageSize,
    surface,
    mirror: description.mirror,
    neutralLandmarks: description.neutralLandmarks,
    inputs: () => Promise.resolve(""),
    async label(_, photo) {
      const faces = await findFaces(photo, finding, { margin });
      const labeled: LabeledFace[] = [];
      for (const face of faces) labeled.push({ ...labelOf(face), error: await doubtOf(photo, face) });
      return labeled;
    },
  };
}
