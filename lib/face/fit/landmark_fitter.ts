import { CholeskyDecomposition, Matrix, SingularValueDecomposition, solve } from "ml-matrix";
import { isComponent } from "@/lib/face/expression_names.ts";
import { type JawOutline, jawOutline } from "@/lib/face/fit/jaw_outline.ts";
import {
  LANDMARK_COUNT,
  landmarkBox,
  type LandmarkConvention,
  landmarkLines,
  landmarksOf,
  type MeshPoints,
  renumberPoints,
  valuesAt,
} from "@/lib/face/landmarks.ts";
import { type FaceCoefficients, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { axisRotation, entriesOf, multiply, placeInImage, type Placement } from "@/lib/geometry/transforms.ts";
import { pointAt, pointsAt, unit } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Mat3 } from "@/lib/types.ts";

/** A face of a morphable model that landmarks of a picture were explained by. */
export interface LandmarkFit {
  readonly coefficients: FaceCoefficients;
  /** Where it stands in the picture; the depth of the model's origin is 0, as a picture does not tell it. */
  readonly placement: Placement;
  /** The mean distance of the model's points from the landmarks, in percent of the square root of the landmarks' box's area. */
  readonly error: number;
}

export interface LandmarkFitterOptions {
  /** Which points of a face the landmarks are. */
  readonly convention: LandmarkConvention;
}

/** What is believed before a landmark is seen. */
const belief = {
  /** Standard deviation of landmarks, in square roots of their box's area: about what annotators differ by. */
  noise: 0.012,
  /** Factors on the noise of the jaw's landmarks on the outline: across it, and along it, where nothing marks their place. */
  across: 1.5,
  along: 5,
  /** Standard deviation of identity amounts, in the model's standard deviations. */
  identity: 1,
  /** Standard deviation of expression amounts about 0. */
  expression: 0.3,
  /** The same of principal components of expressions, in the model's standard deviations. */
  component: 1,
} as const;

/** Steps of Gauss and Newton's method; the last ones change nothing that is seen. */
const STEPS = 12;
/** Rounds in which expressions other than components are kept within 0 and 1. */
const BOUND_ROUNDS = 4;

const JAW = landmarkLines.jaw.landmarks.length;

/**
 * Fits faces of a morphable model to 68 landmarks of pictures: the most probable pose, under scaled orthography, and amounts of
 * the model's modes, by regularized linear least squares about the last estimate, again and again (Blanz and Vetter, PAMI
 * 2003, without the colors). Where landmarks are on the outline as it is seen, the jaw's slide along with it.
 */
export class LandmarkFitter {
  readonly #model: MorphableModel;
  readonly #outline: JawOutline | undefined;
  /** [pointCount, 3]: of the 68 landmarks, then of all places that the jaw's can take. */
  readonly #mean: Float32Array;
  readonly #modes: readonly Float32Array[];
  readonly #identityCount: number;
  /** [modes], standard deviation of each mode's amount by {@linkcode belief}. */
  readonly #deviations: readonly number[];
  /** The modes whose amounts are from 0 to 1. */
  readonly #bounded: readonly number[];

