import { farthestDepth, readVertices } from "@/lib/data/maps/position_map.ts";
import type { Sample } from "@/lib/data/sample.ts";
import { axisRotation, type FaceAxes, faceAxes } from "@/lib/data/synthetic/face_axes.ts";
import { type TexturedFace, textureFace } from "@/lib/data/synthetic/face_texture.ts";
import { landmarkBox } from "@/lib/face/landmarks.ts";
import { hasMirroredUv } from "@/lib/face/mirror.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { type FloatImage, linearToPhoto, photoToLinear } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import { textureShader } from "@/lib/geometry/photo_texture.ts";
import { interpolate, rasterize } from "@/lib/geometry/rasterize.ts";
import { rotatePoints } from "@/lib/geometry/transforms.ts";
import { BentBackground } from "@/lib/portrait/bent_background.ts";
import type { Mat3, Mesh, Photo, Vec3 } from "@/lib/types.ts";

/** A photo and the true mesh of the face in it. */
export interface RotatableFace {
  readonly image: Photo;
  /** In the photo's pixels. */
  readonly mesh: Mesh;
  /** [68, 3], in the photo's pixels, Multi-PIE order. */
  readonly landmarks: Float32Array;
  /** [vertexCount, 2], where the surface's layout is symmetric about u = 0.5. */
  readonly mirrorUv?: Float32Array | undefined;
}

export interface RotateOptions {
  /** Radians to turn further about the face's own vertical axis: positive towards the image's left, as in a pose. */
  readonly yaw: number;
}

/**
 * Turns the face of one photo as far as one likes (face profiling; Zhu et al., Face Alignment Across Large Poses, CVPR
 * 2016, section 4): the mesh, with the photo's colors on it, turns, and what is around it bends along. The middle of the
 * landmarks' box stays where it was. What both sides of the photo hide is filled with the colors beside it.
 */
export class FaceRotator {
  readonly #face: RotatableFace;
  readonly #axes: FaceAxes;
  readonly #image: FloatImage;
  readonly #textured: TexturedFace;
  readonly #background: BentBackground;

  constructor(face: RotatableFace) {
    this.#face = face;
    this.#axes = faceAxes(face.landmarks);
    this.#image = photoToLinear(face.image);
    this.#textured = textureFace(face.mesh, this.#image, face.mirrorUv);
    const { mesh } = this.#textured;
    const { width, height } = face.image;
    this.#background = new BentBackground(this.#image, rasterize(mesh, { width, height, backfaces: false }), mesh);
  }

  rotate({ yaw }: RotateOptions): RotatableFace {
    const { mesh, landmarks } = this.#face;
    const move = this.movement({ yaw });
    return {
      image: this.#draw(move(this.#textured.mesh.positions)),
      mesh: { ...mesh, positions: move(mesh.positions) },
      landmarks: move(landmarks),
    };
  }

  /** Where points of the face, [n, 3] in the photo's pixels, come to lie. */
  movement({ yaw }: RotateOptions): (points: Float32Array) => Float32Array {
    const { landmarks } = this.#face;
    const { center, up } = this.#axes;
    const rotation = axisRotation(up, yaw);
    const [before, after] = [landmarks, turned(landmarks, { rotation, center })].map(boxMiddle);
    const shift: Vec3 = [before![0] - after![0], before![1] - after![1], center[2]];
    return (points) => turned(points, { rotation, center, shift });
  }

  #draw(positions: Float32Array): Photo {
    const { width, height } = this.#face.image;
    const textured = this.#textured;
    const { triangles } = textured.mesh;
    const image = { width, height, rgb: new Float32Array(3 * width * height) };
    this.#background.draw(image, positions);
    const shade = textureShader(textured, this.#image), { opacity } = textured, share = new Float32Array(1);
    drawMesh({ positions, triangles }, image, {
      samples: SAMPLES,
      backfaces: false,
      colors: (k, raster, color) => {
        const pixel = Math.floor(k / raster.width / SAMPLES) * width + Math.floor(k % raster.width / SAMPLES);
        shade(k, raster, color);
        interpolate(raster, k, { triangles, values: opacity }, share);
        for (let c = 0; c < 3; c++) color[c]! += (1 - share[0]!) * (image.rgb[3 * pixel + c]! - color[c]!);
      },
    });
    return linearToPhoto(image);
  }
}

/** Samples of a pixel, on each axis. */
const SAMPLES = 3;

export interface RotationsOptions {
  /** Each in radians. */
  readonly yaws: readonly number[];
  readonly surface: FaceSurface;
}

/** A sample with its face turned further, by each of these angles: photo, map and landmarks again. */
export function rotateSampleBy({ image, map, landmarks }: Sample, { yaws, surface }: RotationsOptions): Sample[] {
  const vertices = readVertices(map, surface);
  const mesh = { positions: vertices, triangles: trianglesWithoutNeck(surface) };
  const rotator = new FaceRotator({
    image,
    mesh,
    landmarks,
    mirrorUv: hasMirroredUv(surface) ? surface.uv : undefined,
  });
  return yaws.map((yaw) => {
    const move = rotator.movement({ yaw });
    const farthest = farthestDepth(move(vertices));
    const rotated = rotator.rotate({ yaw });
    return {
      image: rotated.image,
      map: { size: map.size, positions: nearer(move(map.positions), farthest) },
      landmarks: nearer(rotated.landmarks, farthest),
    };
  });
}

function nearer(points: Float32Array, farthest: number): Float32Array {
  return points.map((value, i) => i % 3 === 2 ? value - farthest : value);
}

interface Turn {
  readonly rotation: Mat3;
  readonly center: Vec3;
  /** Where the center comes to lie; the origin where it is missing. */
  readonly shift?: Vec3;
}

function turned(points: Float32Array, { rotation, center, shift = [0, 0, 0] }: Turn): Float32Array {
  const centered = points.map((value, i) => value - center[i % 3]!);
  rotatePoints(centered, rotation, centered);
  return centered.map((value, i) => value + shift[i % 3]!);
}

function boxMiddle(landmarks: Float32Array): [number, number] {
  const { left, top, width, height } = landmarkBox(landmarks);
  return [left + width / 2, top + height / 2];
}
