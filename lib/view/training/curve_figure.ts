import { mean } from "@/lib/numbers.ts";
import type { MetricsRow } from "@/lib/train/run_folder.ts";
import { lineChart } from "@/lib/view/figures/line_chart.ts";
import type { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";
import { decadeTicks } from "@/lib/view/figures/ticks.ts";

/** One metric of a run as a line. */
export interface Curve {
  /** As `metrics.jsonl` has it. */
  readonly metric: string;
  readonly label: string;
  readonly color: string;
  /** Draws the running mean of a noisy metric, and the metric itself faintly behind it. */
  readonly smooth?: boolean;
}

export interface CurveOptions {
  readonly curves: readonly Curve[];
  readonly yLabel: string;
  /** For values that fall over orders of magnitude. */
  readonly logarithmic?: boolean;
}

/** Curves over the steps of a run. */
export function curveFigure(
  metrics: readonly MetricsRow[],
  { curves, yLabel, logarithmic = false }: CurveOptions,
): PlotlyFigure {
  const drawn = curves.map((curve) => ({ ...curve, points: thinned(pointsOf(metrics, curve.metric)) }));
  const values = drawn.flatMap(({ points }) => points.map(({ value }) => value));
  const lines = drawn.flatMap(({ points, label, color, smooth }) =>
    smooth
      ? [
        trace(points, { color, opacity: 0.35, width: 1, showlegend: false, hoverinfo: "skip" }),
        trace(runningMean(points), { name: label, color, width: 2 }),
      ]
      : [trace(points, { name: label, color, width: 2, markers: points.length <= 60 })]
  );
  return lineChart(lines, {
    x: { title: "step", rangemode: "tozero" },
    y: { title: yLabel, ...logarithmic ? { type: "log", ...logTicks(values) } : { rangemode: "tozero" } },
  }, `${curves.map(({ label }) => label).join(" and ")}: ${yLabel} over the steps`);
}

/** The loss of positions in training and validations; where an older run has it of these alone, beside all of the loss. */
export function lossCurves(metrics: readonly MetricsRow[]): PlotlyFigure {
  const hasTerms = metrics.some((row) => "train/loss_position" in row);
  const [training, validation] = [{ color: "#6f93bf", smooth: true }, { color: "#123f7a" }];
  return curveFigure(metrics, {
    curves: hasTerms
      ? [
        { ...training, metric: "train/loss_position", label: "training" },
        { ...validation, metric: "validation/loss", label: "validation" },
      ]
      : [
        { ...training, metric: "train/loss", label: "training, all terms" },
        { ...validation, metric: "validation/loss", label: "validation, positions alone" },
      ],
    yLabel: hasTerms ? "loss of positions" : "loss",
    logarithmic: true,
  });
}

interface Point {
  readonly step: number;
  readonly value: number;
}

function pointsOf(metrics: readonly MetricsRow[], metric: string): Point[] {
  return metrics.flatMap((row) => metric in row ? [{ step: row.step, value: row[metric]! }] : []);
}

const MOST_POINTS = 2_000;

/** Means of as many neighbors as it takes to leave at most 2,000 points: a screen shows no more. */
function thinned(points: readonly Point[]): readonly Point[] {
  const together = Math.ceil(points.length / MOST_POINTS);
  if (together <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / together) }, (_, i) => {
    const block = points.slice(i * together, (i + 1) * together);
    return { step: block.at(-1)!.step, value: meanValue(block) };
  });
}

/** Mean over the neighbors on both sides, a fiftieth of the points in all; over fewer where the curve starts, steeply. */
function runningMean(points: readonly Point[]): Point[] {
  const most = Math.ceil(points.length / 100);
  return points.map(({ step }, i) => {
    const reach = Math.min(most, i);
    return { step, value: meanValue(points.slice(i - reach, i + reach + 1)) };
  });
}

function meanValue(points: readonly Point[]): number {
  return mean(points.map(({ value }) => value));
}

interface Stroke {
  readonly color: string;
  readonly width: number;
  readonly markers?: boolean;
  readonly [attribute: string]: unknown;
}

function trace(points: readonly Point[], { color, width, markers = false, ...attributes }: Stroke) {
  return {
    type: "scatter",
    mode: markers ? "lines+markers" : "lines",
    line: { color, width },
    x: points.map(({ step }) => step),
    y: points.map(({ value }) => Number(value.toPrecision(4))),
    hovertemplate: "%{y}",
    ...attributes,
  };
}

/** Ticks at round numbers, written out; none where that gives too few, so that Plotly chooses. */
function logTicks(values: readonly number[]): Record<string, unknown> {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (positive.length === 0) return {};
  const low = Math.log10(positive.reduce((a, b) => Math.min(a, b)));
  const high = Math.log10(positive.reduce((a, b) => Math.max(a, b)));
  const ticks = decadeTicks(low, high).filter((tick) => tick >= 10 ** low && tick <= 10 ** high);
  return ticks.length < 3 ? {} : { tickvals: ticks, ticktext: ticks.map(String) };
}
