import { counted } from "@/lib/counted.ts";
import { curveLimits, type Protocol } from "@/lib/evaluate/aflw2000/protocol.ts";
import type { FaceError } from "@/lib/evaluate/nme.ts";
import { groupByYaw } from "@/lib/view/evaluation/gallery.ts";
import { lineChart } from "@/lib/view/figures/line_chart.ts";
import type { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";

/** From the palette of Okabe and Ito; all faces are black. */
const colors = ["#0072b2", "#009e73", "#d55e00"];
/** Percent, of which one is where the figure ends: the first, as in papers, unless too many faces lie beyond. */
const ends = [10, 20, 40, 100];
/** Share of all faces that may lie beyond. */
const LOST = 0.05;
const STEPS = 100;
const TITLE_Y = "faces below it, in %";

/** Which share of the faces has an error below each, one curve for each bin of yaw that holds a face, and one for all. */
export function cumulativeFigure(
  errors: readonly FaceError[],
  { dimensions = 2 }: { readonly dimensions?: 2 | 3 } = {},
): PlotlyFigure {
  const key = dimensions === 2 ? "nme68_2d" : "nme68_3d";
  const bins = groupByYaw(errors).map(({ bin, label, faces }) => ({ name: label, faces, color: colors[bin]! }));
  const most = ends.find((end) => errors.filter((face) => face[key] > end).length <= LOST * errors.length) ??
    ends.at(-1)!;
  const lines = [...bins, { name: "all", faces: errors, color: "#23272f" }].map(({ name, faces, color }) => ({
    type: "scatter",
    mode: "lines",
    name: `${name} (${faces.length})`,
    line: { color, width: 2, ...name === "all" && { dash: "dash" } },
    ...cumulativeShares(faces.map((face) => face[key]), most),
    hovertemplate: "%{y:.1f} %",
  }));
  return lineChart(lines, {
    x: { title: `NME of 68 points in ${dimensions}D, in %`, range: [0, most] },
    y: { title: TITLE_Y, range: [0, 101] },
  }, `Cumulative error of ${counted(errors.length, "face")} by yaw: the share of faces below each NME`);
}

/** The same of all photos of AFLW2000-3D, those without a face that was found above any error. */
export function protocolCurve({ cumulative, images }: Protocol): PlotlyFigure {
  const line = {
    type: "scatter",
    mode: "lines",
    name: `all (${images})`,
    line: { color: colors[0]!, width: 2 },
    x: curveLimits,
    y: cumulative.map((share) => Number((100 * share).toFixed(2))),
    hovertemplate: "%{y:.1f} %",
  };
  return lineChart([line], {
    x: { title: "NME of 68 points in 2D, in %", range: [0, curveLimits.at(-1)!] },
    y: { title: TITLE_Y, range: [0, 101] },
  }, `Cumulative error of ${counted(images, "photo")}: the share of faces below each NME`);
}

/** x: errors from 0 to the most, in percent; y: how many percent of the values are at most as large. */
function cumulativeShares(values: readonly number[], most: number): { x: number[]; y: number[] } {
  const x = Array.from({ length: STEPS + 1 }, (_, i) => Number((most * i / STEPS).toFixed(1)));
  const share = (limit: number) => 100 * values.filter((value) => value <= limit).length / values.length;
  return { x, y: x.map((limit) => Number(share(limit).toFixed(2))) };
}
