import { paperAugmentation } from "@/lib/data/augment.ts";
import { CROP_MARGIN, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { bakePositionMap, farthestDepth } from "@/lib/data/maps/position_map.ts";
import type { UvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { Label, Split } from "@/lib/data/sample.ts";
import { randomExpression } from "@/lib/data/synthetic/expressions.ts";
import { eyeCornerDistance, LANDMARK_COUNT, type MeshPoints, valuesAt } from "@/lib/face/landmarks.ts";
import { addModes, meshLandmarks, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import {
  applyPerspective,
  multiply,
  type Perspective,
  placeInImage,
  type Placement,
  type PoseAngles,
  poseRotation,
  rollRotation,
} from "@/lib/geometry/transforms.ts";
import { meanPoint, pointAt, pointsAt } from "@/lib/geometry/vectors.ts";
import { Random } from "@/lib/random.ts";
import type { Mat3 } from "@/lib/types.ts";

export interface SitterOptions {
  readonly seed: number;
  /** Pixels a side, of images and maps. */
  readonly imageSize: number;
  /** Whether crops are shifted, scaled and rotated, and things stand before faces, as in training. */
  readonly augment: boolean;
  /** Where augmented, the share of samples whose face is not in the crop, or far too small or large for it. */
  readonly absentShare?: number | undefined;
}

/** Who is shown in one sample, and how they hold their head. */
export interface Sitting {
  /** [vertexCount, 3], in model space. */
  readonly vertices: Float32Array;
  /** Where the head stands, so that the crop around its landmarks, perturbed, is the image. */
  readonly placement: Placement;
  /** Before the crop was turned. */
  readonly pose: PoseAngles;
  /** How near the camera is. */
  readonly perspective: Perspective;
  readonly bodyRotation: Mat3;
  /** 0 to 1 for each of the model's expressions. */
  readonly expressions: Float32Array;
  /** Where true, the crop misses the face. */
  readonly isAbsent: boolean;
  /** To fork for what else the picture shows. */
  readonly random: Random;
}

/** Consecutive samples that show one person, whose shape takes a while to make. */
const SAMPLES_PER_PERSON = 8;

/** The people of drawn samples and their labels, which take a small part of the time that pictures do. */
export class Sitters {
  readonly #layout: UvLayout;
  readonly #model: MorphableModel;
  readonly #options: SitterOptions;
  readonly #person: Float32Array;
  readonly #vertices: Float32Array;
  readonly #positions: Float32Array;
  readonly #surface: Float32Array;
  readonly #landmarks: MeshPoints;
  /** Who {@linkcode Sitters.sit} showed last. */
  #shaped = "";

  constructor(model: MorphableModel, options: SitterOptions & { readonly layout: UvLayout }) {
    this.#model = model;
    this.#options = options;
    this.#layout = options.layout;
    this.#person = new Float32Array(model.mean.length);
    this.#vertices = new Float32Array(model.mean.length);
    this.#positions = new Float32Array(model.mean.length);
    this.#surface = new Float32Array(3 * model.surfaceVertices.length);
    this.#landmarks = meshLandmarks(model);
  }

  /** The sample's sitter; the vertices are overwritten by the next call. */
  sit(index: number, split: Split): Sitting {
    const { seed } = this.#options;
    const random = new Random(`${seed}/${split}/sample ${index}`);
    const person = `${seed}/${split}/person ${Math.floor(index / SAMPLES_PER_PERSON)}`;
    const expressions = this.#shape(person, random.fork("expression"));
    const miss = this.#missing(random.fork("miss"));
    const placed = this.#place(random.fork("pose"), miss);
    return { vertices: this.#vertices, ...placed, expressions, isAbsent: miss !== undefined, random };
  }

  /** [68, 3], of vertices at these positions, [vertexCount, 3]. */
  landmarks(positions: Float32Array): Float32Array {
    return valuesAt(this.#landmarks, positions);
  }

  /** What a network should say of a sitter whose vertices are at these positions, [vertexCount, 3], in image space. */
  labelOf(positions: Float32Array, { expressions, isAbsent }: Pick<Sitting, "expressions" | "isAbsent">): Label {
    const surface = pointsAt(positions, this.#model.surfaceVertices, this.#surface);
    const farthest = farthestDepth(surface); // its z is 0
    return {
      map: bakePositionMap(this.#layout, surface),
      landmarks: this.landmarks(positions).map((value, i) => i % 3 === 2 ? value - farthest : value),
      expressions,
      isAbsent,
    };
  }

  /** The label of the source's sample, without its picture. */
  label(index: number, split: Split): Label {
    const sitting = this.sit(index, split);
    placeInImage(sitting.vertices, sitting.placement, this.#positions);
    applyPerspective(this.#positions, sitting.perspective);
    return this.labelOf(this.#positions, sitting);
  }

  /** Gives the amounts of the model's expressions. */
  #shape(person: string, expression: Random): Float32Array {
    const model = this.#model;
    if (person !== this.#shaped) {
      const random = new Random(person);
      const spread = random.uniform(0.5, 1.3);
      const identity = Float32Array.from(model.identityModes, () => random.normal() * spread);
      shapeFace(model, { identity, expression: [] }, this.#person);
      this.#shaped = person;
    }
    this.#vertices.set(this.#person);
    const amounts = randomExpression(expression, model.expressionNames);
    addModes(this.#vertices, model.expressionModes, amounts);
    return amounts;
  }

  /** How a crop misses its face; undefined for one that does not. */
  #missing(random: Random): Miss | undefined {
    const { augment, absentShare = 0 } = this.#options;
    if (!augment || !random.chance(absentShare)) return undefined;
    if (random.chance(0.25)) return { zoom: random.uniform(0.15, 0.35), shift: [0, 0] };
    const [angle, sides] = [random.uniform(0, 2 * Math.PI), random.uniform(0.6, 1.6)];
    return {
      zoom: random.chance(0.3) ? random.uniform(2.5, 4) : 1,
      shift: [sides * Math.cos(angle), sides * Math.sin(angle)],
    };
  }

  #place(random: Random, miss?: Miss): Pick<Sitting, "pose" | "placement" | "perspective" | "bodyRotation"> {
    const { imageSize: size, augment } = this.#options;
    const pose = randomPose(random);
    const { rotation: most, scale: zooms, shift: share } = paperAugmentation;
    const turn = rollRotation(augment && random.chance(0.6) ? random.uniform(-most, most) : 0);
    const rotation = multiply(turn, poseRotation(pose));
    const marks = this.landmarks(this.#vertices);
    const unplaced = placeInImage(marks, { rotation, scale: 1, translation: [0, 0, 0] });
    const camera = randomPerspective(unplaced, random.fork("camera"));
    applyPerspective(unplaced, camera);
    const { left, top, side } = landmarkCrop(unplaced, { margin: CROP_MARGIN });
    const zoom = (augment ? random.uniform(...zooms) : 1) * (miss?.zoom ?? 1);
    const shift = () => augment ? random.uniform(-share, share) * side / CROP_MARGIN : 0; // of the face's own box
    const [missX, missY] = miss?.shift ?? [0, 0];
    const middle: [number, number] = [
      left + side / 2 + shift() + side * missX,
      top + side / 2 + shift() + side * missY,
    ];
    const scale = zoom * size / side;
    const ahead = { pitch: 0.1 * pose.pitch, yaw: 0.4 * pose.yaw + 0.2 * random.normal(), roll: 0.2 * pose.roll };
    const [dx, dy] = [size / 2 - scale * middle[0], size / 2 - scale * middle[1]];
    return {
      pose,
      placement: { rotation, scale, translation: [dx, dy, 0] },
      perspective: {
        center: [scale * camera.center[0] + dx, scale * camera.center[1] + dy],
        depth: scale * camera.depth,
        distance: scale * camera.distance,
      },
      bodyRotation: multiply(turn, poseRotation(ahead)),
    };
  }
}

/** How a crop that misses its face differs from one that would fit it. */
interface Miss {
  /** How much larger the face is in it. */
  readonly zoom: number;
  /** In sides of the fitting crop. */
  readonly shift: readonly [number, number];
}

/**
 * From an arm's length, mostly a meter or two, to far away. Landmarks are [68, 3] of an unplaced head, whose outer eye
 * corners lie about 9 cm apart.
 */
function randomPerspective(landmarks: Float32Array, random: Random): Perspective {
  const [x, y, depth] = meanPoint(Array.from({ length: LANDMARK_COUNT }, (_, l) => pointAt(landmarks, l)));
  const distance = eyeCornerDistance(landmarks) / (0.018 + 0.2 * random.next() ** 3);
  const aside = () => random.uniform(-0.1, 0.1) * distance;
  return { center: [x + aside(), y + aside()], depth, distance };
}

const DEGREE = Math.PI / 180;

/** Half of all heads look anywhere from profile to profile, the others mostly ahead. */
function randomPose(random: Random): PoseAngles {
  const yaw = random.chance(0.6) ? random.uniform(-95, 95) : clamp(random.normal() * 25, 90);
  const pitch = clamp(random.normal() * 19, 55), roll = clamp(random.normal() * 15, 45);
  return { pitch: pitch * DEGREE, yaw: yaw * DEGREE, roll: roll * DEGREE };
}

function clamp(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, value));
}
