import { poseOfLandmarks } from "@/lib/face/head_pose.ts";
import { LANDMARK_COUNT, landmarkBox, landmarkLines } from "@/lib/face/landmarks.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";
import { meanOf } from "@/lib/geometry/vectors.ts";
import { clamp, mean } from "@/lib/numbers.ts";
import { Random } from "@/lib/random.ts";

/** What is known of a face besides its landmarks. */
export interface ShownFace {
  /** The true pose's, in radians; its sign does not matter. */
  readonly yaw: number;
  /** Whose face it is, where several may be one person's; without it, nobody else's. */
  readonly person?: number | string | undefined;
}

/** The 68 landmarks of one face beside their truth, in one frame of pixels. */
export interface LandmarkPair extends ShownFace {
  /** [68, 3], x, y, z. */
  readonly predicted: Float32Array;
  /** [68, 3], x, y, z; each z NaN where depths are not known. */
  readonly truth: Float32Array;
}

/** Normalized mean errors in percent, by yaw as the papers have it. */
export interface NmeSummary {
  /** Over all images. */
  readonly mean: number;
  /** The mean of the bins' means, of those that hold an image. */
  readonly balanced: number;
  /** Mean by absolute yaw in degrees; null where no image falls into the bin. */
  readonly bins: Readonly<Record<YawBin, number | null>>;
  /**
   * Where the mean over all such images lies with a probability of 95 %, which are of other people each time; the mean itself
   * where all are of one, and NaN where there is none.
   */
  readonly interval: readonly [low: number, high: number];
}

/** The errors of one face, in percent. */
export interface FaceError extends ShownFace {
  readonly nme68_2d: number;
  readonly nme68_3d: number;
  /** [68], the 2D error of each landmark. */
  readonly landmarks: Float32Array;
}

/** Normalized mean errors of many faces in percent; see {@linkcode nme}. */
export interface LandmarkErrors {
  readonly images: number;
  /** Whose images these are; not there where it is not known, as in summaries of older versions. */
  readonly people?: number;
  /** Those whose true landmarks have depths: the errors in 3D are of them, and NaN where there are none. */
  readonly imagesWithDepth: number;
  readonly nme68_2d: NmeSummary;
  readonly nme68_3d: NmeSummary;
  /** The error of the landmarks within the face, without the jaw. */
  readonly nme51_2d: NmeSummary;
  /** The error of the jaw's landmarks. */
  readonly jaw17_2d: NmeSummary;
}

/** Degrees of absolute yaw, as papers on AFLW2000-3D have them. */
export const yawBins = ["0-30", "30-60", "60-90"] as const;
/** One of {@linkcode yawBins}. */
export type YawBin = (typeof yawBins)[number];

/**
 * Distance of a predicted landmark from the true one, mean over the 68, divided by the square root of the true
 * landmarks' bounding box's area in the image plane, in percent (Zhu et al., CVPR 2016; PRNet, section 4.1). In 3D the
 * mean depths are made equal first: a photo does not show how far away a face is.
 */
export function nme(pair: Pick<LandmarkPair, "predicted" | "truth">, dimensions: 2 | 3): number {
  return mean(landmarkDistances(pair, dimensions));
}

/** The landmarks of the jaw come first, those within the face after them. */
export const JAW = landmarkLines.jaw.landmarks.length;

/**
 * What {@linkcode nme} is the mean of: the error of each landmark in percent.
 *
 * @param alignsDepth whether the mean depths are made equal in 3D
 * @param size what errors are divided by, where it is not by these landmarks' box, as where they are points of a surface
 */
export function landmarkDistances(
  { predicted, truth }: Pick<LandmarkPair, "predicted" | "truth">,
  dimensions: 2 | 3,
  { alignsDepth = true, size = faceSize(truth) }: { readonly alignsDepth?: boolean; readonly size?: number } = {},
): number[] {
  if (predicted.length !== truth.length || truth.length === 0 || truth.length % 3 !== 0) {
    throw new TypeError(
      `Cannot compare ${predicted.length / 3} landmarks with ${truth.length / 3}: wanted as many, x, y, z each`,
    );
  }
  const depthOffset = dimensions === 3 && alignsDepth ? meanOf(predicted)[2] - meanOf(truth)[2] : 0;
  return Array.from({ length: truth.length / 3 }, (_, landmark) => {
    const i = 3 * landmark;
    const dx = predicted[i]! - truth[i]!;
    const dy = predicted[i + 1]! - truth[i + 1]!;
    const dz = dimensions === 3 ? predicted[i + 2]! - truth[i + 2]! - depthOffset : 0;
    return 100 * Math.hypot(dx, dy, dz) / size;
  });
}

/** What errors are divided by: the square root of the area of the true landmarks' box, in pixels. */
export function faceSize(landmarks: Float32Array): number {
  const { width, height } = landmarkBox(landmarks);
  return Math.sqrt(width * height);
}

