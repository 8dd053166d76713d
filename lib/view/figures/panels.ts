import { encodeJpeg } from "@/lib/data/files/images.ts";
import type { Photo } from "@/lib/types.ts";
import { escapeHtml } from "@/lib/view/figures/picture.ts";
import { SvgFigure } from "@/lib/view/figures/svg_figure.ts";

/** SVG elements in a frame of this size, in their own units. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly elements: string;
}

export interface Panel {
  /** Shown at the panel's size whatever its own: twice as many pixels stay sharp when they are zoomed. */
  readonly picture: Photo | Drawing;
  /** Below it, each part on a line of its own. */
  readonly label: readonly string[];
}

export interface PanelRowOptions {
  readonly caption: string;
  /** Pixels of the whole row; panels share it equally. */
  readonly width?: number;
  /** Whether an arrow leads from each panel to the next. */
  readonly hasArrows?: boolean;
  /** The JPEGs', 1 to 100. */
  readonly quality?: number;
}

const LINE = 19;

/** Pictures of one shape in a row, each with what it shows written below. */
export async function panelRow(panels: readonly Panel[], options: PanelRowOptions): Promise<SvgFigure> {
  const { caption, width = 960, hasArrows = false, quality = 76 } = options;
  const gap = hasArrows ? 34 : 16;
  const side = (width - gap * (panels.length - 1)) / panels.length;
  const [{ picture: { width: across, height: down } }] = panels as [Panel];
  const pictureHeight = Math.round(side * down / across);
  const height = pictureHeight + 10 + LINE * Math.max(...panels.map(({ label }) => label.length)) + 6;
  const drawn = await Promise.all(panels.map(async ({ picture, label }, i) => {
    const x = i * (side + gap);
    const middle = x + side / 2;
    const words = label.map((line, row) =>
      `<text x="${middle.toFixed(1)}" y="${pictureHeight + 8 + LINE * (row + 0.75)}"` +
      `${row === 0 ? ' font-weight="600"' : ""}>${escapeHtml(line)}</text>`
    );
    return `<svg x="${x.toFixed(1)}" width="${side.toFixed(1)}" height="${pictureHeight}" ` +
      `viewBox="0 0 ${picture.width} ${picture.height}">${await elementsOf(picture, quality)}</svg>${words.join("")}` +
      (hasArrows && i > 0 ? arrow(x - gap / 2, pictureHeight / 2) : "");
  }));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" style="max-width: 100%; height: auto" font-family="system-ui, sans-serif" ` +
    `font-size="14" fill="#333b49" ` +
    `text-anchor="middle" role="img">\n<title>${escapeHtml(caption)}</title>\n` +
    `<rect width="${width}" height="${height}" fill="#fff"/>\n${drawn.join("\n")}\n</svg>`;
  return new SvgFigure(svg, caption);
}

async function elementsOf(picture: Photo | Drawing, quality: number): Promise<string> {
  return "elements" in picture ? picture.elements : await imageElement(picture, { quality, ...picture });
}

/** A photo as an element of an SVG, in a place of this size at its origin. */
export async function imageElement(
  photo: Photo,
  { width, height, quality = 80 }: { readonly width: number; readonly height: number; readonly quality?: number },
): Promise<string> {
  const source = (await encodeJpeg(photo, { quality })).toBase64();
  return `<image width="${width}" height="${height}" href="data:image/jpeg;base64,${source}"/>`;
}

function arrow(x: number, y: number): string {
  return `<path d="M${x - 11} ${y}h16m-6 -6l6 6l-6 6" fill="none" stroke="#5b6475" stroke-width="2"/>`;
}
