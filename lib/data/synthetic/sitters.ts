import { paperAugmentation } from "@/lib/data/augment.ts";
import { CROP_MARGIN, cropMiddle, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { bakePositionMap, farthestDepth } from "@/lib/data/maps/position_map.ts";
import type { UvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { Label, Split } from "@/lib/data/sample.ts";
import { randomExpression } from "@/lib/data/synthetic/expressions.ts";
import { PersonShapes } from "@/lib/data/synthetic/person_shapes.ts";
import { eyeCornerDistance, landmarksOf, type MeshPoints, valuesAt } from "@/lib/face/landmarks.ts";
import { AgeBender } from "@/lib/face/age.ts";
import { mirrorExpressions, mirrorVertices } from "@/lib/face/mirror.ts";
import { addModes, meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import {
  applyPerspective,
  DEGREE,
  multiply,
  type Perspective,
  placeInImage,
  type Placement,
  type PoseAngles,
  poseRotation,
  rollRotation,
  type Similarity2D,
  similarityAbout,
  transformPositions,
} from "@/lib/geometry/transforms.ts";
import { meanOf, pointsAt } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import { Random } from "@/lib/random.ts";
import type { Mat3, Vec3 } from "@/lib/types.ts";

export interface SitterOptions {
  readonly seed: number;
  /** Pixels a side, of images and maps. */
  readonly imageSize: number;
  /** Whether crops are shifted, scaled and rotated, things stand before faces, and some look far aside and up or down, as in training. */
  readonly augment: boolean;
  /** Where augmented, the share of samples whose face is not in the crop, or far too small or large for it. */
  readonly absentShare?: number | undefined;
  /** Where augmented, consecutive samples that are pictures of one head, drawn once: a {@linkcode Shot} each. */
  readonly shots?: number | undefined;
}

/** Who is shown in one sample, and how they hold their head. */
export interface Sitting {
  /** The person's number within the split. */
  readonly person: number;
  readonly years: number;
  /** [vertexCount, 3], in model space. */
  readonly vertices: Float32Array;
  /** Where the head stands in what is drawn, so that the crop around its landmarks, perturbed, is the middle of that. */
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
  /** To fork for what else is drawn: the same stream for all shots of a head. */
  readonly random: Random;
  /** How the sample shows what is drawn; missing where it shows all of it as it is. */
  readonly shot?: Shot | undefined;
}

/** One of several pictures of a head that is drawn once. */
export interface Shot {
  /** Whether left and right change places. */
  readonly isMirrored: boolean;
  /** Takes the drawing's pixels, mirrored or not, to the picture's. */
  readonly change: Similarity2D;
  /** To fork for what else the picture shows. */
  readonly random: Random;
}

/** A direction of the drawing's image space in that of a picture of it. */
export function directionInShot([x, y, z]: Vec3, shot: Pick<Shot, "isMirrored" | "change"> | undefined): Vec3 {
  if (!shot) return [x, y, z];
  const c = Math.cos(shot.change.rotation), s = Math.sin(shot.change.rotation), across = shot.isMirrored ? -x : x;
  return [c * across - s * y, s * across + c * y, z];
}

/** Consecutive samples that show one person, whose shape takes a while to make. */
export const SAMPLES_PER_PERSON = 8;
/** Sides of a picture that a drawing has for several pictures. */
const DRAWN_SIDES = 1.25;
/** Radians that each of several pictures is turned by, at most, besides its drawing. */
const SHOT_TURN = Math.PI / 12;

/** The people of drawn samples and their labels, which take a small part of the time that pictures do. */
export class Sitters {
  /** Pixels a side of what is drawn. */
  readonly drawnSize: number;
  readonly #layout: UvLayout;
  readonly #model: MorphableModel;
  readonly #options: SitterOptions;
  readonly #person: Float32Array;
  readonly #vertices: Float32Array;
  readonly #positions: Float32Array;
  readonly #surface: Float32Array;
  readonly #landmarks: MeshPoints;
  readonly #ofSurface: MeshPoints;
  readonly #people: PersonShapes;
  readonly #ages: AgeBender;
  readonly #shots: number;
  readonly #mirror: OtherSide | undefined;
  /** Whose shape was made last. */
  #shaped = "";
  /** The head of the last sample: several show it. */
  #last: { readonly key: string; readonly sitting: Sitting } | undefined;
  /** Labels of that head's drawing, as it is and mirrored. */
  #labels: { plain?: Label; mirrored?: Label } = {};

  constructor(model: MorphableModel, options: SitterOptions & { readonly layout: UvLayout }) {
    this.#model = model;
    this.#options = options;
    this.#layout = options.layout;
    this.#person = new Float32Array(model.mean.length);
    this.#vertices = new Float32Array(model.mean.length);
    this.#positions = new Float32Array(model.mean.length);
    this.#surface = new Float32Array(3 * model.surfaceVertices.length);
    this.#landmarks = meshLandmarks(model);
    this.#ofSurface = landmarksOf(model.surface.landmarks);
    this.#people = new PersonShapes(model);
    this.#ages = new AgeBender(model);
    const { imageSize, augment, shots = 1 } = options;
    this.#shots = augment ? shots : 1;
    this.drawnSize = this.#shots > 1 ? 2 * Math.round(DRAWN_SIDES * imageSize / 2) : imageSize;
    const vertices = this.#shots > 1 ? mirrorVertices(model) : undefined;
    const expressions = mirrorExpressions(model.expressionNames);
    this.#mirror = vertices && expressions && { vertices, expressions };
  }

  /** The sample's sitter; the vertices are overwritten by the next call. */
  sit(index: number, split: Split): Sitting {
    const head = Math.floor(index / this.#shots), key = `${split}/${head}`;
    if (this.#last?.key !== key) {
      this.#last = { key, sitting: this.#sitDown(head, split) };
      this.#labels = {};
    }
    const { sitting } = this.#last;
    return this.#shots > 1 ? { ...sitting, shot: this.#shoot(sitting.random, index % this.#shots) } : sitting;
  }

  #sitDown(head: number, split: Split): Sitting {
    const { seed } = this.#options;
    const random = new Random(`${seed}/${split}/sample ${head}`);
    const person = Math.floor(head / Math.ceil(SAMPLES_PER_PERSON / this.#shots));
    const build = `${seed}/${split}/person ${person}`;
    const years = randomYears(new Random(build).fork("age"));
    const expressions = this.#shape(build, random.fork("expression"));
    this.#ages.bend(this.#vertices, years);
    const miss = this.#missing(random.fork("miss"));
    const placed = this.#place(random.fork("pose"), miss);
    return { person, years, vertices: this.#vertices, ...placed, expressions, isAbsent: miss !== undefined, random };
  }

  #shoot(head: Random, number: number): Shot {
    const { imageSize } = this.#options, { scale, shift } = paperAugmentation;
    const random = head.fork(`shot ${number}`), place = random.fork("place");
    const middle = this.drawnSize / 2, zoom = place.uniform(...scale);
    const moved = () => imageSize / 2 - middle + place.uniform(-shift, shift) * zoom * imageSize / CROP_MARGIN;
    const rotation = place.uniform(-SHOT_TURN, SHOT_TURN);
    const change = similarityAbout([middle, middle], { rotation, scale: zoom, dx: moved(), dy: moved() });
    return { isMirrored: this.#mirror !== undefined && number % 2 === 1, change, random };
  }

  /** [68, 3], of vertices at these positions, [vertexCount, 3]. */
  landmarks(positions: Float32Array): Float32Array {
    return valuesAt(this.#landmarks, positions);
  }

  /** What a network should say of the last sitter, whose vertices are drawn at these positions, [vertexCount, 3]. */
  labelOf(positions: Float32Array, { shot, ...sitting }: Sitting): Label {
    if (!shot) return this.#bake(positions, sitting);
    const label = shot.isMirrored
      ? this.#labels.mirrored ??= this.#bake(positions, sitting, this.#mirror)
      : this.#labels.plain ??= this.#bake(positions, sitting);
    return {
      ...label,
      map: { ...label.map, positions: transformPositions(label.map.positions, shot.change) },
      landmarks: transformPositions(label.landmarks, shot.change),
    };
  }

  /** In the drawing's pixels; of its mirror image where the face's other side is given. */
  #bake(positions: Float32Array, { expressions, isAbsent }: Sitting, mirror?: OtherSide): Label {
    const points = pointsAt(positions, this.#model.surfaceVertices, this.#surface);
    const surface = mirror ? mirrored(points, mirror.vertices, this.drawnSize) : points;
    const farthest = farthestDepth(surface); // its z is 0
    return {
      map: bakePositionMap(this.#layout, surface),
      landmarks: valuesAt(this.#ofSurface, surface).map((value, i) => i % 3 === 2 ? value - farthest : value),
      expressions: mirror ? Float32Array.from(mirror.expressions, (e) => expressions[e]!) : expressions,
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
      this.#people.shape(new Random(person), this.#person);
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
    const isShot = this.#shots > 1; // then each shot zooms and shifts on its own
    const pose = randomPose(random, augment);
    const { rotation: turns, scale: zooms, shift: share } = paperAugmentation;
    const most = isShot ? turns - SHOT_TURN : turns;
    const turn = rollRotation(augment && random.chance(0.6) ? random.uniform(-most, most) : 0);
    const rotation = multiply(turn, poseRotation(pose));
    const marks = this.landmarks(this.#vertices);
    const unplaced = placeInImage(marks, { rotation, scale: 1, translation: [0, 0, 0] });
    const camera = randomPerspective(unplaced, random.fork("camera"));
    applyPerspective(unplaced, camera);
    const crop = landmarkCrop(unplaced, { margin: CROP_MARGIN }), { side } = crop;
    const zoom = (augment && !isShot ? random.uniform(...zooms) : 1) * (miss?.zoom ?? 1);
    const shift = () => augment && !isShot ? random.uniform(-share, share) * side / CROP_MARGIN : 0; // of the face's own box
    const [missX, missY] = miss?.shift ?? [0, 0];
    const [x, y] = cropMiddle(crop);
    const middle: [number, number] = [x + shift() + side * missX, y + shift() + side * missY];
    const scale = zoom * size / side;
    const ahead = { pitch: 0.1 * pose.pitch, yaw: 0.4 * pose.yaw + 0.2 * random.normal(), roll: 0.2 * pose.roll };
    const [dx, dy] = [this.drawnSize / 2 - scale * middle[0], this.drawnSize / 2 - scale * middle[1]];
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

/** Who is in photos: from and to how many years, and their share. */
const ages = [[0.5, 3, 0.07], [3, 12, 0.14], [12, 20, 0.12], [20, 50, 0.42], [50, 70, 0.15], [70, 90, 0.1]] as const;

function randomYears(random: Random): number {
  let left = random.next();
  const [from, to] = ages.find(([, , share]) => (left -= share) < 0) ?? ages[3];
  return random.uniform(from, to);
}

/** For each vertex of a surface, and for each expression, that of the face's other side. */
interface OtherSide {
  readonly vertices: Uint32Array;
  readonly expressions: Uint32Array;
}

/** A surface, [vertexCount, 3], in an image of this width whose left and right change places. */
function mirrored(surface: Float32Array, vertices: Uint32Array, width: number): Float32Array {
  const result = pointsAt(surface, vertices, new Float32Array(surface.length));
  for (let i = 0; i < result.length; i += 3) result[i] = width - result[i]!;
  return result;
}

/** How a crop that misses its face differs from one that would fit it. */
interface Miss {
  /** How much larger the face is in it. */
  readonly zoom: number;
  /** In sides of the fitting crop. */
  readonly shift: readonly [number, number];
}

/**
 * From 30 cm, less than an arm's length and rare, mostly a meter or two, to 5 m. Landmarks are [68, 3] of an unplaced head, whose outer eye
 * corners lie about 9 cm apart.
 */
function randomPerspective(landmarks: Float32Array, random: Random): Perspective {
  const [x, y, depth] = meanOf(landmarks);
  const nearness = random.next(), tangent = 0.018 + 0.2 * nearness ** 3 + 0.082 * nearness ** 20;
  const distance = eyeCornerDistance(landmarks) / tangent;
  const aside = () => random.uniform(-0.1, 0.1) * distance;
  return { center: [x + aside(), y + aside()], depth, distance };
}

/** Half of all heads look anywhere from profile to profile, the others mostly ahead; augmented, some far aside and far up or down. */
function randomPose(random: Random, augment: boolean): PoseAngles {
  const extreme = random.fork("extreme");
  if (augment && extreme.chance(0.07)) {
    const far = (least: number, most: number) => (extreme.chance(0.5) ? 1 : -1) * extreme.uniform(least, most) * DEGREE;
    return { pitch: far(20, 55), yaw: far(30, 90), roll: far(0, 45) };
  }
  const yaw = random.chance(0.6) ? random.uniform(-95, 95) : clamp(random.normal() * 25, -90, 90);
  const pitch = clamp(random.normal() * 19, -55, 55), roll = clamp(random.normal() * 15, -45, 45);
  return { pitch: pitch * DEGREE, yaw: yaw * DEGREE, roll: roll * DEGREE };
}
