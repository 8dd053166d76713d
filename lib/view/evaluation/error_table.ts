import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import { type NmeSummary, yawBins } from "@/lib/evaluate/nme.ts";
import { NumberTable } from "@/lib/view/evaluation/number_table.ts";

/** The errors of an evaluation beside the baseline's, by yaw; "–" where no face is. */
export class ErrorTable extends NumberTable {
  constructor({ images, imagesWithDepth, nme68_2d, nme68_3d, nme51_2d, jaw17_2d, baseline }: Evaluation) {
    const in3d = imagesWithDepth < images ? `3D (${imagesWithDepth} faces with depths)` : "3D";
    super([
      [
        `NME in %, ${images} faces`,
        "mean",
        "95 % interval",
        "mean of bins",
        ...yawBins.map((bin) => `yaw ${bin.replace("-", "–")}°`),
      ],
      ["68 points, 2D", ...figures(nme68_2d)],
      ["inner 51 points, 2D", ...figures(nme51_2d)],
      ["jaw, 17 points, 2D", ...figures(jaw17_2d)],
      ["mean face, 2D", ...figures(baseline.nme68_2d)],
      [`68 points, ${in3d}`, ...figures(nme68_3d)],
      [`mean face, ${in3d}`, ...figures(baseline.nme68_3d)],
    ]);
  }
}

function figures({ mean, interval, balanced, bins }: NmeSummary): string[] {
  const [low, high] = interval.map(figure);
  return [
    figure(mean),
    Number.isNaN(interval[0]) ? "–" : `${low}–${high}`,
    figure(balanced),
    ...yawBins.map((bin) => figure(bins[bin])),
  ];
}

function figure(value: number | null): string {
  return value === null || Number.isNaN(value) ? "–" : value.toFixed(2);
}
