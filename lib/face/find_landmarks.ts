import { Matrix, solve } from "ml-matrix";
import { InputError } from "@/lib/errors.ts";
import {
  eyeCornerDistance,
  landmarkEntries,
  landmarksOf,
  type MeshPoints,
  type SurfaceLandmarks,
  valuesAt,
} from "@/lib/face/landmarks.ts";
import { meshLandmarks, type MorphableModel, NECK, shapeFace } from "@/lib/face/morphable_model.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { NearestPoints } from "@/lib/geometry/nearest_points.ts";
import { alignPoints3D, type Similarity3D, transformPoints3D, unmoved } from "@/lib/geometry/procrustes.ts";
import { boundsOf, distanceBetween, dot, minus, pointAt, pointsAt, vector } from "@/lib/geometry/vectors.ts";
import { mean, quantile } from "@/lib/numbers.ts";
import type { Vec3 } from "@/lib/types.ts";

/** Points of the model that are laid on the mesh, modes that bend it, and how much a deviation costs. */
const SAMPLES = 900;
const MODES = 40;
const STIFFNESS = 0.02;
/** The nearest of correspondences that count: the rest is hair, or a hole. */
const KEPT_SHARE = 0.8;
const [TRIALS, ROUNDS] = [12, 30];
/** First guesses of the face's height to the head's. */
const SIZES = [0.25, 0.33, 0.42, 0.52, 0.65, 0.8, 1];
const HEIGHTS = [0.25, 0.35, 0.45, 0.55, 0.65];

/** What landmarks can lie on: a mesh, or those of its triangles that are skin. */
export interface LandmarkGround {
  /** [vertexCount, 3]. */
  readonly positions: Float32Array;
  /** [triangleCount, 3]. */
  readonly triangles: Uint32Array;
}

export interface FoundLandmarks {
  /** On the mesh's vertices, in each convention that the model knows. */
  readonly landmarks: SurfaceLandmarks;
  /** The mean distance of the model from the mesh, to that between the outer corners of the eyes. */
  readonly error: number;
  /** The mean cosine between the directions that model and mesh face, about 0.9 where landmarks are right. */
  readonly agreement: number;
  /**
   * Whether they are likely to be wrong, by more than a tenth of the eyes' distance in the mean: small distances alone do not
   * tell that a nose lies on a cheek, but both tell what heads that are turned, or deformed, come to.
   */
  readonly isDoubtful: boolean;
}

/** Bounds that part fits off by over 10 % from the rest, in 26 fits to two models' heads, deformed and turned or not. */
const [MOST_ERROR, LEAST_AGREEMENT] = [0.022, 0.85];

/**
 * Looks for the 68 landmarks of a head's mesh by laying a model on it that knows its own: turned and scaled by closest points
 * from many first guesses, then bent by its identity modes. The head must look along +z, y up.
 */
