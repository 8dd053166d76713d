import { cropPhoto } from "@/lib/data/maps/crop.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import type { ModelFit } from "@/lib/track/face_fitter.ts";
import type { Crop, Photo, PositionMap } from "@/lib/types.ts";

/** A face and what its position map says of it. */
export interface TrackedFace {
  /** The crop that the map is of: square, of any size. */
  readonly photo: Photo;
  readonly map: PositionMap;
  readonly surface: FaceSurface;
  /** What the crop was cut from, which has colors beyond the crop's edges, and none where the crop is black beyond its own. */
  readonly cutFrom?: { readonly photo: Photo; readonly crop: Crop };
}

/** Pixels a side of the crop that is shown, at most; the network sees its own size. */
const MOST_SHOWN = 512;

/** A face that was fitted in a photo, by itself. */
export function trackedFace(
  photo: Photo,
  fit: Pick<ModelFit, "crop" | "map">,
  { imageSize, surface }: { readonly imageSize: number; readonly surface: FaceSurface },
): TrackedFace {
  const { crop } = fit;
  const side = Math.max(imageSize, Math.min(MOST_SHOWN, Math.round(crop.side)));
  const map = { size: imageSize, positions: fit.map };
  return { photo: cropPhoto(photo, crop, side), map, surface, cutFrom: { photo, crop } };
}
