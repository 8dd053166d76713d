import { gzipSync } from "node:zlib";
import { escapeHtml } from "@/lib/view/figures/picture.ts";
import type { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";

export interface PageContent {
  readonly title: string;
  /** HTML. */
  readonly body: string;
}

/** An HTML file that needs no other file and no network, with Plotly in it where there are {@linkcode figureTag}s to draw. */
export async function renderPage({ title, body }: PageContent): Promise<string> {
  const drawing = body.includes(" data-figure=")
    ? `<script type="text/plain" id="plotly">${await packedPlotly()}</script>\n<script>${script}</script>\n`
    : "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
${drawing}</body>
</html>
`;
}

/** Where Plotly draws the figure; ids are unique within the page. */
export function figureTag(id: string, { data, layout, config, caption }: PlotlyFigure): string {
  const json = JSON.stringify({ data, layout, config }).replaceAll("<", "\\u003c"); // so that nothing ends the script
  return `<div class="figure" id="${id}" role="img" aria-label="${escapeHtml(caption)}"></div>` +
    `<script type="application/json" data-figure="${id}">${json}</script>`;
}

/** As base64 of gzip: a quarter of its size. */
async function packedPlotly(): Promise<string> {
  const { default: source } = await import("plotly.js-dist/plotly.js", { with: { type: "text" } });
  return new Uint8Array(gzipSync(source, { level: 5 })).toBase64(); // 9 takes three times as long, for 2 %
}

const style = `
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2433; background: #f5f5f2; margin: 0; }
main { max-width: 1200px; margin: 0 auto; padding: 2rem 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 .8rem; }
p { color: #454e5e; max-width: 46rem; margin: .8rem 0 0; }
.result { color: #1d2433; font-size: 1.15rem; margin: 0; }
section { background: #fff; border: 1px solid #e2e2de; border-radius: 8px; padding: 1.2rem 1.4rem 1.4rem; margin: 1.2rem 0; }
.scroll, .wide { overflow-x: auto; }
.wide img { width: 100%; min-width: 760px; }
table { border-collapse: collapse; white-space: nowrap; }
th, td { text-align: left; padding: .25rem 1.4rem .25rem 0; font-weight: normal; }
.numbers :is(td, thead th:not(:first-child)) { text-align: right; font-variant-numeric: tabular-nums; }
.numbers thead th { color: #5b6475; border-bottom: 1px solid #d8d8d2; }
.numbers .aside { color: #6b7383; }
.numbers .apart > * { padding-top: .8rem; }
.compared .numbers :is(th, td) { padding-right: .85rem; font-size: .9rem; border-bottom: 1px solid #ecece8; }
.compared .numbers thead th { white-space: normal; vertical-align: bottom; }
.compared .numbers tr:has(a) { color: #6b7383; }
.figure { height: 340px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 1.4rem; }
.pair .figure { height: 260px; }
.pair ~ .scroll { margin-top: 1.2rem; }
.triples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 1.4rem; }
.columns { display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px; font-size: .85rem; line-height: 1.25; }
.columns { color: #5b6475; align-items: end; text-align: center; margin-bottom: .4rem; }
.triples img { display: block; width: 100%; height: auto; margin-bottom: 4px; }
.fitted { display: grid; grid-template-columns: minmax(0, 480px) minmax(0, 1fr); gap: 4px; }
.fitted img { width: 100%; height: 100%; object-fit: contain; background: #23272f; }
.fitted .figure { height: 480px; }
.settings { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: .3rem 2rem; margin: 0; }
.settings div { display: flex; justify-content: space-between; gap: 1rem; border-bottom: 1px solid #ecece8; }
.settings dt { color: #5b6475; }
.settings dd { margin: 0; overflow-wrap: anywhere; text-align: right; }
@media (max-width: 640px) {
  main { padding: 1.2rem .6rem; }
  section { padding: 1rem .8rem; }
  .numbers :is(th, td) { padding-right: .6rem; font-size: .8rem; }
  .numbers thead th { white-space: normal; vertical-align: bottom; }
  .figure { height: 300px; }
  .fitted { grid-template-columns: 1fr; }
  .fitted .figure { height: 400px; }
}
`;

const script = `
(async () => {
  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (c) => c.charCodeAt(0));
  const source = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const element = document.createElement("script");
  element.textContent = source;
  document.head.append(element);
  const touch = matchMedia("(pointer: coarse)").matches;
  for (const { dataset, textContent } of document.querySelectorAll("script[data-figure]")) {
    const { data, layout, config } = JSON.parse(textContent);
    if (touch && !layout.scene) layout.dragmode = false; // so that a finger scrolls the page past the curves
    const options = { responsive: true, displaylogo: false, ...config };
    await Plotly.newPlot(dataset.figure, data, layout, options);
  }
  document.body.dataset.ready = "true";
})();
`;
