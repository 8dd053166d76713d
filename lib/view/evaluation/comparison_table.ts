import type { NmeSummary } from "@/lib/evaluate/nme.ts";
import { publishedErrors } from "@/lib/evaluate/published.ts";
import { binFigures, binHeadings, figure, NumberTable } from "@/lib/view/evaluation/number_table.ts";

/** What was measured here, and on what. */
export interface OwnErrors {
  /** What names the network and the faces. */
  readonly name: string;
  /** The errors of 68 points, in 2D. */
  readonly errors: NmeSummary;
}

/** Errors beside those of papers, by yaw. */
export class ComparisonTable extends NumberTable {
  constructor(...own: readonly OwnErrors[]) {
    const rows = [
      ...publishedErrors.map(({ method, source, url, ...errors }) => ({
        name: `${method}, AFLW2000-3D`,
        errors,
        reference: { text: source, url },
      })),
      ...own.map(({ name, errors }) => ({ name, errors, reference: { text: "measured here" } })),
    ];
    super(
      [
        ["NME in %, 68 points, 2D", "mean of bins", ...binHeadings],
        ...rows.map(({ name, errors }) => [name, figure(errors.balanced), ...binFigures(errors)]),
      ],
      [{ text: "where from" }, ...rows.map(({ reference }) => reference)],
    );
  }
}
