import { gzipSync } from "node:zlib";
import type { Config } from "@/lib/config.ts";
import { encodeJpeg } from "@/lib/data/images.ts";
import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import { type NmeSummary, yawBins } from "@/lib/evaluate/nme.ts";
import type { MetricsRow } from "@/lib/train/run_folder.ts";
import type { Mesh, Photo } from "@/lib/types.ts";
import { curveFigure } from "@/lib/view/curve_figure.ts";
import { colorsFromPhoto, meshFigure, type PlotlyFigure } from "@/lib/view/mesh_figure.ts";

export interface ReportContent {
  readonly title: string;
  /** One sentence below the title, such as what it ran on. */
  readonly summary: string;
  readonly config: Config;
  readonly metrics: readonly MetricsRow[];
  /** On held-out faces. */
  readonly evaluation: Evaluation;
  /** Pictures in rows, each with what it shows. */
  readonly pictures: readonly { readonly caption: string; readonly photos: readonly Photo[] }[];
  /** A fitted mesh in the pixels of its photo. */
  readonly face: { readonly mesh: Mesh; readonly photo: Photo };
}

/** One HTML file that needs no network: curves, pictures, a mesh to turn, the table of errors, the settings. */
export async function renderReport(content: ReportContent): Promise<string> {
  const { title, summary, config, metrics, evaluation, pictures, face } = content;
  const sections = [
    section("Error on held-out faces", errorTable(evaluation)),
    section(
      "Learning curves",
      figure(
        "loss",
        curveFigure(metrics, {
          curves: [
            { metric: "train/loss", label: "training", color: "#9ab6d8" },
            { metric: "validation/loss", label: "validation", color: "#1b4f91" },
          ],
          yLabel: "weighted loss",
          logarithmic: true,
        }),
      ),
      figure(
        "nme",
        curveFigure(metrics, {
          curves: [
            { metric: "validation/nme68_2d", label: "68 points, 2D", color: "#c2410c" },
            { metric: "validation/nme68_3d", label: "68 points, 3D", color: "#7c3aed" },
          ],
          yLabel: "validation NME, %",
        }),
      ),
    ),
    ...await Promise.all(pictures.map(async ({ caption, photos }) => section(caption, ...await imageTags(photos)))),
    section(
      "A fitted mesh, colored from its photo – drag to turn",
      `<div class="beside">`,
      ...await imageTags([face.photo]),
      figure("mesh", meshFigure(face.mesh, colorsFromPhoto(face.mesh.positions, face.photo))),
      `</div>`,
    ),
    section("Settings", settingsTable(config)),
  ];
  return page({ title, summary, body: sections.join("\n"), plotly: await packedPlotly() });
}

function section(heading: string, ...parts: string[]): string {
  return `<section>\n<h2>${escapeHtml(heading)}</h2>\n${parts.join("\n")}\n</section>`;
}

function figure(id: string, { data, layout }: PlotlyFigure): string {
  const json = JSON.stringify({ data, layout }).replaceAll("<", "\\u003c");
  return `<div class="figure" id="${id}"></div><script type="application/json" data-figure="${id}">${json}</script>`;
}

async function imageTags(photos: readonly Photo[]): Promise<string[]> {
  return await Promise.all(photos.map(async (photo) => {
    const base64 = (await encodeJpeg(photo, { quality: 92 })).toBase64();
    return `<img src="data:image/jpeg;base64,${base64}" width="${photo.width}" height="${photo.height}" alt="">`;
  }));
}

function errorTable({ images, nme68_2d, nme68_3d, baseline }: Evaluation): string {
  const number = (value: number | null) => value === null ? "–" : value.toFixed(2);
  const row = (label: string, { mean, balanced, bins }: NmeSummary, className = "") =>
    `<tr class="${className}"><th>${label}</th><td>${number(mean)}</td><td>${number(balanced)}</td>` +
    `${yawBins.map((bin) => `<td>${number(bins[bin])}</td>`).join("")}</tr>`;
  return `<table class="numbers">
<tr><th>NME in %, ${images} faces</th><th>mean</th><th>mean of bins</th>${
    yawBins.map((bin) => `<th>yaw ${bin}°</th>`).join("")
  }</tr>
${row("68 points, 2D", nme68_2d)}
${row("68 points, 3D", nme68_3d)}
${row("mean face, 2D", baseline.nme68_2d, "baseline")}
${row("mean face, 3D", baseline.nme68_3d, "baseline")}
</table>
<p>Mean distance of the 68 landmarks from the true ones, divided by the square root of the area of the true landmarks'
box. The mean face is the answer of someone who does not look: the mean landmarks of the training set.</p>`;
}

function settingsTable(config: Config): string {
  const rows = Object.entries(config).map(([key, value]) =>
    `<tr><th>${key}</th><td>${escapeHtml(String(value))}</td></tr>`
  );
  return `<table class="settings">${rows.join("")}</table>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** Plotly as base64 of gzip: a sixth of its size. */
async function packedPlotly(): Promise<string> {
  const { default: source } = await import("plotly.js-dist/plotly.js", { with: { type: "text" } });
  return new Uint8Array(gzipSync(source, { level: 9 })).toBase64();
}

function page({ title, summary, body, plotly }: Record<"title" | "summary" | "body" | "plotly", string>): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2433; background: #f6f6f4; margin: 0 auto; padding: 2rem; max-width: 1100px; }
h1 { font-size: 1.7rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 0 0 .8rem; }
section { background: #fff; border: 1px solid #e2e2de; border-radius: 8px; padding: 1.2rem 1.4rem; margin: 1.2rem 0; }
img { max-width: 100%; height: auto; margin: 0 .5rem .5rem 0; vertical-align: top; border-radius: 3px; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; font-weight: normal; }
.numbers td { font-variant-numeric: tabular-nums; text-align: right; }
.numbers tr:first-child th { color: #5b6475; border-bottom: 1px solid #d8d8d2; }
.baseline { color: #5b6475; }
.settings th { color: #5b6475; }
p { color: #454e5e; max-width: 46rem; }
.figure { height: 340px; }
.beside { display: flex; flex-wrap: wrap; align-items: center; gap: 1rem; }
.beside .figure { flex: 1; min-width: 380px; height: 460px; }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(summary)}</p>
${body}
<script type="text/plain" id="plotly">${plotly}</script>
<script>
(async () => {
  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (c) => c.charCodeAt(0));
  const source = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const script = document.createElement("script");
  script.textContent = source;
  document.head.append(script);
  for (const { dataset, textContent } of document.querySelectorAll("script[data-figure]")) {
    const { data, layout } = JSON.parse(textContent);
    const options = { responsive: true, displaylogo: false };
    await Plotly.newPlot(document.getElementById(dataset.figure), data, layout, options);
  }
  document.body.dataset.ready = "true";
})();
</script>
</body>
</html>
`;
}
