import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import { type NmeSummary, yawBins } from "@/lib/evaluate/nme.ts";

/** The errors of an evaluation beside the baseline's, by yaw; as the value of a notebook's cell it shows itself. */
export class ErrorTable {
  constructor(readonly evaluation: Evaluation) {}

  /** [row][column], each figure with two decimals, "–" where no face is; the first row and column are headings. */
  get cells(): string[][] {
    const { images, imagesWithDepth, nme68_2d, nme68_3d, baseline } = this.evaluation;
    const in3d = imagesWithDepth < images ? `3D (${imagesWithDepth} faces with depths)` : "3D";
    return [
      [`NME in %, ${images} faces`, "mean", "mean of bins", ...yawBins.map((bin) => `yaw ${bin.replace("-", "–")}°`)],
      ["68 points, 2D", ...figures(nme68_2d)],
      ["mean face, 2D", ...figures(baseline.nme68_2d)],
      [`68 points, ${in3d}`, ...figures(nme68_3d)],
      [`mean face, ${in3d}`, ...figures(baseline.nme68_3d)],
    ];
  }

  toText(): string {
    const { cells } = this;
    const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
    const pad = (cell: string, column: number) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!);
    return cells.map((row) => row.map(pad).join("  ")).join("\n");
  }

  toHtml(): string {
    const [head, ...rows] = this.cells.map(([heading, ...figures], index) => {
      const tag = index === 0 ? "th" : "td";
      return `<tr><th>${heading}</th>${figures.map((figure) => `<${tag}>${figure}</${tag}>`).join("")}</tr>`;
    });
    return `<table class="numbers"><thead>${head}</thead><tbody>\n${rows.join("\n")}\n</tbody></table>`;
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/html": this.toHtml(), "text/plain": this.toText() };
  }
}

function figures({ mean, balanced, bins }: NmeSummary): string[] {
  return [mean, balanced, ...yawBins.map((bin) => bins[bin])].map((value) =>
    value === null || Number.isNaN(value) ? "–" : value.toFixed(2)
  );
}
