import { landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import type { Mesh, Photo } from "@/lib/types.ts";
import { closeHoles, smoothOutline } from "@/lib/geometry/close_holes.ts";
import { colorsFromPhoto } from "@/lib/view/mesh/mesh_colors.ts";

/** A mesh to look at by itself. */
export interface ColoredMesh {
  readonly mesh: Mesh;
  /** [vertexCount, 3], sRGB bytes. */
  readonly colors: Uint8Array;
}

export interface ColorFaceOptions {
  /** Where the vertices are: [surface vertexCount, 3], in the photo's pixels. */
  readonly positions: Float32Array;
  readonly surface: FaceSurface;
}

/**
 * A face in the pixels of its photo, colored from it, to look at by itself: without the neck, its outline smooth, eyes
 * and mouth closed by what the photo shows there, and what it hides colored from the other side.
 */
export function colorFace(photo: Photo, { positions, surface }: ColorFaceOptions): ColoredMesh {
  const face = smoothOutline({ positions, triangles: trianglesWithoutNeck(surface) });
  const closed = closeHoles(face.triangles, surface.regions.length);
  const mesh = { positions: closed.extend(face.positions, 3), triangles: closed.triangles };
  const colors = colorsFromPhoto(mesh, photo, isSymmetric(surface) ? { mirrorUv: closed.extend(surface.uv, 2) } : {});
  return { mesh, colors };
}

/** Landmarks of the right side with their partners on the left: outer eye corners, mouth corners, jaw. */
const pairs = [[36, 45], [48, 54], [3, 13]] as const;
/** In UV units. */
const SYMMETRY_TOLERANCE = 0.01;

function isSymmetric({ uv, landmarks }: FaceSurface): boolean {
  const marks = valuesAt(landmarksOf(landmarks), uv, { dimensions: 2 });
  return pairs.every(([right, left]) => {
    const [a, b] = [2 * right, 2 * left];
    return Math.hypot(marks[a]! + marks[b]! - 1, marks[a + 1]! - marks[b + 1]!) < SYMMETRY_TOLERANCE;
  });
}
