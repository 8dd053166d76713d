import { svgDocument, svgElement, svgText, textWidth } from "@/lib/view/figures/svg_marks.ts";
import { decadeTicks, roundTicks } from "@/lib/view/figures/ticks.ts";

/** Traces and layout as https://plotly.com/javascript/reference/ has them. */
export interface PlotlyContent {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly layout: Readonly<Record<string, unknown>>;
}

const RIM = 4;
/** Okabe and Ito's colors, which stay apart for the color-blind, for traces that name none. */
const colorway = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
const dashes: Readonly<Record<string, string>> = { dash: "8 5", dot: "2 4", dashdot: "8 4 2 4", longdash: "13 6" };

/**
 * An SVG of a figure of lines and markers, for where no script runs: its axes, ticks, titles and legend, near to what
 * Plotly draws. Undefined where a trace is something else than that, or the figure has several pairs of axes.
 */
export function lineStill({ data, layout }: PlotlyContent, caption: string): string | undefined {
  const isDrawn = (trace: unknown) => read(trace, "type") === "scatter" && (read(trace, "yaxis") ?? "y") === "y";
  if (data.length === 0 || !data.every(isDrawn)) return undefined;
  const lines = data.filter((trace) => trace["visible"] !== false).map(lineOf);
  const width = numberOr(layout["width"], 720);
  const legend = layout["showlegend"] === false ? { svg: "", height: 0 } : drawLegend(lines, width - 32);
  const title = textOf(layout["title"]);
  const xAxis = axisOf(layout["xaxis"], lines.flatMap(({ x }) => x), lines.some(({ hasMarkers }) => hasMarkers));
  const yAxis = axisOf(layout["yaxis"], lines.flatMap(({ y }) => y), true);
  const labelWidth = Math.max(0, ...yAxis.ticks.map(({ label }) => textWidth(label)));
  const left = Math.ceil(labelWidth) + (yAxis.title ? 44 : 20);
  const top = 12 + (title ? 26 : 0) + legend.height;
  const [right, bottom] = [width - 24, numberOr(layout["height"], 380) - (xAxis.title ? 52 : 30)];
  const toX = (value: number) => left + (right - left) * xAxis.share(value);
  const toY = (value: number) => bottom - (bottom - top) * yAxis.share(value);
  const line = (x1: number, y1: number, x2: number, y2: number, stroke: string) =>
    svgElement("line", { x1, y1, x2, y2, stroke });
  const text = (x: number, y: number, anchor: string, words: string) => svgText(words, { x, y, "text-anchor": anchor });
  const height = numberOr(layout["height"], 380);
  const upright = { transform: `translate(18 ${px((top + bottom) / 2)}) rotate(-90)`, "text-anchor": "middle" };
  // An inner svg clips what it holds: beyond the markers on its edges.
  const inner = { x: left - RIM, y: top - RIM, width: right - left + 2 * RIM, height: bottom - top + 2 * RIM };
  const drawn = lines.map((drawn) => drawLine(drawn, (x) => toX(x) - left + RIM, (y) => toY(y) - top + RIM));
  const parts = [
    title && svgText(title, { x: 16, y: 24, "font-size": 16 }),
    svgElement("g", { transform: `translate(16 ${title ? 38 : 12})` }, legend.svg),
    ...xAxis.ticks.map(({ at, label }) =>
      line(toX(at), top, toX(at), bottom, "#e6e6e2") + text(toX(at), bottom + 18, "middle", label)
    ),
    ...yAxis.ticks.map(({ at, label }) =>
      line(left, toY(at), right, toY(at), "#e6e6e2") + text(left - 7, toY(at) + 4.5, "end", label)
    ),
    line(left, bottom, right, bottom, "#8b919c") + line(left, top, left, bottom, "#8b919c"),
    xAxis.title && text((left + right) / 2, bottom + 42, "middle", xAxis.title),
    yAxis.title && svgText(yAxis.title, upright),
    svgElement("svg", inner, drawn.join("\n")),
  ];
  return svgDocument({ width, height, title: caption }, parts.filter(Boolean).join("\n"));
}

