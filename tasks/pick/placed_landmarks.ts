import { closestPoints, type LandmarkGround } from "@/lib/face/find_landmarks.ts";
import {
  type LandmarkConvention,
  landmarkEntries,
  landmarkLines,
  landmarksOf,
  type MeshPoints,
  mirroredLandmarks,
  type SurfaceLandmarks,
  valuesAt,
} from "@/lib/face/landmarks.ts";
import { meanOf, minus, plus, pointAt } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";

/** A point in a triangle of the mesh. */
export interface TrianglePoint {
  readonly corners: Vec3;
  /** Weight of each corner; they add up to 1. */
  readonly weights: Vec3;
}

/** The person's own. */
export type Side = "right" | "left";

const rightLandmarks: readonly number[] = [
  ...landmarkLines.jaw.landmarks.slice(0, 8),
  ...landmarkLines.rightBrow.landmarks,
  ...[31, 32],
  ...landmarkLines.rightEye.landmarks,
  ...[48, 49, 50, 58, 59, 60, 61, 67],
];
const midline = [...mirroredLandmarks.keys()].filter((landmark) => mirroredLandmarks[landmark] === landmark);
const jaw: readonly number[] = landmarkLines.jaw.landmarks;

/** 68 landmarks on a mesh that a person moves about. */
export class PlacedLandmarks {
  readonly #ground: LandmarkGround;
  readonly #before: SurfaceLandmarks[] = [];
  #now: SurfaceLandmarks;

  constructor(landmarks: SurfaceLandmarks, ground: LandmarkGround) {
    this.#now = landmarks;
    this.#ground = ground;
  }

  get landmarks(): SurfaceLandmarks {
    return this.#now;
  }

  get canUndo(): boolean {
    return this.#before.length > 0;
  }

  /** [68, 3]. */
  positions(convention: LandmarkConvention, landmarks = this.#now): Float32Array {
    return valuesAt(landmarksOf(landmarks, convention), this.#ground.positions);
  }

  /** Begins a change that can be undone. */
  begin(): void {
    this.#before.push(this.#now);
  }

  /** Moves a landmark in one convention, any number of times. */
  place(landmark: number, point: TrianglePoint, convention: LandmarkConvention): void {
    this.#now = { ...this.#now, [convention]: withPoint(landmarksOf(this.#now, convention), landmark, point) };
  }

  /** Ends a landmark's move: other conventions, which are about another jaw, go along with what is not of it. */
  end(landmark: number, convention: LandmarkConvention): void {
    if (jaw.includes(landmark)) return;
    const [from, to] = [this.#before.at(-1)!, this.#now].map((landmarks) =>
      pointAt(this.positions(convention, landmarks), landmark)
    ) as [Vec3, Vec3];
    for (const [name] of landmarkEntries(this.#now)) {
      if (name === convention) continue;
      const wanted = plus(pointAt(this.positions(name), landmark), minus(to, from));
      this.place(landmark, this.#nearest([wanted])[0]!, name);
    }
  }

  /** Puts the landmarks of the other side where those of this one are in a mirror through the face's middle. */
  mirror(from: Side): void {
    this.begin();
    const sources = from === "right" ? rightLandmarks : rightLandmarks.map((landmark) => mirroredLandmarks[landmark]!);
    for (const [convention] of landmarkEntries(this.#now)) {
      const at = this.positions(convention);
      const [middle] = meanOf(at, midline);
      const mirrored = sources.map((landmark): Vec3 => {
        const [x, y, z] = pointAt(at, landmark);
        return [2 * middle - x, y, z];
      });
      this.#nearest(mirrored).forEach((point, i) => this.place(mirroredLandmarks[sources[i]!]!, point, convention));
    }
  }

  /** Takes the last change back, if there was one. */
  undo(): void {
    this.#now = this.#before.pop() ?? this.#now;
  }

  #nearest(points: readonly Vec3[]): TrianglePoint[] {
    const { vertices, weights } = closestPoints(Float32Array.from(points.flat()), this.#ground);
    return points.map((_, i) => ({ corners: pointAt(vertices, i), weights: pointAt(weights, i) }));
  }
}

function withPoint({ vertices, weights }: MeshPoints, landmark: number, point: TrianglePoint): MeshPoints {
  const moved = { vertices: vertices.slice(), weights: weights.slice() };
  moved.vertices.set(point.corners, 3 * landmark);
  moved.weights.set(point.weights, 3 * landmark);
  return moved;
}
