import type { ExpressionCurve, ExpressionCurves } from "@/lib/evaluate/expression_errors.ts";
import { lineChart } from "@/lib/view/figures/line_chart.ts";
import type { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";

/** What a face does over a video, as drawn and as a network says, with the root mean square error of its word. */
export function expressionFigure(
  { name, truth, found, rmse }: ExpressionCurve,
  { framesPerSecond }: Pick<ExpressionCurves, "framesPerSecond">,
): PlotlyFigure {
  const lines = [
    { name: `${name}, as drawn`, color: "#8b919c", y: truth },
    { name: `network, ${rmse.toFixed(3)} off`, color: "#0072b2", y: found },
  ];
  return lineChart(
    lines.map(({ name, color, y }) => ({
      type: "scatter",
      mode: "lines",
      name,
      line: { color, width: 2 },
      x: y.map((_, i) => Number((i / framesPerSecond).toFixed(3))),
      y,
      hovertemplate: "%{y:.2f}",
    })),
    { x: { title: "seconds" }, y: { title: "amount", range: [-0.02, 1.02] } },
    `${name} over a drawn video, as drawn and as the network says: root mean square error ${rmse.toFixed(3)}`,
  );
}
