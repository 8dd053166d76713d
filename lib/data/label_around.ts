import { CROP_MARGIN, imageToCrop, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { bakePositionMap, farthestDepth } from "@/lib/data/maps/position_map.ts";
import type { UvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { Label } from "@/lib/data/sample.ts";
import type { Crop } from "@/lib/types.ts";

/**
 * The crop about a face's landmarks, [68, 3] in a photo's pixels, and its label there.
 *
 * @param positions [surface vertexCount, 3], in the photo's pixels; both arrays are brought to the crop's
 */
export function labelAround(
  landmarks: Float32Array,
  { positions, layout }: { readonly positions: Float32Array; readonly layout: UvLayout },
): { readonly crop: Crop; readonly label: Label } {
  const crop = landmarkCrop(landmarks, { margin: CROP_MARGIN });
  const { size } = layout;
  imageToCrop(positions, { crop, size }, positions);
  imageToCrop(landmarks, { crop, size }, landmarks);
  const farthest = farthestDepth(positions); // its z is 0
  for (let i = 2; i < landmarks.length; i += 3) landmarks[i]! -= farthest;
  return { crop, label: { map: bakePositionMap(layout, positions), landmarks } };
}
