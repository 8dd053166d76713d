import { counted } from "@/lib/counted.ts";
import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import type { NmeSummary } from "@/lib/evaluate/nme.ts";
import { binFigures, binHeadings, figure, intervalFigure, NumberTable } from "@/lib/view/evaluation/number_table.ts";

/** The errors of an evaluation beside the baseline's, by yaw; "–" where no face is. */
export class ErrorTable extends NumberTable {
  constructor({ images, imagesWithDepth, nme68_2d, nme68_3d, nme51_2d, jaw17_2d, baseline, dense }: Evaluation) {
    const in3d = imagesWithDepth < images ? `3D (${imagesWithDepth} faces with depths)` : "3D";
    super([
      [`NME in %, ${counted(images, "face")}`, "mean", "95 % interval", "mean of bins", ...binHeadings],
      ["68 points, 2D", ...errorFigures(nme68_2d)],
      ["inner 51 points, 2D", ...errorFigures(nme51_2d)],
      ["jaw, 17 points, 2D", ...errorFigures(jaw17_2d)],
      ["mean face, 2D", ...errorFigures(baseline.nme68_2d)],
      [`68 points, ${in3d}`, ...errorFigures(nme68_3d)],
      [`mean face, ${in3d}`, ...errorFigures(baseline.nme68_3d)],
      ...dense
        ? [["whole surface, 2D", ...errorFigures(dense.in2d)], ["whole surface, 3D", ...errorFigures(dense.in3d)]]
        : [],
    ]);
  }
}

/** Mean, interval, mean of bins, and bins. */
export function errorFigures(errors: NmeSummary): string[] {
  return [figure(errors.mean), intervalFigure(errors), figure(errors.balanced), ...binFigures(errors)];
}
