import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { type ClosedSurface, closeHoles } from "@/lib/geometry/close_holes.ts";

/** A face's surface to look at: without the neck, eyes and mouth closed; of one surface always the same. */
export function closedSurface(surface: Pick<FaceSurface, "triangles" | "regions">): ClosedSurface {
  return closeHoles(trianglesWithoutNeck(surface), surface.regions.length);
}
