import { readVertices } from "@/lib/data/maps/position_map.ts";
import { hasMirroredUv } from "@/lib/face/mirror.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { closeHoles, smoothOutline } from "@/lib/geometry/close_holes.ts";
import { photoToLinear } from "@/lib/geometry/color.ts";
import { photoTexture, type PhotoTextureOptions, vertexColors } from "@/lib/geometry/photo_texture.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";
import type { Mesh, Photo } from "@/lib/types.ts";

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
  const mirrorUv = hasMirroredUv(face.surface) ? uv : undefined;
  return { mesh, uv, colors: colorsFromPhoto(mesh, photo, { mirrorUv, capStart: face.surface.regions.length }) };
}

/** As `colorFace`, of the face that a position map holds, in its photo's pixels. */
export function colorTrackedFace({ photo, map, surface }: TrackedFace): ColoredMesh {
  const scale = photo.width / map.size;
  return colorFace(photo, { positions: readVertices(map, surface).map((value) => value * scale), surface });
}

/**
 * [vertexCount, 3], sRGB bytes: the photo's color at each vertex of a mesh in its pixels; what the photo does not show is
 * as `photoTexture` has it.
 */
export function colorsFromPhoto(mesh: Mesh, photo: Photo, options: PhotoTextureOptions = {}): Uint8Array {
  const image = photoToLinear(photo);
  return vertexColors(photoTexture(mesh, image, options), image);
}
