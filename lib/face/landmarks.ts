/** Of Multi-PIE's annotation, which 300-W and all that follows it uses. */
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

function range(from: number, to: number): number[] {
  const step = Math.sign(to - from);
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + i * step);
}