  /** Throws a RangeError where the model's surface does not know the convention. */
  constructor(model: MorphableModel, { convention }: LandmarkFitterOptions) {
    this.#model = model;
    const { surface, surfaceVertices } = model;
    const landmarks = landmarksOf(surface.landmarks, convention);
    const positions = pointsAt(model.mean, surfaceVertices);
    this.#outline = convention === "outline" ? jawOutline(surface, { positions, landmarks }) : undefined;
    const points = renumberPoints(joined(landmarks, this.#outline?.points), surfaceVertices);
    this.#mean = valuesAt(points, model.mean);
    this.#modes = [...model.identityModes, ...model.expressionModes].map((mode) => valuesAt(points, mode));
    const count = this.#identityCount = model.identityModes.length;
    this.#deviations = [
      ...model.identityModes.map(() => belief.identity),
      ...model.expressionNames.map((name) => isComponent(name) ? belief.component : belief.expression),
    ];
    this.#bounded = model.expressionNames.flatMap((name, m) => isComponent(name) ? [] : [count + m]);
  }

  /**
   * @param landmarks [68, 2] or [68, 3], of which x and y count, in the picture's pixels
   * @returns undefined where they are of no face: all on a line, or not finite
   */
  fit(landmarks: Float32Array): LandmarkFit | undefined {
    const stride = landmarks.length / LANDMARK_COUNT;
    const { width, height } = landmarkBox(landmarks);
    const size = Math.sqrt(width * height);
    if (!(size > 0 && size < Infinity) || !landmarks.every((value, i) => i % stride === 2 || Number.isFinite(value))) {
      return undefined;
    }
    const target = Float64Array.from(
      { length: 2 * LANDMARK_COUNT },
      (_, i) => landmarks[stride * (i >> 1) + i % 2]!,
    );
    let pose = this.#firstPose(target);
    if (!pose) return undefined;
    let amounts = new Float64Array(this.#modes.length);
    for (let step = 0; step < STEPS; step++) ({ pose, amounts } = this.#improve({ pose, amounts }, { target, size }));
    const coefficients = {
      identity: amounts.slice(0, this.#identityCount),
      expression: amounts.slice(this.#identityCount),
    };
    const shape = this.#shape(amounts);
    const placed = placeInImage(shape, pose);
    let missed = 0;
    this.#chosen(shape, pose.rotation).forEach(({ point }, k) => {
      missed += Math.hypot(placed[3 * point]! - target[2 * k]!, placed[3 * point + 1]! - target[2 * k + 1]!);
    });
    return { coefficients, placement: pose, error: 100 * missed / LANDMARK_COUNT / size };
  }

  /** The vertices of a fitted face, [vertexCount, 3], in the picture's pixels. */
  place({ coefficients, placement }: LandmarkFit): Float32Array {
    const vertices = shapeFace(this.#model, coefficients);
    return placeInImage(vertices, placement, vertices);
  }

  /** The mean face's, by the affine camera that brings the landmarks within the face nearest, made a turn and a scale. */
  #firstPose(target: Float64Array): Placement | undefined {
    const inner = Array.from({ length: LANDMARK_COUNT - JAW }, (_, k) => JAW + k);
    const from = new Matrix(inner.map((k) => [...this.#mean.subarray(3 * k, 3 * k + 3), 1]));
    const to = new Matrix(inner.map((k) => [target[2 * k]!, -target[2 * k + 1]!]));
    const camera = solve(from, to, true).transpose(); // [2, 4]
    const { leftSingularVectors: u, rightSingularVectors: v, diagonal } = new SingularValueDecomposition(
      camera.subMatrix(0, 1, 0, 2),
      { autoTranspose: true },
    );
    const scale = (diagonal[0]! + diagonal[1]!) / 2;
    if (!(diagonal[1]! > LEAST_EXTENT * diagonal[0]!)) return undefined;
    const rows = u.mmul(v.subMatrix(0, 2, 0, 1).transpose()).to1DArray() as unknown as Six;
    const [a, b, c, d, e, f] = rows;
    const rotation = new Float64Array([...rows, b * f - c * e, c * d - a * f, a * e - b * d]);
    return { rotation, scale, translation: [camera.get(0, 3), -camera.get(1, 3), 0] };
  }

  /** The model's points at these amounts, [pointCount, 3], in model space. */
  #shape(amounts: Float64Array): Float32Array {
    const shape = this.#mean.slice();
    this.#modes.forEach((mode, m) => {
      const amount = amounts[m]!;
      if (amount !== 0) { for (let i = 0; i < shape.length; i++) shape[i]! += amount * mode[i]!; }
    });
    return shape;
  }

  /** Which point each landmark is of, when the head is turned so. */
  #chosen(shape: Float32Array, rotation: Mat3): Chosen[] {
    const chosen: Chosen[] = Array.from({ length: LANDMARK_COUNT }, (_, point) => ({ point }));
    if (!this.#outline) return chosen;
    const { firsts, outward } = this.#outline;
    const [m00, m01, m02, m10, m11, m12] = entriesOf(rotation);
    for (let k = 0; k < JAW; k++) {
      const [x, y] = outward[k]!;
      // on the screen, across the outline: what is along it at rest, (-y, x), turned, and a right angle from there
      const [right, up] = [m11 * x - m10 * y, m00 * y - m01 * x];
      const length = Math.hypot(right, up) || 1;
      const across = [right / length, -up / length] as const;
      let most = -Infinity;
      for (let point = LANDMARK_COUNT + firsts[k]!; point < LANDMARK_COUNT + firsts[k + 1]!; point++) {
        const [px, py, pz] = pointAt(shape, point);
        const reach = right * (m00 * px + m01 * py + m02 * pz) + up * (m10 * px + m11 * py + m12 * pz);
        if (reach > most) [most, chosen[k]] = [reach, { point, across }];
      }
    }
    return chosen;
  }

  /** One step: all unknowns at once, about where they are. */
  #improve(
    { pose, amounts }: { readonly pose: Placement; readonly amounts: Float64Array<ArrayBuffer> },
    { target, size }: { readonly target: Float64Array; readonly size: number },
  ): { pose: Placement; amounts: Float64Array<ArrayBuffer> } {
    const shape = this.#shape(amounts);
    const chosen = this.#chosen(shape, pose.rotation);
    const { rotation, scale, translation } = pose;
    const [m00, m01, m02, m10, m11, m12, m20, m21, m22] = entriesOf(rotation);
    const count = POSE + this.#modes.length;
    const jacobian = Matrix.zeros(2 * LANDMARK_COUNT, count), missed = Matrix.zeros(2 * LANDMARK_COUNT, 1);
    chosen.forEach(({ point, across: [right, down] = UPRIGHT }, k) => {
      const weight = 1 / (belief.noise * size);
      const onOutline = k < JAW && this.#outline !== undefined;
      const weights = [weight / (onOutline ? belief.across : 1), weight / (onOutline ? belief.along : 1)] as const;
      const put = (matrix: Matrix, column: number, dx: number, dy: number) => {
        matrix.set(2 * k, column, weights[0] * (right * dx + down * dy));
        matrix.set(2 * k + 1, column, weights[1] * (right * dy - down * dx));
      };
      const [px, py, pz] = pointAt(shape, point);
      const x = scale * (m00 * px + m01 * py + m02 * pz);
      const y = scale * (m10 * px + m11 * py + m12 * pz);
      const z = scale * (m20 * px + m21 * py + m22 * pz);
      // turns about x, y and z, the scale's logarithm, the shift right and down
      [[0, z], [z, 0], [-y, -x], [x, -y], [size, 0], [0, size]].forEach(([dx, dy], i) => put(jacobian, i, dx!, dy!));
      this.#modes.forEach((mode, m) => {
        const [dx, dy, dz] = pointAt(mode, point);
        const [right, up] = [m00 * dx + m01 * dy + m02 * dz, m10 * dx + m11 * dy + m12 * dz];
        put(jacobian, POSE + m, scale * right, -scale * up);
      });
      put(missed, 0, target[2 * k]! - translation[0] - x, target[2 * k + 1]! - translation[1] + y);
    });
    const change = this.#solve({ jacobian, missed, amounts });
    const [, , , growth, right, down] = change as unknown as Six, turn = pointAt(change, 0);
    return {
      pose: {
        rotation: multiply(axisRotation(unit(turn), Math.hypot(...turn)), rotation),
        scale: scale * Math.exp(growth),
        translation: [translation[0] + size * right, translation[1] + size * down, 0],
      },
      amounts: amounts.map((amount, m) => amount + change[POSE + m]!),
    };
  }