interface Line {
  /** NaN where there is nothing. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly name: string | undefined;
  readonly color: string;
  readonly width: number;
  readonly dash: string | undefined;
  readonly opacity: number;
  readonly hasLine: boolean;
  readonly hasMarkers: boolean;
}

function lineOf(trace: PlotlyContent["data"][number], index: number): Line {
  const mode = String(trace["mode"] ?? "lines");
  const color = read(trace["line"], "color") ?? read(trace["marker"], "color") ?? colorway[index % colorway.length];
  const numbers = (values: unknown) =>
    Array.from((values ?? []) as ArrayLike<unknown>, (v) => v === null ? NaN : Number(v));
  return {
    x: numbers(trace["x"]),
    y: numbers(trace["y"]),
    name: trace["showlegend"] === false || trace["name"] === undefined ? undefined : String(trace["name"]),
    color: String(color),
    width: numberOr(read(trace["line"], "width"), 2),
    dash: dashes[String(read(trace["line"], "dash"))],
    opacity: numberOr(trace["opacity"], 1),
    hasLine: mode.includes("lines"),
    hasMarkers: mode.includes("markers"),
  };
}

function drawLine(line: Line, toX: (value: number) => number, toY: (value: number) => number): string {
  const { x, y, color, width, opacity, hasLine, hasMarkers } = line;
  const points = x.map((value, i) => [toX(value), toY(y[i] ?? NaN)] as const);
  const isThere = (point: readonly [number, number] | undefined) => point !== undefined && point.every(Number.isFinite);
  const path = points.map((point, i) =>
    isThere(point) ? `${isThere(points[i - 1]) ? "L" : "M"}${px(point[0])} ${px(point[1])}` : ""
  ).join("");
  const dots = points.filter(isThere).map(([cx, cy]) => svgElement("circle", { cx, cy, r: width + 1 }));
  return svgElement(
    "g",
    { opacity: String(opacity) },
    [
      hasLine ? svgElement("path", { d: path, ...strokeOf(line), "stroke-linejoin": "round" }) : "",
      hasMarkers ? svgElement("g", { fill: color }, dots.join("")) : "",
    ].join(""),
  );
}

function strokeOf({ color, width, dash }: Line) {
  return { fill: "none", stroke: color, "stroke-width": width, ...dash && { "stroke-dasharray": dash } };
}

/** Names from left to right, in as many rows as it takes. */
function drawLegend(lines: readonly Line[], width: number): { svg: string; height: number } {
  let [x, row] = [0, 0];
  const entries = lines.filter(({ name }) => name !== undefined).map((line) => {
    const needed = 30 + textWidth(line.name!) + 22;
    if (x > 0 && x + needed > width) [x, row] = [0, row + 1];
    const sample = line.hasLine
      ? svgElement("path", { d: `M${px(x)} ${20 * row + 8}h24`, ...strokeOf(line) })
      : svgElement("circle", { cx: x + 12, cy: 20 * row + 8, r: 4, fill: line.color });
    const entry = sample + svgText(line.name!, { x: x + 30, y: 20 * row + 12.5 });
    x += needed;
    return entry;
  });
  return { svg: entries.join(""), height: entries.length > 0 ? 20 * row + 30 : 0 };
}

interface Axis {
  readonly title: string;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  /** How far along the axis a value is, from 0 to 1; NaN where it has no place. */
  share(value: number): number;
}

function axisOf(axis: unknown, values: readonly number[], isPadded: boolean): Axis {
  const isLogarithmic = read(axis, "type") === "log";
  const scale = isLogarithmic ? (value: number) => value > 0 ? Math.log10(value) : NaN : (value: number) => value;
  const [low, high] = rangeOf(axis, values.map(scale).filter(Number.isFinite), isPadded);
  const [tickvals, ticktext] = [read(axis, "tickvals"), read(axis, "ticktext")] as (unknown[] | undefined)[];
  const chosen = isLogarithmic ? decadeTicks(low, high) : roundTicks(low, high);
  const ticks = tickvals?.map((at, i) => ({ at: Number(at), label: String(ticktext?.[i] ?? at) })) ??
    chosen.map((at) => ({ at, label: labelOf(at) + String(read(axis, "ticksuffix") ?? "") }));
  return {
    title: textOf(read(axis, "title")),
    ticks: ticks.filter(({ at }) => scale(at) >= low - 1e-9 && scale(at) <= high + 1e-9),
    share: (value) => (scale(value) - low) / (high - low),
  };
}

/** On the axis's own scale, as Plotly's `range` is too: of logarithms where it is logarithmic. */
function rangeOf(axis: unknown, scaled: readonly number[], isPadded: boolean): [number, number] {
  const range = read(axis, "range") as number[] | undefined;
  if (range) return [Number(range[0]), Number(range[1])];
  let low = scaled.reduce((a, b) => Math.min(a, b), Infinity);
  let high = scaled.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) [low, high] = [0, 1];
  const fromZero = read(axis, "rangemode") === "tozero" && read(axis, "type") !== "log";
  if (fromZero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (high - low <= 1e-9 * largest || largest < 1e-99) { // too close for ticks to differ
    [low, high] = [low - Math.max(0.5 * largest, 0.5), high + Math.max(0.5 * largest, 0.5)];
  }
  const padding = isPadded ? 0.05 * (high - low) : 0;
  return [fromZero && low === 0 ? 0 : low - padding, fromZero && high === 0 ? 0 : high + padding];
}

function labelOf(value: number): string {
  return Math.abs(value) >= 10_000 ? value.toLocaleString("en-US") : String(value);
}

/** Tenths of pixels. */
function px(value: number): number {
  return Math.round(10 * value) / 10;
}

function read(value: unknown, attribute: string): unknown {
  return (value as Readonly<Record<string, unknown>> | undefined)?.[attribute];
}

/** A title: the text itself, or an object that holds it; line breaks and tags, which Plotly takes, left out. */
function textOf(title: unknown): string {
  const text = typeof title === "string" ? title : read(title, "text") ?? "";
  return String(text).replaceAll(/<br ?\/?>/g, " ").replaceAll(/<[^>]*>/g, "");
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
