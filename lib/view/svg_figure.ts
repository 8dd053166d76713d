import { escapeHtml } from "@/lib/view/picture.ts";

/** An SVG document and what it shows; as the value of a notebook's cell it shows itself. */
export class SvgFigure {
  /** A whole document: its root names the SVG namespace. */
  constructor(readonly svg: string, readonly caption: string) {}

  /** Writes an SVG file. */
  async save(path: string): Promise<void> {
    await Deno.writeTextFile(path, this.svg);
  }

  /** An HTML element that holds the figure itself: an image, so that no style or id gets in or out. */
  toHtml(): string {
    const source = `data:image/svg+xml;base64,${new TextEncoder().encode(this.svg).toBase64()}`;
    return `<img src="${source}" style="max-width: 100%" alt="${escapeHtml(this.caption)}">`;
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "image/svg+xml": this.svg, "text/plain": this.caption };
  }
}
