import { landmarkConventions, landmarkUv } from "@/lib/face/landmarks.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";

/** How far apart the same landmark may be: a surface of texels has rounded places. */
const MOST_TEXELS = 1.5;

/** Whether maps of two surfaces, of this size, have the landmarks at the same texels. */
export function hasSameTexels(a: FaceSurface, b: FaceSurface, size: number): boolean {
  const convention = landmarkConventions.find((name) => a.landmarks[name] && b.landmarks[name]);
  if (!convention) return false;
  const [here, there] = [landmarkUv(a, convention), landmarkUv(b, convention)];
  return here.every((coordinate, i) => Math.abs(coordinate - there[i]!) * size < MOST_TEXELS);
}
