import { distanceBetween, pointAt } from "@/lib/geometry/vectors.ts";
import type { Box } from "@/lib/types.ts";

/** The points of Multi-PIE's annotation, which 300-W and all that follows it uses. */
export const LANDMARK_COUNT = 68;

/**
 * What 68 landmarks mean. "300w-lp": fixed points of the surface, as `pt3d_68` of 300W-LP and AFLW2000-3D has them, the jaw's
 * far back towards the ears. "outline": what an annotator sees from the front, the jaw's on the outline of the cheeks.
 */
export const landmarkConventions = ["300w-lp", "outline"] as const;
export type LandmarkConvention = (typeof landmarkConventions)[number];

/** Points of a triangle mesh, each within a triangle; a vertex is a point with one weight of 1. */
export interface MeshPoints {
  /** [pointCount, 3], the vertices of each point's triangle. */
  readonly vertices: Uint32Array;
  /** [pointCount, 3], how much of each vertex: not negative, adding up to 1. */
  readonly weights: Float32Array;
}

/** The 68 landmarks of a surface, in Multi-PIE order, in each convention that it knows; in one at least. */
export type SurfaceLandmarks = Readonly<Partial<Record<LandmarkConvention, MeshPoints | undefined>>>;

/**
 * The landmarks in a convention; unless one is named, in 300W-LP's, which what people compare with uses, or the only one
 * that there is. Throws a RangeError where the surface does not know the convention.
 */
export function landmarksOf(landmarks: SurfaceLandmarks, convention?: LandmarkConvention): MeshPoints {
  const points = landmarks[convention ?? defaultConvention(landmarks)];
  if (points) return points;
  throw new RangeError(
    `Cannot find landmarks in the convention "${convention}": this surface has ${Object.keys(landmarks).join(", ")}`,
  );
}

/** Each convention that the surface knows, with its points. */
export function landmarkEntries(landmarks: SurfaceLandmarks): [LandmarkConvention, MeshPoints][] {
  return landmarkConventions.flatMap((name): [LandmarkConvention, MeshPoints][] => {
    const points = landmarks[name];
    return points ? [[name, points]] : [];
  });
}

/** The convention that is meant where none is named: 300W-LP's, or the only one that there is. */
export function defaultConvention(landmarks: SurfaceLandmarks): LandmarkConvention {
  return landmarkConventions.find((name) => landmarks[name]) ?? "300w-lp";
}

/** The landmarks that lie on the outlines of a face's parts, which faces are painted by. */
export function outlineOf(landmarks: SurfaceLandmarks): MeshPoints {
  return landmarks.outline ?? landmarksOf(landmarks);
}

/** Points that are vertices. */
export function vertexPoints(vertices: ArrayLike<number>): MeshPoints {
  return {
    vertices: Uint32Array.from({ length: 3 * vertices.length }, (_, i) => vertices[Math.floor(i / 3)]!),
    weights: Float32Array.from({ length: 3 * vertices.length }, (_, i) => i % 3 === 0 ? 1 : 0),
  };
}

/** The same points of a mesh whose vertices have other numbers. */
export function renumberPoints(
  { vertices, weights }: MeshPoints,
  numbers: { readonly [vertex: number]: number },
): MeshPoints {
  return { vertices: vertices.map((vertex) => numbers[vertex]!), weights };
}

/** Values of vertices, [vertexCount, dimensions], at points: [pointCount, dimensions]. */
export function valuesAt(
  { vertices, weights }: MeshPoints,
  values: Float32Array,
  { dimensions = 3, out = new Float32Array(dimensions * vertices.length / 3) }: {
    readonly dimensions?: number;
    readonly out?: Float32Array;
  } = {},
): Float32Array {
  for (let point = 0; 3 * point < vertices.length; point++) {
    for (let axis = 0; axis < dimensions; axis++) {
      let sum = 0;
      for (let k = 3 * point; k < 3 * point + 3; k++) sum += weights[k]! * values[dimensions * vertices[k]! + axis]!;
      out[dimensions * point + axis] = sum;
    }
  }
  return out;
}