export function findLandmarks({ positions, triangles }: LandmarkGround, model: MorphableModel): FoundLandmarks {
  const used = Uint32Array.from(new Set(triangles));
  const surface = pointsAt(positions, used);
  if (used.length < 100) throw new InputError(`Cannot find landmarks on ${used.length} vertices: wanted a head's mesh`);
  const near = new NearestPoints(surface);
  const face = faceSamples(model);
  const step = (points: Float32Array) => {
    const targets = new Float32Array(points.length), away = new Float32Array(points.length / 3);
    for (let i = 0; i < away.length; i++) {
      const [x, y, z] = pointAt(points, i);
      const found = pointAt(surface, near.nearest(x, y, z));
      targets.set(found, 3 * i);
      away[i] = distanceBetween(found, [x, y, z]);
    }
    const limit = quantile(away, KEPT_SHARE);
    const kept = Uint32Array.from(away.keys()).filter((i) => away[i]! <= limit);
    return { targets, kept, error: mean(Array.from(kept, (i) => away[i]!)) };
  };
  const align = (shape: Float32Array, start: Similarity3D, rounds: number) => {
    let place = start, error = Infinity;
    for (let round = 0; round < rounds; round++) {
      const { targets, kept, error: found } = step(transformPoints3D(shape, place));
      try {
        place = alignPoints3D(pointsAt(shape, kept), pointsAt(targets, kept));
      } catch (failure) {
        if (!(failure instanceof RangeError)) throw failure;
        return { place, error: Infinity }; // a few vertices are nearest to all of it
      }
      error = found / place.scale;
    }
    return { place, error };
  };
  const rest = pointsAt(model.mean, face);
  const [best] = starts(rest, surface).map((start) => align(rest, start, TRIALS)).sort((a, b) => a.error - b.error);
  let { place, error } = best!;
  const modes = model.identityModes.slice(0, MODES);
  let identity: number[] = modes.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    const whole = shapeFace(model, { identity, expression: [] });
    const shape = pointsAt(whole, face);
    ({ place, error } = align(shape, place, 1));
    if (error === Infinity) throw new InputError("Cannot find landmarks on this mesh: no part of it is like a face");
    const { targets, kept } = step(transformPoints3D(shape, place));
    identity = bend(rest, { modes: modes.map((mode) => pointsAt(mode, face)), targets, kept, place });
  }
  const shape = transformPoints3D(shapeFace(model, { identity, expression: [] }), place);
  const relative = error * place.scale / eyeCornerDistance(valuesAt(meshLandmarks(model), shape));
  const agreement = normalsAgreement(shape, {
    model,
    face,
    nearestTo: (x, y, z) => used[near.nearest(x, y, z)]!,
    normals: vertexNormals({ positions, triangles }, { frame: "model" }),
  });
  return {
    landmarks: Object.fromEntries(
      landmarkEntries(model.surface.landmarks).map(([name]) => {
        const points = valuesAt(meshLandmarks(model, (all) => landmarksOf(all, name)), shape);
        return [name, closestPoints(points, { positions, triangles })];
      }),
    ),
    error: relative,
    agreement,
    isDoubtful: !(relative <= MOST_ERROR && agreement >= LEAST_AGREEMENT),
  };
}

/** Bounds above which a vertex counts as seen from the front: of its normal's z, and of its openness. */
const [FRONT_COSINE, SEEN_OPENNESS] = [0.2, 0.5];

/** The mean cosine between a model's normals, in this shape, and a mesh's where it is nearest; whichever way that is wound. */
function normalsAgreement(
  shape: Float32Array,
  { model, face, nearestTo, normals }: {
    readonly model: MorphableModel;
    readonly face: Uint32Array;
    readonly nearestTo: (x: number, y: number, z: number) => number;
    /** [vertexCount, 3], the mesh's. */
    readonly normals: Float32Array;
  },
): number {
  const { triangles, openness } = model;
  const [rest, shaped] = [model.mean, shape].map((positions) =>
    vertexNormals({ positions, triangles }, { frame: "model" })
  );
  const seen = face.filter((v) => rest![3 * v + 2]! > FRONT_COSINE && (openness?.[v] ?? 1) > SEEN_OPENNESS);
  const cosineAt = (v: number) => dot(pointAt(shaped!, v), pointAt(normals, nearestTo(...pointAt(shape, v))));
  return Math.abs(mean(Array.from(seen, cosineAt)));
}

/** Vertices spread over the model's face, without its neck. */
function faceSamples({ surface, surfaceVertices }: MorphableModel): Uint32Array {
  const face = Uint32Array.from(surfaceVertices.keys()).filter((v) => surface.regions[v] !== NECK);
  const every = Math.max(1, Math.floor(face.length / SAMPLES));
  return face.filter((_, i) => i % every === 0).map((v) => surfaceVertices[v]!);
}