  /** Expressions that would leave 0 to 1 are held at their bounds, and the others found again. */
  #solve({ jacobian, missed, amounts }: {
    readonly jacobian: Matrix;
    readonly missed: Matrix;
    readonly amounts: Float64Array;
  }): Float64Array {
    const count = jacobian.columns;
    const transposed = jacobian.transpose();
    const normal = transposed.mmul(jacobian), right = transposed.mmul(missed);
    amounts.forEach((amount, m) => {
      const precision = this.#deviations[m]! ** -2;
      const i = POSE + m;
      normal.set(i, i, normal.get(i, i) + precision);
      right.set(i, 0, right.get(i, 0) - precision * amount);
    });
    const change = new Float64Array(count);
    const isHeld = new Uint8Array(count);
    for (let round = 0; round < BOUND_ROUNDS; round++) {
      const free = Array.from(isHeld.keys()).filter((i) => isHeld[i] === 0);
      const held = Array.from(isHeld.keys()).filter((i) => isHeld[i] === 1);
      const rest = free.map((i) => [held.reduce((sum, j) => sum - normal.get(i, j) * change[j]!, right.get(i, 0))]);
      const solved = new CholeskyDecomposition(normal.selection(free, free)).solve(new Matrix(rest));
      free.forEach((i, k) => change[i] = solved.get(k, 0));
      let isWithin = true;
      for (const m of this.#bounded) {
        const wanted = amounts[m]! + change[POSE + m]!;
        const bounded = clamp(wanted, 0, 1);
        if (bounded === wanted) continue;
        change[POSE + m] = bounded - amounts[m]!;
        isHeld[POSE + m] = 1;
        isWithin = false;
      }
      if (isWithin) break;
    }
    return change;
  }
}

/** What a landmark is of. */
interface Chosen {
  readonly point: number;
  /** Where it is on the outline: the direction across that, right and down, of length 1. */
  readonly across?: readonly [number, number];
}

const UPRIGHT = [1, 0] as const;

/** Unknowns of the pose, before the modes' amounts. */
const POSE = 6;
/** Least ratio of the affine camera's singular values: landmarks nearer to one line are no face's. */
const LEAST_EXTENT = 1e-3;

type Six = readonly [number, number, number, number, number, number];

function joined(first: MeshPoints, second: MeshPoints | undefined): MeshPoints {
  return {
    vertices: Uint32Array.from([...first.vertices, ...second?.vertices ?? []]),
    weights: Float32Array.from([...first.weights, ...second?.weights ?? []]),
  };
}
