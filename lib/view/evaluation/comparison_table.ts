import { type NmeSummary, yawBins } from "@/lib/evaluate/nme.ts";
import { publishedErrors } from "@/lib/evaluate/published.ts";
import { escapeHtml } from "@/lib/view/figures/picture.ts";

/** What was measured here, and on what. */
export interface OwnErrors {
  /** What names the network and the faces. */
  readonly name: string;
  /** The errors of 68 points, in 2D. */
  readonly errors: NmeSummary;
}

interface Row {
  readonly cells: readonly string[];
  readonly url?: string;
}

/** Errors beside those of papers, by yaw; as the value of a notebook's cell it shows itself. */
export class ComparisonTable {
  readonly #own: readonly OwnErrors[];

  constructor(...own: readonly OwnErrors[]) {
    this.#own = own;
  }

  toText(): string {
    const rows = this.#rows().map(({ cells }) => cells);
    const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
    const isNumber = (column: number) => column > 0 && column < widths.length - 1;
    return rows.map((row) =>
      row.map((cell, column) => isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))
        .join("  ").trimEnd()
    ).join("\n");
  }

  toHtml(): string {
    const [head, ...rows] = this.#rows().map(({ cells, url }, index) => {
      const tag = index === 0 ? "th" : "td";
      const [name, ...figures] = cells.slice(0, -1).map(escapeHtml);
      const source = escapeHtml(cells.at(-1)!);
      const link = url ? `<a href="${url}">${source}</a>` : source;
      return `<tr><th>${name}</th>${figures.map((figure) => `<${tag}>${figure}</${tag}>`).join("")}` +
        `<${tag} style="text-align: left">${link}</${tag}></tr>`;
    });
    return `<table class="numbers"><thead>${head}</thead><tbody>\n${rows.join("\n")}\n</tbody></table>`;
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/html": this.toHtml(), "text/plain": this.toText() };
  }

  #rows(): Row[] {
    const figures = ({ balanced, bins }: Pick<NmeSummary, "balanced" | "bins">) =>
      [balanced, ...yawBins.map((bin) => bins[bin])].map((value) => value === null ? "–" : value.toFixed(2));
    return [
      {
        cells: [
          "NME in %, 68 points, 2D",
          "mean of bins",
          ...yawBins.map((bin) => `yaw ${bin.replace("-", "–")}°`),
          "where from",
        ],
      },
      ...publishedErrors.map(({ method, source, url, ...errors }) => ({
        cells: [`${method}, AFLW2000-3D`, ...figures(errors), source],
        url,
      })),
      ...this.#own.map(({ name, errors }) => ({ cells: [name, ...figures(errors), "measured here"] })),
    ];
  }
}
