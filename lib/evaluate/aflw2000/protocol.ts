import type { DenseErrors } from "@/lib/evaluate/aflw2000/dense_judge.ts";
import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import { type PoseErrors, poseErrors } from "@/lib/evaluate/aflw2000/pose_errors.ts";
import { visiblePointsError } from "@/lib/evaluate/aflw2000/marked_points.ts";
import {
  JAW,
  landmarkDistances,
  type NmeSummary,
  summarizeErrors,
  type YawBin,
  yawBinOf,
  yawBins,
} from "@/lib/evaluate/nme.ts";
import { mean } from "@/lib/numbers.ts";
import type { Annotation } from "@/lib/data/sets/annotated.ts";
import type { MoreAnnotation } from "@/lib/data/sets/aflw2000.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import type { PoseAngles } from "@/lib/geometry/transforms.ts";

/** A photo of AFLW2000-3D and what was found in it, all in one frame of pixels. */
export interface ProtocolFace {
  readonly truth: Annotation;
  /** Where 3DDFA's annotations were given. */
  readonly more?: Pick<MoreAnnotation, "reannotated" | "yaws"> | undefined;
  /** Undefined where no face was found. */
  readonly found: FoundFace | undefined;
}

export interface FoundFace {
  /** [68, 3]. */
  readonly landmarks: Float32Array;
  /** Where the model says it. */
  readonly pose?: PoseAngles | undefined;
  /** Where the fitted model was at hand. */
  readonly dense?: DenseErrors | undefined;
}

/** Which landmarks are the truth: the fits' (`pt3d_68`), those that people corrected, or AFLW's own. */
export type Truth = "fitted" | "reannotated" | "AFLW";
/** Whose yaws the bins are of. */
export type YawList = "fitted" | "reannotated";

/** One way to measure; every number is in percent of the face's size, but after ICP of the outer eye corners' distance. */
export interface ProtocolRow {
  readonly truth: Truth;
  /** Such as "68 points, 2D". */
  readonly points: string;
  readonly yaws: YawList;
  readonly errors: NmeSummary;
}

/** All that papers tell of AFLW2000-3D's landmarks; faces that were not found count in `missed` and `cumulative` alone. */
export interface Protocol {
  readonly images: number;
  readonly missed: number;
  /** How many of all photos are in each bin of yaw, for each list of yaws. */
  readonly counts: Readonly<Partial<Record<YawList, Readonly<Record<YawBin, number>>>>>;
  readonly rows: readonly ProtocolRow[];
  /** Share of all photos whose error of 68 points in 2D is at most each of {@linkcode curveLimits}. */
  readonly cumulative: readonly number[];
  /** Where the model says poses. */
  readonly pose?: PoseErrors;
}

/** Percent. */
export const curveLimits: readonly number[] = Array.from({ length: 21 }, (_, i) => i / 2);

type Found = ProtocolFace & { readonly found: FoundFace };

interface Measure {
  readonly truth: Truth;
  readonly points: string;
  /** Undefined where the photo's annotation has no such points. */
  readonly of: (face: Found) => number | undefined;
}

const original =
  (dimensions: 2 | 3, options: { alignsDepth?: boolean } = {}, [first, end] = [0, LANDMARK_COUNT]) =>
  ({ found, truth: { landmarks } }: Found) =>
    mean(landmarkDistances({ predicted: found.landmarks, truth: landmarks }, dimensions, options).slice(first, end));

const corrected = (first = 0, end = LANDMARK_COUNT) => ({ found, more }: Found) =>
  more && mean(landmarkDistances({ predicted: found.landmarks, truth: more.reannotated }, 2).slice(first, end));

const WHOLE_2D = "whole face, 2D", WHOLE_3D = "whole face, 3D, depths aligned";
/** The points whose errors are in percent of the outer eye corners' distance. */
export const AFTER_ICP = "whole face, after ICP";

