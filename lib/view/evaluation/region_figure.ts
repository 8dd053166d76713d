import type { RegionError } from "@/lib/evaluate/region_errors.ts";
import { SvgFigure } from "@/lib/view/figures/svg_figure.ts";
import { FAINT_TEXT_COLOR, svgDocument, svgElement, svgText } from "@/lib/view/figures/svg_marks.ts";

/** Bars of one kind of error. */
export interface RegionGroup {
  /** Such as "68 points, 2D". */
  readonly title: string;
  readonly errors: readonly RegionError[];
}

const colors = ["#0072b2", "#e69f00"];
const [NAME_WIDTH, BAR_WIDTH, VALUE_WIDTH, ROW, HEAD, GAP] = [64, 250, 64, 26, 34, 30];

/** The error of each part of the face as bars, groups side by side on one scale. */
export function regionFigure(groups: readonly RegionGroup[]): SvgFigure {
  const most = Math.max(...groups.flatMap(({ errors }) => errors.map(({ error }) => error)), Number.MIN_VALUE);
  const groupWidth = NAME_WIDTH + BAR_WIDTH + VALUE_WIDTH;
  const parts = groups.flatMap(({ title, errors }, g) => {
    const left = 12 + g * (groupWidth + GAP);
    const bars = errors.flatMap(({ name, error }, row) => {
      const y = HEAD + row * ROW;
      const width = BAR_WIDTH * error / most;
      const bar = left + NAME_WIDTH;
      return [
        svgText(name, { x: bar - 8, y: y + 17, "text-anchor": "end" }),
        svgElement("rect", { x: bar, y: y + 4, width, height: ROW - 8, fill: colors[g % colors.length]! }),
        svgText(`${error.toFixed(2)} %`, { x: bar + width + 6, y: y + 17 }),
      ];
    });
    const axis = { x1: left + NAME_WIDTH, x2: left + NAME_WIDTH, y1: HEAD, y2: HEAD + ROW * errors.length };
    return [
      svgText(title, { x: left + NAME_WIDTH, y: 20, "font-weight": "bold" }),
      ...bars,
      svgElement("line", { ...axis, stroke: FAINT_TEXT_COLOR }),
    ];
  });
  const rows = Math.max(0, ...groups.map(({ errors }) => errors.length));
  const width = 24 + groups.length * groupWidth + (groups.length - 1) * GAP;
  const said = groups.map(({ title, errors }) =>
    `${title}: ${errors.map(({ name, error }) => `${name} ${error.toFixed(2)} %`).join(", ")}`
  );
  return new SvgFigure(svgDocument({ width, height: HEAD + rows * ROW + 14 }, parts.join("")), said.join("; "));
}
