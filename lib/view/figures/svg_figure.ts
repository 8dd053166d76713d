import { escapeHtml } from "@/lib/view/figures/picture.ts";

/** An SVG document and what it shows; as the value of a notebook's cell it shows itself. */
export class SvgFigure {
  /** A whole document: its root names the SVG namespace. */
  constructor(readonly svg: string, readonly caption: string) {}

  /** An HTML element that holds the figure itself: an image, so that no style or id gets in or out. */
  toHtml(): string {
    const source = `data:image/svg+xml;base64,${new TextEncoder().encode(this.svg).toBase64()}`;
    return `<img src="${source}" style="max-width: 100%" alt="${escapeHtml(this.caption)}">`;
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "image/svg+xml": fitColumn(this.svg), "text/plain": this.caption };
  }
}

/** About as wide, in pixels, as code hosts show what is in a notebook; some cut off what is wider. */
const COLUMN = 860;

function fitColumn(svg: string): string {
  return svg.replace(/^(<svg [^>]*?\bwidth=")(\d+)(" height=")(\d+)(?=")/, (size, start, width, between, height) => {
    const scale = COLUMN / Number(width);
    return scale < 1 ? `${start}${COLUMN}${between}${Math.round(scale * Number(height))}` : size;
  });
}
