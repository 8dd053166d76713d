import { eyeCornerDistance, keyLandmarks, outlineOf, valuesAt } from "@/lib/face/landmarks.ts";
import { addModes, meshLandmarks, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { pointAt } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Random } from "@/lib/random.ts";

/** Identity modes, the first and largest ones, by which the two sides of a face differ. */
const SIDE_MODES = 24;
/** Landmarks on either side of the lower jaw, where a heavy face is broad. */
const JAWS = [4, 12] as const;

/** Draws the shapes of people at rest from a morphable model. */
export class PersonShapes {
  readonly #model: MorphableModel;
  /** One coefficient for each identity mode: the likeliest way for a jaw to be broader, of length 1. */
  readonly #heaviness: readonly number[];
  /** [vertexCount], -1 far to the image's left of the face's middle and 1 far to its right. */
  readonly #sides: Float32Array;
  readonly #difference: Float32Array;

  constructor(model: MorphableModel) {
    this.#model = model;
    this.#heaviness = heavinessOf(model);
    const marks = valuesAt(meshLandmarks(model), model.mean);
    const middle = pointAt(marks, keyLandmarks.noseRoot)[0], reach = 0.75 * eyeCornerDistance(marks);
    this.#sides = Float32Array.from({ length: model.mean.length / 3 }, (_, v) => {
      const aside = clamp((model.mean[3 * v]! - middle) / reach, -1, 1);
      return aside * (1.5 - 0.5 * aside * aside);
    });
    this.#difference = new Float32Array(model.mean.length);
  }

  /**
   * A person without expression, to `out`, [vertexCount, 3] in model space. Amounts of the modes are normal, of a spread of the
   * person's own; some people are thin or heavy, further than the modes' two standard deviations; and nobody's sides are alike.
   */
  shape(random: Random, out: Float32Array): void {
    const spread = random.uniform(0.5, 1.3);
    const identity = Float32Array.from(this.#model.identityModes, () => random.normal() * spread);
    const weight = random.fork("weight");
    const amount = weight.chance(0.35) ? 1.5 * weight.normal() : 0;
    this.#heaviness.forEach((share, m) => identity[m]! += amount * share);
    shapeFace(this.#model, { identity, expression: [] }, out);
    this.#setApart(random.fork("sides"), out);
  }

  /** Moves one side of the face along the modes, and the other against them. */
  #setApart(random: Random, out: Float32Array): void {
    const spread = random.uniform(0.03, 0.25);
    const amounts = this.#model.identityModes.map((_, m) => m < SIDE_MODES ? random.normal() * spread : 0);
    const difference = this.#difference.fill(0);
    addModes(difference, this.#model.identityModes, amounts);
    for (let i = 0; i < out.length; i++) out[i]! += this.#sides[(i / 3) | 0]! * difference[i]!;
  }
}

/** Which way from the mean the jaw gets broader, beside the distance of the eyes, the fastest. */
function heavinessOf({ identityModes, mean, ...model }: MorphableModel): readonly number[] {
  const points = meshLandmarks(model, outlineOf);
  const breadth = (vertices: Float32Array) => {
    const marks = valuesAt(points, vertices);
    return (pointAt(marks, JAWS[1])[0] - pointAt(marks, JAWS[0])[0]) / eyeCornerDistance(marks);
  };
  const atRest = breadth(mean);
  const gains = identityModes.map((mode) => breadth(mode.map((change, i) => mean[i]! + change)) - atRest);
  const length = Math.hypot(...gains) || 1;
  return gains.map((gain) => gain / length);
}
