import { readVertices } from "@/lib/data/maps/position_map.ts";
import { hasMirroredUv } from "@/lib/face/mirror.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { closeHoles, outlineSmoothing } from "@/lib/geometry/close_holes.ts";
import { photoToLinear } from "@/lib/geometry/color.ts";
import {
  type PhotoTexture,
  photoTexture,
  type PhotoTextureOptions,
  photoTextures,
  vertexColors,
} from "@/lib/geometry/photo_texture.ts";
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
  const { triangles, uv, close } = faceClosing(surface);
  return { mesh: { positions: close(positions), triangles }, uv };
}

/** As `closedFace`, colored from the photo in whose pixels it is; what the photo hides, from the other side. */
export function colorFace(photo: Photo, { positions, surface }: ColorFaceOptions): ColoredMesh {
  return new FaceColoring(surface).color(photo, positions);
}

/** As {@linkcode colorFace}, for one face from frame to frame: each goes on from the one before. */
export class FaceColoring {
  readonly #closing: ReturnType<typeof faceClosing>;
  readonly #texture: ReturnType<typeof photoTextures>;
  #before: PhotoTexture | undefined;
  #light: Float32Array = new Float32Array();

  constructor(surface: FaceSurface) {
    this.#closing = faceClosing(surface);
    const { triangles, uv } = this.#closing;
    this.#texture = photoTextures({ triangles, vertexCount: uv.length / 2 }, {
      mirrorUv: hasMirroredUv(surface) ? uv : undefined,
      capStart: surface.regions.length,
    });
  }

  /** The next frame's face does not go on from this one's. */
  reset(): void {
    this.#before = undefined;
  }

  color(photo: Photo, positions: Float32Array): ColoredMesh {
    const { triangles, uv, close } = this.#closing;
    const mesh = { positions: close(positions), triangles };
    if (this.#light.length !== photo.rgb.length) this.#light = new Float32Array(photo.rgb.length);
    this.#before = this.#texture(mesh.positions, photoToLinear(photo, this.#light), this.#before);
    return { mesh, uv, colors: vertexColors(this.#before) };
  }
}

function faceClosing(surface: FaceSurface) {
  const open = trianglesWithoutNeck(surface);
  const smooth = outlineSmoothing(open), closed = closeHoles(open, surface.regions.length);
  return {
    triangles: closed.triangles,
    uv: closed.extend(surface.uv, 2),
    /** The closed surface's vertices, from those of the surface. */
    close: (positions: Float32Array) => closed.extend(smooth(positions), 3),
  };
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
  return vertexColors(photoTexture(mesh, image, options));
}
