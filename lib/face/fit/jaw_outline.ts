import { keyLandmarks, landmarkLines, type MeshPoints, valuesAt } from "@/lib/face/landmarks.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { cross, dot, meanOf, minus, pointAt, unit, vector } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";

/** Where the jaw's landmarks can be. */
export interface JawOutline {
  /** Points of the surface; those of one landmark follow each other. */
  readonly points: MeshPoints;
  /** [17 + 1], the first point of each of the jaw's landmarks, and how many there are. */
  readonly firsts: readonly number[];
  /** [17], the way from the face's middle to each landmark, of length 1, in model space; its z is 0. */
  readonly outward: readonly Vec3[];
}

/** Where a landmark's way ends, as a share of the landmark's distance from the face's middle. */
const INNERMOST = 0.35;

/**
 * Where an annotator's jaw landmarks go as a face turns: from the jaw's edge, where they are as long as that is seen, forward
 * over the cheek, along with the outline (landmark marching; Zhu et al., CVPR 2015, section 3.2). Each takes the way on which a
 * plane through it along the line of sight cuts the surface: a level one beside the mouth and above, one towards the mouth's
 * middle below.
 *
 * @param positions [surface vertexCount, 3], a face at rest, in model space
 * @param landmarks the surface's, in the convention "outline"
 */
export function jawOutline(
  { triangles }: Pick<FaceSurface, "triangles">,
  { positions, landmarks }: { readonly positions: Float32Array; readonly landmarks: MeshPoints },
): JawOutline {
  const places = valuesAt(landmarks, positions);
  const mouth = meanOf(places, [keyLandmarks.rightMouthCorner, keyLandmarks.leftMouthCorner]);
  const middle: Vec3 = [mouth[0], mouth[1], 0];
  const vertices: number[] = [], weights: number[] = [], firsts: number[] = [], outward: Vec3[] = [];
  for (const landmark of landmarkLines.jaw.landmarks) {
    firsts.push(vertices.length / 3);
    const own = [3 * landmark, 3 * landmark + 3] as const;
    vertices.push(...landmarks.vertices.subarray(...own));
    weights.push(...landmarks.weights.subarray(...own));
    const place = pointAt(places, landmark);
    const center: Vec3 = [middle[0], Math.max(middle[1], place[1]), 0];
    const way = unit([place[0] - center[0], place[1] - center[1], 0]);
    const reach = dot(minus(place, center), way);
    outward.push(way);
    for (const { edge, share, point } of cuts({ triangles, positions, center, normal: cross([0, 0, 1], way) })) {
      const distance = dot(minus(point, center), way);
      if (distance < INNERMOST * reach || distance > reach || point[2] < place[2]) continue;
      vertices.push(...edge, edge[0]);
      weights.push(1 - share, share, 0);
    }
  }
  firsts.push(vertices.length / 3);
  return { points: { vertices: Uint32Array.from(vertices), weights: Float32Array.from(weights) }, firsts, outward };
}

interface Cut {
  readonly edge: readonly [number, number];
  /** Place along the edge, from 0 at its first vertex to 1 at its second. */
  readonly share: number;
  readonly point: Vec3;
}

/** Where edges of a mesh pass through a plane, each edge once. */
function* cuts({ triangles, positions, center, normal }: {
  readonly triangles: Uint32Array;
  readonly positions: Float32Array;
  readonly center: Vec3;
  readonly normal: Vec3;
}): Generator<Cut> {
  const side = (vertex: number) => dot(minus(pointAt(positions, vertex), center), normal);
  for (let t = 0; t < triangles.length; t += 3) {
    for (let k = 0; k < 3; k++) {
      const [a, b] = [triangles[t + k]!, triangles[t + (k + 1) % 3]!];
      const [sideA, sideB] = [side(a), side(b)];
      if (!(sideA < 0 && sideB >= 0)) continue; // the edge's other triangle has it the other way round
      const share = sideA / (sideA - sideB);
      const [from, to] = [pointAt(positions, a), pointAt(positions, b)];
      const point = vector((axis) => from[axis] + share * (to[axis] - from[axis]));
      yield { edge: [a, b], share, point };
    }
  }
}
