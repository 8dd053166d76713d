import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import { type NmeSummary, yawBins } from "@/lib/evaluate/nme.ts";
import { NumberTable } from "@/lib/view/evaluation/number_table.ts";

/** The errors of an evaluation beside the baseline's, by yaw; "–" where no face is. */
export class ErrorTable extends NumberTable {
  constructor({ images, imagesWithDepth, nme68_2d, nme68_3d, baseline }: Evaluation) {
    const in3d = imagesWithDepth < images ? `3D (${imagesWithDepth} faces with depths)` : "3D";
    super([
      [`NME in %, ${images} faces`, "mean", "mean of bins", ...yawBins.map((bin) => `yaw ${bin.replace("-", "–")}°`)],
      ["68 points, 2D", ...figures(nme68_2d)],
      ["mean face, 2D", ...figures(baseline.nme68_2d)],
      [`68 points, ${in3d}`, ...figures(nme68_3d)],
      [`mean face, ${in3d}`, ...figures(baseline.nme68_3d)],
    ]);
  }
}

function figures({ mean, balanced, bins }: NmeSummary): string[] {
  return [mean, balanced, ...yawBins.map((bin) => bins[bin])].map((value) =>
    value === null || Number.isNaN(value) ? "–" : value.toFixed(2)
  );
}