/** The errors of each face, in the order of the pairs. */
export function faceErrors(pairs: readonly LandmarkPair[]): FaceError[] {
  return pairs.map((pair) => {
    const landmarks = landmarkDistances(pair, 2);
    return {
      yaw: pair.yaw,
      person: pair.person,
      nme68_2d: mean(landmarks),
      nme68_3d: nme(pair, 3),
      landmarks: Float32Array.from(landmarks),
    };
  });
}

/** Summary of the errors of many faces. */
export function landmarkErrors(pairs: readonly LandmarkPair[]): LandmarkErrors {
  const withDepth = pairs.filter(({ truth }) => !Number.isNaN(truth[2]));
  const distances = pairs.map((pair) => landmarkDistances(pair, 2));
  const inPlane = (first: number, end: number) =>
    summarizeErrors(distances.map((of) => mean(of.slice(first, end))), pairs);
  return {
    images: pairs.length,
    ...pairs.some(({ person }) => person !== undefined) && { people: countPeople(pairs) },
    imagesWithDepth: withDepth.length,
    nme68_2d: inPlane(0, LANDMARK_COUNT),
    nme68_3d: summarizeErrors(withDepth.map((pair) => nme(pair, 3)), withDepth),
    nme51_2d: inPlane(JAW, LANDMARK_COUNT),
    jaw17_2d: inPlane(0, JAW),
  };
}

/**
 * The yaw that landmarks show, within ±π/2, as 300W-LP's Pose_Para has it for photos: neither pitch nor roll changes it. 0 of
 * points that are no head's, as all in one place. Arguments as of {@linkcode poseOfLandmarks}.
 */
export function yawOfLandmarks(landmarks: Float32Array, neutral: Float32Array): number {
  try {
    return Math.asin(Math.sin(poseOfLandmarks(landmarks, neutral).yaw));
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

/** Summary of errors in percent, one for each face. */
export function summarizeErrors(errors: readonly number[], faces: readonly ShownFace[]): NmeSummary {
  const binMeans = yawBins.map((_, bin) => {
    const inBin = errors.filter((_, i) => yawBinOf(faces[i]!.yaw) === bin);
    return inBin.length > 0 ? mean(inBin) : null;
  });
  return {
    mean: mean(errors),
    balanced: mean(binMeans.filter((value) => value !== null)),
    bins: { "0-30": binMeans[0]!, "30-60": binMeans[1]!, "60-90": binMeans[2]! },
    interval: bootstrapInterval(errors, faces),
  };
}

/** How much larger one model's mean error is than another's on the same faces, in percent of the face's size. */
export interface ErrorDifference {
  readonly mean: number;
  /** See {@linkcode NmeSummary.interval}. */
  readonly interval: readonly [low: number, high: number];
}

/**
 * The difference of two models' errors of 68 points in 2D, face by face: what makes a face hard does so for both, so that its
 * interval is narrower than the means' own.
 *
 * @param reference the other model's, of the same faces in the same order
 */
export function errorDifference(errors: readonly FaceError[], reference: readonly FaceError[]): ErrorDifference {
  if (errors.length !== reference.length) {
    throw new TypeError(
      `Cannot compare errors of ${errors.length} faces with ${reference.length}: wanted the same faces`,
    );
  }
  const differences = errors.map(({ nme68_2d }, i) => nme68_2d - reference[i]!.nme68_2d);
  return { mean: mean(differences), interval: bootstrapInterval(differences, errors) };
}

/** How many people these faces are of. */
export function countPeople(faces: readonly Pick<ShownFace, "person">[]): number {
  return byPerson(faces, faces).length;
}

/** What there is of each face, by whose it is. */
function byPerson<T>(values: readonly T[], faces: readonly Pick<ShownFace, "person">[]): T[][] {
  return [...Map.groupBy(values.keys(), (i) => faces[i]!.person ?? { alone: i }).values()]
    .map((own) => own.map((i) => values[i]!));
}

/** How often people are drawn anew, with replacement, to see how much their faces' mean depends on who they are. */
const RESAMPLINGS = 1000;

/**
 * The middle 95 % of means over as many people drawn anew (Efron, 1979), each with all their faces: one person's are alike, and
 * are no more independent than that (the cluster bootstrap of Field and Welsh, 2007).
 */
function bootstrapInterval(errors: readonly number[], faces: readonly ShownFace[]): [number, number] {
  if (errors.length === 0) return [NaN, NaN];
  const people = byPerson(errors, faces).map((own) => ({ sum: own.reduce((a, b) => a + b), count: own.length }));
  const random = new Random("bootstrap");
  const means = Float64Array.from({ length: RESAMPLINGS }, () => {
    let sum = 0, count = 0;
    for (let i = 0; i < people.length; i++) {
      const drawn = random.pick(people);
      sum += drawn.sum;
      count += drawn.count;
    }
    return sum / count;
  }).sort();
  return [means[Math.floor(0.025 * RESAMPLINGS)]!, means[Math.ceil(0.975 * RESAMPLINGS) - 1]!];
}

/** The index of a yaw's bin, to which its upper end belongs (3DDFA's evaluation); beyond 90° counts as the last one. */
export function yawBinOf(yaw: number): number {
  return clamp(Math.ceil(Math.abs(yaw) / (30 * DEGREE)) - 1, 0, 2);
}