/** The model upright, of several sizes at several heights of the head, as far forwards as the head there is. */
function starts(rest: Float32Array, surface: Float32Array): Similarity3D[] {
  const [model, head] = [boundsOf(rest), boundsOf(surface)];
  const height = head.high[1] - head.low[1], middle = (head.low[0] + head.high[0]) / 2;
  return SIZES.flatMap((size) =>
    HEIGHTS.map((share) => {
      const scale = size * height / (model.high[1] - model.low[1]);
      const y = head.low[1] + share * height;
      let front = -Infinity;
      for (let i = 0; i < surface.length; i += 3) {
        if (Math.abs(surface[i + 1]! - y) < size * height / 2) front = Math.max(front, surface[i + 2]!);
      }
      return {
        ...unmoved,
        scale,
        translation: [
          middle - scale * (model.low[0] + model.high[0]) / 2,
          y - scale * (model.low[1] + model.high[1]) / 2,
          Number.isFinite(front) ? front - scale * model.high[2] : 0,
        ],
      };
    })
  );
}

/** The modes' amounts that bring the model nearest to its targets, each deviation held against. */
function bend(
  rest: Float32Array,
  { modes, targets, kept, place }: {
    readonly modes: readonly Float32Array[];
    readonly targets: Float32Array;
    readonly kept: Uint32Array;
    readonly place: Similarity3D;
  },
): number[] {
  if (modes.length === 0) return [];
  const { rotation: r, scale, translation: t } = place;
  const rows = Array.from(kept).flatMap((i) => {
    const away = [0, 1, 2].map((k) => (targets[3 * i + k]! - t[k]!) / scale);
    // into the model's own axes
    return [0, 1, 2].map((k) => r[k]! * away[0]! + r[3 + k]! * away[1]! + r[6 + k]! * away[2]! - rest[3 * i + k]!);
  });
  const columns = new Matrix(modes.map((mode) => Array.from(kept).flatMap((i) => pointAt(mode, i))));
  const normal = columns.mmul(columns.transpose());
  const weight = STIFFNESS * normal.trace() / modes.length;
  for (let k = 0; k < modes.length; k++) normal.set(k, k, normal.get(k, k) + weight);
  return solve(normal, columns.mmul(Matrix.columnVector(rows))).to1DArray();
}

/** For each of these points, [pointCount, 3], the nearest one of the triangle whose middle is nearest. */
export function closestPoints(points: Float32Array, { positions, triangles }: LandmarkGround): MeshPoints {
  const centers = new Float32Array(triangles.length);
  for (let t = 0; t < triangles.length; t += 3) {
    for (let k = 0; k < 3; k++) {
      for (let corner = 0; corner < 3; corner++) centers[t + k]! += positions[3 * triangles[t + corner]! + k]! / 3;
    }
  }
  const near = new NearestPoints(centers);
  const count = points.length / 3;
  const [vertices, weights] = [new Uint32Array(3 * count), new Float32Array(3 * count)];
  for (let i = 0; i < count; i++) {
    const point = pointAt(points, i);
    const t = near.nearest(...point);
    const corners = triangles.subarray(3 * t, 3 * t + 3);
    vertices.set(corners, 3 * i);
    weights.set(sharesIn(point, [...corners].map((v) => pointAt(positions, v))), 3 * i);
  }
  return { vertices, weights };
}

/** Barycentric coordinates of a point's foot in a triangle, drawn into it where it is outside. */
function sharesIn(p: Vec3, [a, b, c]: readonly Vec3[]): Vec3 {
  const [u, v, w] = [minus(b!, a!), minus(c!, a!), minus(p, a!)];
  const [uu, uv, vv, wu, wv] = [dot(u, u), dot(u, v), dot(v, v), dot(w, u), dot(w, v)];
  const area = uu * vv - uv * uv;
  if (!(area > 0)) return [1, 0, 0];
  const shares = [(vv * wu - uv * wv) / area, (uu * wv - uv * wu) / area];
  const inside = [1 - shares[0]! - shares[1]!, ...shares].map((share) => Math.max(0, share));
  const total = inside[0]! + inside[1]! + inside[2]!;
  return vector((corner) => inside[corner]! / total);
}
