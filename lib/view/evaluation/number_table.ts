import { escapeHtml } from "@/lib/view/figures/picture.ts";

/** A table of figures; as the value of a notebook's cell it shows itself. */
export class NumberTable {
  /** @param cells [row][column]; the first row and column are headings */
  constructor(readonly cells: readonly (readonly string[])[]) {}

  toText(): string {
    const widths = this.cells[0]!.map((_, column) => Math.max(...this.cells.map((row) => row[column]!.length)));
    const pad = (cell: string, column: number) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!);
    return this.cells.map((row) => row.map(pad).join("  ")).join("\n");
  }

  toMarkdown(): string {
    const [head, ...rows] = this.cells.map((row) => `| ${row.join(" | ")} |`);
    const rule = this.cells[0]!.map((_, column) => column === 0 ? "---" : "---:");
    return [head, `| ${rule.join(" | ")} |`, ...rows].join("\n");
  }

  toHtml(): string {
    const [head, ...rows] = this.cells.map(([heading, ...figures], index) => {
      const tag = index === 0 ? "th" : "td";
      const cells = figures.map((figure) => `<${tag}>${escapeHtml(figure)}</${tag}>`).join("");
      return `<tr><th>${escapeHtml(heading!)}</th>${cells}</tr>`;
    });
    return `<table class="numbers"><thead>${head}</thead><tbody>\n${rows.join("\n")}\n</tbody></table>`;
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/html": this.toHtml(), "text/plain": this.toText() };
  }
}