/** Texture coordinates of a surface's landmarks, [68, 2]; see {@linkcode landmarksOf}. */
export function landmarkUv(
  { uv, landmarks }: { readonly uv: Float32Array; readonly landmarks: SurfaceLandmarks },
  convention?: LandmarkConvention,
): Float32Array {
  return valuesAt(landmarksOf(landmarks, convention), uv, { dimensions: 2 });
}

/** The landmark on the other side of the face, for each of the 68. */
export const mirroredLandmarks: readonly number[] = [
  ...range(16, 0),
  ...range(26, 17),
  ...range(27, 30),
  ...range(35, 31),
  ...[45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40],
  ...[54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55],
  ...[64, 63, 62, 61, 60, 67, 66, 65],
];

export const landmarkParts = ["brows", "eyes", "nose", "mouth", "jaw"] as const;
export type LandmarkPart = (typeof landmarkParts)[number];

/** A line through landmarks, along one part of the face. */
export interface LandmarkLine {
  readonly part: LandmarkPart;
  /** In their order along it. */
  readonly landmarks: readonly number[];
  /** Whether the last is joined to the first. */
  readonly closed: boolean;
}

const open = (part: LandmarkPart, first: number, last: number) => ({
  part,
  landmarks: range(first, last),
  closed: false,
});
const closed = (part: LandmarkPart, first: number, last: number) => ({ ...open(part, first, last), closed: true });

/** The lines that the 68 landmarks lie on, in Multi-PIE's order; right and left are the person's own. */
export const landmarkLines = {
  jaw: open("jaw", 0, 16),
  rightBrow: open("brows", 17, 21),
  leftBrow: open("brows", 22, 26),
  bridge: open("nose", 27, 30),
  nostrils: open("nose", 31, 35),
  rightEye: closed("eyes", 36, 41),
  leftEye: closed("eyes", 42, 47),
  outerLips: closed("mouth", 48, 59),
  innerLips: closed("mouth", 60, 67),
} satisfies Record<string, LandmarkLine>;

/** The numbers of a part's landmarks. */
export function landmarksOfPart(part: LandmarkPart): number[] {
  return Object.values(landmarkLines).flatMap((line) => line.part === part ? line.landmarks : []);
}

/** Landmarks by name: those that give a face's size, direction and middle, and ends and middles of its lines. */
export const keyLandmarks = {
  chin: 8,
  noseRoot: 27,
  noseTip: 30,
  noseBase: 33,
  rightEyeCorner: 36, // the outer one
  leftEyeCorner: 45,
  rightEyeInnerCorner: 39,
  leftEyeInnerCorner: 42,
  rightMouthCorner: 48,
  leftMouthCorner: 54,
  upperLip: 51, // the middle of its outer edge
  lowerLip: 57,
  rightJawEnd: 0, // beside the ear
  leftJawEnd: 16,
} as const;

/** Landmarks on the inner edge of the upper lip, each with the one of the lower lip that it closes on. */
export const lipPairs = [[61, 67], [62, 66], [63, 65]] as const;

/** The distance between the outer corners of the eyes of landmarks, [68, 3], in their unit. */
export function eyeCornerDistance(landmarks: Float32Array): number {
  const { rightEyeCorner, leftEyeCorner } = keyLandmarks;
  return distanceBetween(pointAt(landmarks, rightEyeCorner), pointAt(landmarks, leftEyeCorner));
}

/** The smallest box around landmarks, [68, 2] or [68, 3], or around some of them; outliers and all. */
export function landmarkBox(landmarks: Float32Array, numbers: Iterable<number> = allLandmarks): Box {
  const stride = landmarks.length / LANDMARK_COUNT;
  if (stride !== 2 && stride !== 3) {
    throw new TypeError(`Cannot box ${landmarks.length} numbers: [68, 2] or [68, 3] landmarks were expected`);
  }
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const number of numbers) {
    const [x, y] = [landmarks[stride * number]!, landmarks[stride * number + 1]!];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { left, top, width: right - left, height: bottom - top };
}

const allLandmarks = range(0, LANDMARK_COUNT - 1);

function range(from: number, to: number): number[] {
  const step = Math.sign(to - from);
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + i * step);
}
