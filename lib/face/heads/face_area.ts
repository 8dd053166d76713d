import { eyeCornerDistance, keyLandmarks, landmarkLines, type MeshPoints, valuesAt } from "@/lib/face/landmarks.ts";
import { NECK } from "@/lib/face/morphable_model.ts";
import { regionsFromLandmarks } from "@/lib/face/regions.ts";
import { connectedParts } from "@/lib/geometry/connected_parts.ts";
import { meanOf, pointAt } from "@/lib/geometry/vectors.ts";

/** How high above its brows a face ends, in distances between brows and the base of the nose: at the hair. */
const FOREHEAD = 1;
/** How far behind the ends of the jaw's line it ends, in distances between the outer corners of the eyes: before the ears. */
const BEHIND = 0.05;

/**
 * Which polygons of a whole head's skin are its face: those between hair, ears and neck that hang together with the nose, and
 * those that a landmark lies on. The head looks along +z, y up.
 *
 * @param polygons vertices of each
 * @param positions [vertexCount, 3]
 * @param outline the 68 landmarks, on the outlines of the face's parts
 */
export function isOfFace(
  polygons: readonly (readonly number[])[],
  { positions, outline }: { readonly positions: Float32Array; readonly outline: MeshPoints },
): boolean[] {
  const landmarks = valuesAt(outline, positions);
  const height = (landmark: number) => landmarks[3 * landmark + 1]!;
  const { rightBrow, leftBrow } = landmarkLines;
  const browNumbers = [...rightBrow.landmarks, ...leftBrow.landmarks];
  const [, brows] = meanOf(landmarks, browNumbers);
  const top = brows + FOREHEAD * (brows - height(keyLandmarks.noseBase));
  const ends = [keyLandmarks.rightJawEnd, keyLandmarks.leftJawEnd].map((landmark) => landmarks[3 * landmark + 2]!);
  const back = Math.min(...ends) - BEHIND * eyeCornerDistance(landmarks);
  const regions = regionsFromLandmarks(positions, landmarks);
  const isInside = regions.map((region, v) => {
    const [, y, z] = pointAt(positions, v);
    return region !== NECK && y <= top && z >= back ? 1 : 0;
  });
  const inside = polygons.filter((vertices) => vertices.every((v) => isInside[v]));
  const parts = connectedParts(inside, isInside.length);
  const face = parts[outline.vertices[3 * keyLandmarks.noseTip]!];
  const marked = new Set(outline.vertices.filter((_, k) => outline.weights[k]! > 0));
  return polygons.map((vertices) =>
    vertices.every((v) => isInside[v] && parts[v] === face) || vertices.some((v) => marked.has(v))
  );
}