const measures: readonly Measure[] = [
  { truth: "fitted", points: "68 points, 2D", of: original(2) },
  { truth: "fitted", points: "inner 51, 2D", of: original(2, {}, [JAW, LANDMARK_COUNT]) },
  { truth: "fitted", points: "jaw, 17, 2D", of: original(2, {}, [0, JAW]) },
  { truth: "fitted", points: "68 points, 3D, depths aligned", of: original(3) },
  { truth: "fitted", points: "68 points, 3D", of: original(3, { alignsDepth: false }) },
  { truth: "fitted", points: WHOLE_2D, of: ({ found }) => found.dense?.paired?.in2d },
  { truth: "fitted", points: WHOLE_3D, of: ({ found }) => found.dense?.paired?.in3d },
  { truth: "fitted", points: "whole face, 3D", of: ({ found }) => found.dense?.paired?.in3dAsIs },
  { truth: "fitted", points: AFTER_ICP, of: ({ found }) => found.dense?.nearest },
  { truth: "reannotated", points: "68 points, 2D", of: corrected() },
  { truth: "reannotated", points: "inner 51, 2D", of: corrected(JAW) },
  { truth: "reannotated", points: "jaw, 17, 2D", of: corrected(0, JAW) },
  {
    truth: "AFLW",
    points: "21 points where visible, 2D",
    of: ({ found, truth: { landmarks: truth, marked } }) =>
      marked && visiblePointsError({ predicted: found.landmarks, truth, marked }),
  },
];

/** The errors of whole faces, depths aligned, where the fitted model was at hand and the maps are laid out as it is. */
export function wholeFaceErrors({ rows }: Protocol): Evaluation["dense"] {
  const [in2d, in3d] = [WHOLE_2D, WHOLE_3D].map((points) => rows.find((row) => row.points === points)?.errors);
  return in2d && in3d && { in2d, in3d };
}

/**
 * Measures what was found in photos of AFLW2000-3D. Errors are normalized by the box of the 68 landmarks that they are of, those
 * of AFLW's points and of whole faces by that of the fitted ones, after ICP by the outer eye corners' distance.
 */
export function aflw2000Protocol(faces: readonly ProtocolFace[]): Protocol {
  const found = faces.filter((face): face is Found => face.found !== undefined);
  const lists: readonly YawList[] = faces.every(({ more }) => more) ? ["fitted", "reannotated"] : ["fitted"];
  const yawOf = ({ truth, more }: ProtocolFace, list: YawList) => more?.yaws[list] ?? truth.pose.yaw;
  const measured = measures.map(({ of, ...names }) => {
    const values = found.map((face) => ({ face, error: of(face) ?? NaN })).filter(({ error }) => !Number.isNaN(error));
    return { ...names, values };
  }).filter(({ values }) => values.length > 0);
  const summaries = lists.flatMap((yaws) =>
    measured.map(({ values, ...names }) => {
      const errors = summarizeErrors(
        values.map(({ error }) => error),
        values.map(({ face }) => ({ yaw: yawOf(face, yaws) })),
      );
      return { ...names, yaws, errors };
    })
  );
  const poses = found.flatMap(({ found: { pose }, truth }) => pose ? [{ predicted: pose, truth: truth.pose }] : []);
  const errors = found.map(original(2));
  return {
    images: faces.length,
    missed: faces.length - found.length,
    counts: Object.fromEntries(lists.map((list) => [list, countBins(faces.map((face) => yawOf(face, list)))])),
    rows: summaries,
    cumulative: curveLimits.map((limit) => errors.filter((error) => error <= limit).length / faces.length),
    ...poses.length > 0 && { pose: poseErrors(poses) },
  };
}

/** How many yaws, in radians, there are in each bin. */
function countBins(yaws: readonly number[]): Record<YawBin, number> {
  const counts = yawBins.map((name, bin) => [name, yaws.filter((yaw) => yawBinOf(yaw) === bin).length]);
  return Object.fromEntries(counts) as Record<YawBin, number>;
}
