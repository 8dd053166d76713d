import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import type { Photo, PositionMap } from "@/lib/types.ts";

/** A face and what its position map says of it. */
export interface TrackedFace {
  /** The crop that the map is of: square, of any size. */
  readonly photo: Photo;
  readonly map: PositionMap;
  readonly surface: FaceSurface;
}
