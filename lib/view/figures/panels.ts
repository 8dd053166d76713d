import type { Photo } from "@/lib/types.ts";
import { SvgFigure } from "@/lib/view/figures/svg_figure.ts";
import { FAINT_TEXT_COLOR, svgDocument, svgElement, svgPhoto, svgText } from "@/lib/view/figures/svg_marks.ts";

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
    const frame = { x, width: side, height: pictureHeight, viewBox: `0 0 ${picture.width} ${picture.height}` };
    const { width, height } = picture;
    const elements = "elements" in picture ? picture.elements : await svgPhoto(picture, { width, height, quality });
    const words = label.map((line, row) => {
      const place = { x: x + side / 2, y: pictureHeight + 8 + LINE * (row + 0.75), "text-anchor": "middle" };
      return svgText(line, { ...place, "font-size": 14, "font-weight": row === 0 ? 600 : 400 });
    });
    const arrow = hasArrows && i > 0 ? [arrowAt(x - gap / 2, pictureHeight / 2)] : [];
    return [svgElement("svg", frame, elements), ...words, ...arrow].join("\n");
  }));
  return new SvgFigure(svgDocument({ width, height, title: caption }, drawn.join("\n")), caption);
}

function arrowAt(x: number, y: number): string {
  const d = `M${x - 11} ${y}h16m-6 -6l6 6l-6 6`;
  return svgElement("path", { d, fill: "none", stroke: FAINT_TEXT_COLOR, "stroke-width": 2 });
}
