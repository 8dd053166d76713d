import { landmarkUv, mirroredLandmarks } from "@/lib/face/landmarks.ts";
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
  /** [vertexCount, 2], u right and v down. */
  readonly uv: Float32Array;
}

export interface ColorFaceOptions {
  /** Where the vertices are: [surface vertexCount, 3], in the photo's pixels. */
  readonly positions: Float32Array;
  readonly surface: FaceSurface;
}

/** A face to look at by itself: without the neck, its outline smooth, eyes and mouth closed. */
export function closedFace({ positions, surface }: ColorFaceOptions): Omit<ColoredMesh, "colors"> {
  const face = smoothOutline({ positions, triangles: trianglesWithoutNeck(surface) });
  const closed = closeHoles(face.triangles, surface.regions.length);
  return {
    mesh: { positions: closed.extend(face.positions, 3), triangles: closed.triangles },
    uv: closed.extend(surface.uv, 2),
  };
}

/** As `closedFace`, colored from the photo in whose pixels it is; what the photo hides, from the other side. */
export function colorFace(photo: Photo, face: ColorFaceOptions): ColoredMesh {
  const { mesh, uv } = closedFace(face);
  return { mesh, uv, colors: colorsFromPhoto(mesh, photo, isSymmetric(face.surface) ? { mirrorUv: uv } : {}) };
}

/** Landmarks of the right side that are held against their partners on the left: an eye's corner, the mouth's, the jaw. */
const compared = [36, 48, 3] as const;
/** In UV units. */
const SYMMETRY_TOLERANCE = 0.01;

/** Whether the surface's UVs tell which places lie across from each other: left and right of u = 0.5. */
export function isSymmetric(surface: FaceSurface): boolean {
  const marks = landmarkUv(surface);
  return compared.every((right) => {
    const [a, b] = [2 * right, 2 * mirroredLandmarks[right]!];
    return Math.hypot(marks[a]! + marks[b]! - 1, marks[a + 1]! - marks[b + 1]!) < SYMMETRY_TOLERANCE;
  });
}
