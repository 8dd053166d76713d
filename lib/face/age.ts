import { eyeCornerDistance, keyLandmarks, outlineOf, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { meanPoint, pointAt, vector } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Vec3 } from "@/lib/types.ts";

/**
 * Heads of other ages than a model's, which are mostly those of young adults: space itself is bent, so that lids still close
 * over eyes, and lips over teeth.
 *
 * Measured on MakeHuman's head (base mesh hm08 and its targets, CC0; the mean of two sexes and three ancestries): how babies,
 * children and old people differ from young adults where their eyes are as far apart. A cubic polynomial of the place, odd in x
 * or even, and a bump at nose and mouth, by least squares: of the differences' root mean square two fifths are left over, of
 * old people's half.
 */
// deno-fmt-ignore
const figures = {
  baby: {
    x: [0.066, -0.065, 0.091, 0.023, -0.148, 0.109, 0.105, 0.031, -0.561],
    y: [0.053, 0.104, -0.185, 0.121, -0.079, -0.099, -0.125, 0.156, -0.126, 0.002, -0.162, -0.242, -0.076, 0.134, 0.231,
      0.101, 0.263],
    z: [0.045, -0.094, 0.238, 0.165, 0.374, 0.068, 0.116, -0.236, 0.436, -0.056, -0.091, 0.313, -0.219, -0.096, 0.079,
      0.038, 0.622],
  },
  child: {
    x: [0.015, 0.063, -0.024, -0.008, 0.032, -0.021, 0.007, 0.036, -0.131],
    y: [0.013, 0.024, -0.04, 0.049, -0.025, -0.029, -0.02, 0.042, -0.029, -0.007, -0.034, -0.1, 0.024, 0.03, -0.007,
      0.016, 0.081],
    z: [0.006, 0.024, 0.046, 0.007, 0.04, 0.044, -0.004, -0.016, 0.03, -0.008, -0.01, 0.029, -0.027, -0.04, 0.033,
      0.025, 0.143],
  },
  old: {
    x: [-0.008, 0.001, -0.039, 0.037, -0.009, -0.046, -0.013, 0.026, 0.028],
    y: [0.004, 0.003, -0.075, -0.013, -0.06, -0.084, -0.013, -0.027, -0.038, -0.043, -0.036, 0.027, -0.019, -0.013, 0.085,
      0.024, 0.038],
    z: [-0.003, 0.083, -0.025, -0.003, -0.059, -0.005, -0.032, -0.02, -0.027, -0.004, 0.02, -0.111, 0.056, 0.036, 0.092,
      0.002, -0.048],
  },
} as const;

/** Years: of the heads that were measured, and from when to when a head is as the model has it. */
const BABY = 1, CHILD = 11, GROWN = 20, STILL = 35, OLD = 85;

/** In face units (see `FaceAtlas`), where each bump is, and how wide. */
const bumps = [{ y: -0.36, z: 0.42, reach: 0.28 }, { y: -0.66, z: 0.26, reach: 0.3 }] as const;
/** In face units: what lies beyond moves as what is nearest within. */
const LIMITS = [[-1.15, 1.15], [-1.25, 1], [-1.3, 0.6]] as const;
/** In face units: the heights between which a head becomes a neck, which moves as its own middle, at this depth, does. */
const NECK = { top: -1, foot: -1.4, depth: -0.7 } as const;

/** Bends the heads of one model to an age. */
export class AgeBender {
  readonly #unit: number;
  readonly #origin: Vec3;

  constructor(model: MorphableModel) {
    const landmarks = valuesAt(meshLandmarks(model, outlineOf), model.mean);
    const { rightEyeCorner, leftEyeCorner } = keyLandmarks;
    this.#unit = eyeCornerDistance(landmarks);
    this.#origin = meanPoint([pointAt(landmarks, rightEyeCorner), pointAt(landmarks, leftEyeCorner)]);
  }

  /** Where a point of a head goes, in face units. */
  bendPoint(point: Vec3, years: number): Vec3 {
    const bent = Float32Array.from(point, (value, axis) => value * this.#unit + this.#origin[axis]!);
    this.bend(bent, years);
    return vector((axis) => (bent[axis]! - this.#origin[axis]) / this.#unit);
  }

  /** Vertices are [vertexCount, 3], in model space, in place. */
  bend(vertices: Float32Array, years: number): void {
    const shares = sharesAt(years);
    if (Object.values(shares).every((share) => share === 0)) return;
    const mix = (axis: "x" | "y" | "z") =>
      figures.baby[axis].map((value, i) =>
        shares.baby * value + shares.child * figures.child[axis][i]! + shares.old * figures.old[axis][i]!
      );
    const [cx, cy, cz] = [mix("x"), mix("y"), mix("z")];
    const unit = this.#unit, [ox, oy, oz] = this.#origin;
    const [[left, right], [bottom, top], [back, front]] = LIMITS;
    for (let i = 0; i < vertices.length; i += 3) {
      const x = clamp((vertices[i]! - ox) / unit, left, right);
      const y = clamp((vertices[i + 1]! - oy) / unit, bottom, top);
      const depth = clamp((vertices[i + 2]! - oz) / unit, back, front);
      const z = depth + smoothstep(NECK.top, NECK.foot, (vertices[i + 1]! - oy) / unit) * (NECK.depth - depth);
      const xx = x * x;
      const [nose, mouth] = [bumpAt(0, xx, y, z), bumpAt(1, xx, y, z)];
      const aside = cx[0]! + cx[1]! * y + cx[2]! * z + cx[3]! * y * y + cx[4]! * y * z + cx[5]! * z * z + cx[6]! * xx +
        cx[7]! * nose + cx[8]! * mouth;
      vertices[i]! += unit * x * aside;
      vertices[i + 1]! += unit * even(cy, xx, y, z, nose, mouth);
      vertices[i + 2]! += unit * even(cz, xx, y, z, nose, mouth);
    }
  }
}

function bumpAt(index: 0 | 1, xx: number, y: number, z: number): number {
  const { y: by, z: bz, reach } = bumps[index];
  return Math.exp(-(xx + (y - by) ** 2 + (z - bz) ** 2) / (reach * reach));
}

function even(c: readonly number[], xx: number, y: number, z: number, nose: number, mouth: number): number {
  return c[0]! + c[1]! * y + c[2]! * z + c[3]! * y * y + c[4]! * y * z + c[5]! * z * z +
    y * y * (c[6]! * y + c[7]! * z) + z * z * (c[8]! * y + c[9]! * z) + xx * (c[10]! + c[11]! * y + c[12]! * z) +
    nose * (c[13]! + c[14]! * (y - bumps[0].y)) + mouth * (c[15]! + c[16]! * (y - bumps[1].y));
}

/** Heads grow fast at first: by the years' root. */
function sharesAt(years: number): Record<keyof typeof figures, number> {
  const root = Math.sqrt(Math.max(BABY, years));
  const baby = Math.max(0, (Math.sqrt(CHILD) - root) / (Math.sqrt(CHILD) - Math.sqrt(BABY)));
  const grown = Math.max(0, (root - Math.sqrt(CHILD)) / (Math.sqrt(GROWN) - Math.sqrt(CHILD)));
  return { baby, child: Math.max(0, 1 - baby - grown), old: Math.max(0, (years - STILL) / (OLD - STILL)) };
}
