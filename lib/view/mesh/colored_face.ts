import { cropToImage, imageToCrop } from "@/lib/data/maps/crop.ts";
import { readVertices } from "@/lib/data/maps/position_map.ts";
import { closedSurface } from "@/lib/face/closed_surface.ts";
import { hasMirroredUv } from "@/lib/face/mirror.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
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
  /** [vertexCount], how much of each color is the photo's own there, from 0 to 1. */
  readonly trust: Float32Array;
}

export interface ColorFaceOptions {
  /** Where the vertices are: [surface vertexCount, 3], in the photo's pixels. */
  readonly positions: Float32Array;
  readonly surface: FaceSurface;
}

/** A face to look at by itself: without the neck, its outline smooth, eyes and mouth closed. */
export function closedFace({ positions, surface }: ColorFaceOptions): Pick<ColoredMesh, "mesh" | "uv"> {
  const { triangles, uv, close } = partsOf(surface);
  return { mesh: { positions: close(positions), triangles }, uv };
}

/** As `closedFace`, colored from the photo in whose pixels it is; what the photo hides, from the other side. */
export function colorFace(photo: Photo, { positions, surface }: ColorFaceOptions): ColoredMesh {
  return new FaceColoring(surface).color(photo, positions);
}

/** As {@linkcode colorFace}, for one face from frame to frame: each goes on from the one before. */
export class FaceColoring {
  readonly #surface: FaceSurface;
  #before: PhotoTexture | undefined;
  #light: Float32Array = new Float32Array();

  constructor(surface: FaceSurface) {
    this.#surface = surface;
  }

  /** The next frame's face does not go on from this one's. */
  reset(): void {
    this.#before = undefined;
  }

  color(photo: Photo, positions: Float32Array): ColoredMesh {
    const { triangles, uv, close, texture } = partsOf(this.#surface);
    const mesh = { positions: close(positions), triangles };
    if (this.#light.length !== photo.rgb.length) this.#light = new Float32Array(photo.rgb.length);
    this.#before = texture(mesh.positions, photoToLinear(photo, this.#light), this.#before);
    return { mesh, uv, colors: vertexColors(this.#before), trust: this.#before.trust };
  }
}

/** What a surface alone says of its faces, once. */
function partsOf(surface: FaceSurface): SurfaceParts {
  return parts.getOrInsertComputed(surface, () => {
    const { triangles, capStart, extend, close } = closedSurface(surface);
    const uv = extend(surface.uv, 2), mirrorUv = hasMirroredUv(surface) ? uv : undefined;
    const texture = photoTextures({ triangles, vertexCount: uv.length / 2 }, { mirrorUv, capStart });
    return { triangles, uv, texture, close };
  });
}

interface SurfaceParts extends Pick<Mesh, "triangles"> {
  readonly uv: Float32Array;
  readonly texture: ReturnType<typeof photoTextures>;
  /** The closed surface's vertices, from those of the surface. */
  readonly close: (positions: Float32Array) => Float32Array;
}

const parts = new WeakMap<FaceSurface, SurfaceParts>();

/** As `colorFace`, of the face that a position map holds, in its crop's pixels, colored from all of what that was cut from. */
export function colorTrackedFace({ photo, map, surface, cutFrom }: TrackedFace): ColoredMesh {
  const size = photo.width, scale = size / map.size;
  const positions = readVertices(map, surface).map((value) => value * scale);
  if (!cutFrom) return colorFace(photo, { positions, surface });
  const { crop } = cutFrom;
  const colored = colorFace(cutFrom.photo, { positions: cropToImage(positions, { crop, size }), surface });
  return { ...colored, mesh: { ...colored.mesh, positions: imageToCrop(colored.mesh.positions, { crop, size }) } };
}

/**
 * [vertexCount, 3], sRGB bytes: the photo's color at each vertex of a mesh in its pixels; what the photo does not show is
 * as `photoTexture` has it.
 */
export function colorsFromPhoto(mesh: Mesh, photo: Photo, options: PhotoTextureOptions = {}): Uint8Array {
  const image = photoToLinear(photo);
  return vertexColors(photoTexture(mesh, image, options));
}
