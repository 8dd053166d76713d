import { counted } from "@/lib/counted.ts";
import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import type { NmeSummary } from "@/lib/evaluate/nme.ts";
import {
  binFigures,
  binHeadings,
  countedFaces,
  figure,
  intervalFigure,
  NumberTable,
} from "@/lib/view/evaluation/number_table.ts";

/** The errors of an evaluation beside the baseline's, by yaw; "–" where no face is. */
export class ErrorTable extends NumberTable {
  constructor(evaluation: Evaluation) {
    const { images, imagesWithDepth, nme68_2d, nme68_3d, nme51_2d, jaw17_2d, baseline, dense } = evaluation;
    const in3d = imagesWithDepth < images ? `3D (${counted(imagesWithDepth, "face")} with depths)` : "3D";
    const baseline2d = "mean face, 2D", first3d = `68 points, ${in3d}`, baseline3d = `mean face, ${in3d}`;
    const whole = "whole surface, 2D";
    const cells = [
      [`NME in %, ${countedFaces(evaluation)}`, "mean", "95 % interval", "mean of bins", ...binHeadings],
      ["68 points, 2D", ...errorFigures(nme68_2d)],
      ["inner 51 points, 2D", ...errorFigures(nme51_2d)],
      ["jaw, 17 points, 2D", ...errorFigures(jaw17_2d)],
      [baseline2d, ...errorFigures(baseline.nme68_2d)],
      [first3d, ...errorFigures(nme68_3d)],
      [baseline3d, ...errorFigures(baseline.nme68_3d)],
      ...dense ? [[whole, ...errorFigures(dense.in2d)], ["whole surface, 3D", ...errorFigures(dense.in3d)]] : [],
    ];
    super(cells, [], { [baseline2d]: "aside", [first3d]: "apart", [baseline3d]: "aside", [whole]: "apart" });
  }
}

/** Mean, interval, mean of bins, and bins. */
export function errorFigures(errors: NmeSummary): string[] {
  return [figure(errors.mean), intervalFigure(errors), figure(errors.balanced), ...binFigures(errors)];
}
