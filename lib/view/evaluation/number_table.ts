import { counted } from "@/lib/counted.ts";
import { type LandmarkErrors, type NmeSummary, yawBins } from "@/lib/evaluate/nme.ts";
import { escapeHtml } from "@/lib/view/figures/picture.ts";

/** Where a row's figures stand. */
export interface Reference {
  readonly text: string;
  readonly url?: string;
}

/** How a row looks in HTML: "aside", paler, as what others are compared with; "apart", below a gap. */
export type RowMark = "aside" | "apart";

/** A table of figures; as the value of a notebook's cell it shows itself. */
export class NumberTable {
  /**
   * @param cells [row][column]; the first row and column are headings
   * @param references for each row, its last column, which is not of figures; none unless given
   * @param marks of rows, by the first column
   */
  constructor(
    readonly cells: readonly (readonly string[])[],
    readonly references: readonly Reference[] = [],
    readonly marks: Readonly<Record<string, RowMark>> = {},
  ) {}

  toText(): string {
    const widths = this.cells[0]!.map((_, column) => Math.max(...this.cells.map((row) => row[column]!.length)));
    const pad = (cell: string, column: number) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!);
    const end = (row: number) => this.references[row] ? [this.references[row].text] : [];
    return this.cells.map((cells, row) => [...cells.map(pad), ...end(row)].join("  ")).join("\n");
  }

  toMarkdown(): string {
    const [head, ...rows] = this.cells.map((cells, row) => {
      const reference = this.references[row];
      return `| ${[...cells, ...reference ? [markdownOf(reference)] : []].join(" | ")} |`;
    });
    const rule = this.cells[0]!.map((_, column) => column === 0 ? "---" : "---:");
    if (this.references.length > 0) rule.push("---");
    return [head, `| ${rule.join(" | ")} |`, ...rows].join("\n");
  }

  toHtml(): string {
    const [head, ...rows] = this.cells.map(([heading, ...figures], row) => {
      const tag = row === 0 ? "th" : "td";
      const cells = figures.map((figure) => `<${tag}>${escapeHtml(figure)}</${tag}>`).join("");
      const mark = this.marks[heading!];
      return `<tr${mark ? ` class="${mark}"` : ""}><th>${escapeHtml(heading!)}</th>${cells}${
        referenceCell(tag, this.references[row])
      }</tr>`;
    });
    return `<table class="numbers"><thead>${head}</thead><tbody>\n${rows.join("\n")}\n</tbody></table>`;
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/html": this.toHtml(), "text/plain": this.toText() };
  }
}

function markdownOf({ text, url }: Reference): string {
  return url ? `[${text}](${url})` : text;
}

function referenceCell(tag: string, reference: Reference | undefined): string {
  if (!reference) return "";
  const text = escapeHtml(reference.text);
  return `<${tag} style="text-align: left">${reference.url ? `<a href="${reference.url}">${text}</a>` : text}</${tag}>`;
}

/** Heads of the columns that {@linkcode binFigures} fills, and names of the bins, such as "yaw 0–30°". */
export const binHeadings = yawBins.map((bin) => `yaw ${bin.replace("-", "–")}°`);

/** The errors of the bins of yaw; "–" where no face is. */
export function binFigures({ bins }: Pick<NmeSummary, "bins">): string[] {
  return yawBins.map((bin) => figure(bins[bin]));
}

/** Where a mean lies with a probability of 95 %; "–" where it is one person's, who says nothing of others. */
export function intervalFigure({ interval: [low, high] }: Pick<NmeSummary, "interval">): string {
  return Number.isNaN(low) || low === high ? "–" : `${figure(low)}–${figure(high)}`;
}

/** How many faces, and of how many people where that is known, such as "256 faces of 32 people". */
export function countedFaces({ images, people }: Pick<LandmarkErrors, "images" | "people">): string {
  return counted(images, "face") + ofPeople(people);
}

/** " of 1 person", " of 2 people"; nothing where it is not known of how many. */
export function ofPeople(count: number | undefined): string {
  return count === undefined ? "" : ` of ${count} ${count === 1 ? "person" : "people"}`;
}

/** Two decimals; "–" for no number. */
export function figure(value: number | null): string {
  return value === null || Number.isNaN(value) ? "–" : value.toFixed(2);
}
