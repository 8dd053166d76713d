import { LANDMARK_COUNT, landmarkLines, type LandmarkPart } from "@/lib/face/landmarks.ts";
import { hexToLinear, linearToPhoto, photoToLinear } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import {
  addHarmonics,
  ambientHarmonics,
  directionalHarmonics,
  shadeVertices,
  vertexNormals,
} from "@/lib/geometry/shading.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Mesh, Photo, PositionMap } from "@/lib/types.ts";
import { paintLines, type Point } from "@/lib/view/drawing/stroke.ts";

/** The landmarks' colors in sRGB, which stand out from skin. */
export const landmarkColors: Readonly<Record<LandmarkPart, number>> = {
  jaw: 0x35c8ff,
  brows: 0xa6ff3d,
  nose: 0xffe14d,
  eyes: 0x4dffb8,
  mouth: 0xff5cc8,
};

/** Landmarks are [68, 3], in the photo's pixels. */
export function drawLandmarks(photo: Photo, landmarks: Float32Array): Photo {
  if (landmarks.length !== 3 * LANDMARK_COUNT) {
    throw new TypeError(`Cannot draw ${landmarks.length} numbers as landmarks: 68 rows of x, y and z were expected`);
  }
  const image = photoToLinear(photo);
  const points = Array.from({ length: LANDMARK_COUNT }, (_, i): Point => [landmarks[3 * i]!, landmarks[3 * i + 1]!]);
  const drawn = Object.values(landmarkLines).map(({ part, landmarks, closed }) => {
    const along = landmarks.map((landmark) => points[landmark]!);
    return {
      color: hexToLinear(landmarkColors[part]),
      line: closed ? [...along, along[0]!] : along,
      dots: along.map((point) => [point]),
    };
  });
  const width = Math.max(1.2, faceSide(points) / 120);
  const black = { color: [0, 0, 0], opacity: 0.6 } as const;
  paintLines(image, drawn.map(({ line }) => line), { width: width + 1.2, ...black });
  paintLines(image, drawn.flatMap(({ dots }) => dots), { width: 2.4 * width + 1.2, ...black });
  for (const { line, color } of drawn) paintLines(image, [line], { width, color, opacity: 0.85 });
  for (const { dots, color } of drawn) paintLines(image, dots, { width: 2.4 * width, color });
  return linearToPhoto(image);
}

/** Longer side of the points' box, in pixels. */
function faceSide(points: readonly Point[]): number {
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]!).filter(Number.isFinite));
  return Math.max(...[xs!, ys!].map((values) => values.length > 0 ? Math.max(...values) - Math.min(...values) : 0));
}

export interface OverlayOptions {
  /** 1 hides the photo, 0 the mesh. */
  readonly opacity?: number;
}

/** The mesh, in the photo's pixels, as tinted plaster that lets the photo show through. */
export function overlayMesh(photo: Photo, mesh: Mesh, { opacity = 0.6 }: OverlayOptions = {}): Photo {
  const image = photoToLinear(photo);
  drawMesh(mesh, image, { colors: plaster(mesh), samples: 3, backfaces: false }); // where the neck is cut off, one sees inside
  // In sRGB, whose steps look even: in linear light the brighter of the two would hide the other.
  const rgb = linearToPhoto(image).rgb.map((value, i) => Math.round(opacity * value + (1 - opacity) * photo.rgb[i]!));
  return { ...photo, rgb };
}

const tint = [0.62, 0.78, 0.9];

/** [vertexCount, 3], each vertex's linear color under soft light from the viewer's upper left. */
export function plaster(mesh: Mesh): Float32Array {
  const light = addHarmonics(
    ambientHarmonics([0.06, 0.06, 0.08]),
    directionalHarmonics([-0.48, -0.6, 0.64], [0.85, 0.85, 0.85]),
    directionalHarmonics([0.6, 0, 0.8], [0.12, 0.14, 0.2]),
  );
  const albedo = mesh.positions.map((_, i) => tint[i % 3]!);
  return shadeVertices(vertexNormals(mesh), { albedo, light, out: albedo });
}

/** What stands at texels that no part of the face maps to. */
const NEUTRAL = 40;

/** x, y and z in crop sides as red, green and blue; texels whose `valid` is 0 are dark gray. */
export function positionMapPicture({ size, positions }: PositionMap, valid: Uint8Array): Photo {
  if (valid.length !== size * size) {
    throw new TypeError(`Cannot draw a map of ${size}² texels with ${valid.length} marks of which are valid`);
  }
  // texels at the picture's edge are covered by chance, and are drawn as those beside them
  const within = (k: number) => clamp(k, 1, size - 2);
  const isShown = (texel: number) =>
    valid[texel] || valid[within(Math.floor(texel / size)) * size + within(texel % size)];
  const rgb = new Uint8Array(positions.length);
  for (let i = 0; i < rgb.length; i++) {
    const level = Math.round(255 * clamp(positions[i]! / size, 0, 1));
    rgb[i] = isShown(Math.floor(i / 3)) ? level : NEUTRAL;
  }
  return { width: size, height: size, rgb };
}
