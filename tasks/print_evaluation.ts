import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import { type NmeSummary, yawBins } from "@/lib/evaluate/nme.ts";

/** A table on standard output: NME in percent, by yaw. */
export function printEvaluation({ images, nme68_2d, nme68_3d, baseline }: Evaluation): void {
  const cell = (value: number | null | string) =>
    (typeof value === "string" ? value : value === null ? "–" : value.toFixed(2)).padStart(9);
  const row = (label: string, { mean, balanced, bins }: NmeSummary) =>
    label.padEnd(22) + [mean, balanced, ...yawBins.map((bin) => bins[bin])].map(cell).join("");
  console.log(`NME in %, ${images} faces`.padEnd(22) + ["mean", "balanced", ...yawBins].map(cell).join(""));
  console.log(row("68 points, 2D", nme68_2d));
  console.log(row("68 points, 3D", nme68_3d));
  console.log(row("mean face, 2D", baseline.nme68_2d));
  console.log(row("mean face, 3D", baseline.nme68_3d));
}
