import { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";
import type { PlotlyContent } from "@/lib/view/figures/plotly_still.ts";

export interface LineChartAxes {
  /** Plotly's layout of each axis, with its title as text. */
  readonly x: { readonly title: string; readonly [attribute: string]: unknown };
  readonly y: { readonly title: string; readonly [attribute: string]: unknown };
}

/** Lines over one axis, with a legend above, in the look that all charts share. */
export function lineChart(data: PlotlyContent["data"], { x, y }: LineChartAxes, caption: string): PlotlyFigure {
  const axis = ({ title, ...rest }: LineChartAxes["x"]) => ({
    ...{ gridcolor: "#e6e6e2", zerolinecolor: "#b9b9b2", linecolor: "#b9b9b2", automargin: true },
    ...rest,
    title: { text: title, standoff: 10, font: { size: 13 } },
  });
  return new PlotlyFigure({
    data,
    layout: {
      margin: { l: 64, r: 16, t: 32, b: 48 },
      xaxis: axis(x),
      yaxis: axis(y),
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      showlegend: true,
      hovermode: "x unified",
      plot_bgcolor: "#fff",
      font: { family: "system-ui, sans-serif", size: 13, color: "#454e5e" },
    },
    config: { modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] },
  }, caption);
}
