import type { MetricsRow } from "@/lib/train/run_folder.ts";
import type { PlotlyFigure } from "@/lib/view/mesh_figure.ts";

export interface Curve {
  /** As `metrics.jsonl` has it. */
  readonly metric: string;
  readonly label: string;
  readonly color: string;
}

/** Curves over the steps of a run; with `logarithmic`, for values that fall over orders of magnitude. */
export function curveFigure(
  metrics: readonly MetricsRow[],
  { curves, yLabel, logarithmic = false }: {
    readonly curves: readonly Curve[];
    readonly yLabel: string;
    readonly logarithmic?: boolean;
  },
): PlotlyFigure {
  return {
    data: curves.map(({ metric, label, color }) => {
      const rows = metrics.filter((row) => metric in row);
      return {
        type: "scatter",
        mode: rows.length > 30 ? "lines" : "lines+markers",
        name: label,
        line: { color, width: 1.5 },
        x: rows.map(({ step }) => step),
        y: rows.map((row) => row[metric]),
      };
    }),
    layout: {
      margin: { l: 70, r: 20, t: 10, b: 50 },
      xaxis: { title: { text: "step" }, gridcolor: "#e4e4e4", zeroline: false },
      yaxis: {
        title: { text: yLabel },
        type: logarithmic ? "log" : "linear",
        rangemode: logarithmic ? "normal" : "tozero",
        gridcolor: "#e4e4e4",
      },
      legend: { x: 1, xanchor: "right", y: 1 },
      plot_bgcolor: "#fff",
      font: { family: "system-ui, sans-serif", size: 13 },
    },
  };
}
