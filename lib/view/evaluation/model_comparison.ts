import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import type { PoseErrors } from "@/lib/evaluate/aflw2000/pose_errors.ts";
import type { ErrorDifference } from "@/lib/evaluate/nme.ts";
import { publishedErrors } from "@/lib/evaluate/published.ts";
import { binFigures, binHeadings, figure, NumberTable } from "@/lib/view/evaluation/number_table.ts";

/** A model, how well it does, and what it takes. */
export interface ComparedModel {
  readonly name: string;
  readonly evaluation: Evaluation;
  /** To the first model, of 68 points in 2D; the first has none. */
  readonly difference?: ErrorDifference | undefined;
  /** Where poses are known and the model says them. */
  readonly pose?: PoseErrors | undefined;
  /** Size of `model.onnx`. */
  readonly bytes: number;
  /** Median of one crop at a time. */
  readonly milliseconds: number;
}

export interface ComparedOn {
  /** What the models were measured on, such as "AFLW2000-3D, 2000 faces". */
  readonly faces: string;
  /** Whether these are the faces that papers tell of. */
  readonly besidePapers: boolean;
}

const headings = [
  "mean",
  "to the first, 95 %",
  "mean of bins",
  ...binHeadings,
  ...["inner 51", "dense 2D", "dense 3D", "pose, °", "MB", "ms"],
];

/**
 * Models side by side: NME in percent, 68 points in 2D where nothing else is said, and how it differs from the first model's, face
 * by face; "–" what was not measured.
 */
export class ModelComparison extends NumberTable {
  constructor(models: readonly ComparedModel[], { faces, besidePapers }: ComparedOn) {
    const papers = besidePapers ? publishedErrors : [];
    super(
      [
        [`NME in %, ${faces}`, ...headings],
        ...papers.map(({ method, bins, balanced, pose }) => [
          method,
          ...["–", "–"], // papers give the mean of bins
          figure(balanced),
          ...binFigures({ bins }),
          ...["–", "–", "–", figure(pose ?? null), "–", "–"],
        ]),
        ...models.map(({ name, evaluation: { nme68_2d, nme51_2d, dense }, difference, pose, bytes, milliseconds }) => [
          name,
          figure(nme68_2d.mean),
          difference ? differenceFigure(difference) : "–",
          figure(nme68_2d.balanced),
          ...binFigures(nme68_2d),
          ...[nme51_2d.mean, dense?.in2d.mean, dense?.in3d.mean, pose?.mean, bytes / 1e6, milliseconds].map((value) =>
            figure(value ?? null)
          ),
        ]),
      ],
      [
        { text: "where from" },
        ...papers.map(({ source, url }) => ({ text: source, url })),
        ...models.map(() => ({ text: "measured here" })),
      ],
    );
  }
}

/** Such as "−0.40 (−0.45 to −0.35)"; without an interval where all faces are one person's. */
function differenceFigure({ mean, interval: [low, high] }: ErrorDifference): string {
  return low === high ? signed(mean) : `${signed(mean)} (${signed(low)} to ${signed(high)})`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${figure(Math.abs(value))}`;
}
