import { boxMiddle } from "@/lib/data/maps/crop.ts";
import { farthestDepth, readVertices } from "@/lib/data/maps/position_map.ts";
import type { Sample } from "@/lib/data/sample.ts";
import { type FaceAxes, faceAxes } from "@/lib/data/synthetic/face_axes.ts";
import { type TexturedFace, textureFace } from "@/lib/data/synthetic/face_texture.ts";
import { landmarkBox } from "@/lib/face/landmarks.ts";
import { hasMirroredUv } from "@/lib/face/mirror.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { type FloatImage, linearToPhoto, photoToLinear } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import { textureShader } from "@/lib/geometry/photo_texture.ts";
import { interpolate, rasterize } from "@/lib/geometry/rasterize.ts";
import { axisRotation, rotatePoints } from "@/lib/geometry/transforms.ts";
import { BentBackground } from "@/lib/portrait/bent_background.ts";
import type { Mat3, Photo, Vec3 } from "@/lib/types.ts";

/** Samples of a pixel, on each axis. */
const SAMPLES = 3;

/**
 * A sample with its face turned further, by each of these angles: photo, map and landmarks again (face profiling; Zhu et al.,
 * Face Alignment Across Large Poses, CVPR 2016, section 4). The mesh, with the photo's colors on it, turns about the face's
 * own vertical axis, and what is around it bends along; the middle of the landmarks' box stays where it was. What both sides
 * of the photo hide is filled with the colors beside it.
 *
 * @param yaws radians, positive towards the image's left, as in a pose
 */
export function rotateSampleBy(
  { image, map, landmarks }: Sample,
  { yaws, surface }: { readonly yaws: readonly number[]; readonly surface: FaceSurface },
): Sample[] {
  const vertices = readVertices(map, surface);
  const axes = faceAxes(landmarks), photo = photoToLinear(image);
  const own = { positions: vertices, triangles: trianglesWithoutNeck(surface) };
  const textured = textureFace(own, photo, hasMirroredUv(surface) ? surface.uv : undefined);
  const { mesh } = textured, { width, height } = image;
  const background = new BentBackground(photo, rasterize(mesh, { width, height, backfaces: false }), mesh);
  return yaws.map((yaw) => {
    const move = turnBy(yaw, { landmarks, axes }), farthest = farthestDepth(move(vertices));
    return {
      image: drawOver(background, textured, { photo, positions: move(mesh.positions) }),
      map: { size: map.size, positions: nearer(move(map.positions), farthest) },
      landmarks: nearer(move(landmarks), farthest),
    };
  });
}

/** Where points of a face, [n, 3] in the photo's pixels, come to lie. */
function turnBy(
  yaw: number,
  { landmarks, axes: { center, up } }: { readonly landmarks: Float32Array; readonly axes: FaceAxes },
): (points: Float32Array) => Float32Array {
  const rotation = axisRotation(up, yaw);
  const [before, after] = [landmarks, turned(landmarks, { rotation, center })].map((points) =>
    boxMiddle(landmarkBox(points))
  );
  const shift: Vec3 = [before![0] - after![0], before![1] - after![1], center[2]];
  return (points) => turned(points, { rotation, center, shift });
}

function drawOver(
  background: BentBackground,
  textured: TexturedFace,
  { photo, positions }: { readonly photo: FloatImage; readonly positions: Float32Array },
): Photo {
  const { width, height } = photo, { opacity, mesh: { triangles } } = textured;
  const image = { width, height, rgb: new Float32Array(3 * width * height) };
  background.draw(image, positions);
  const shade = textureShader(textured, photo), share = new Float32Array(1);
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
