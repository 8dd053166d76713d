import { InputError } from "@/lib/errors.ts";
import { decodePhoto } from "@/lib/data/files/images.ts";
import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import type { Photo } from "@/lib/types.ts";
import { ErrorTable } from "@/lib/view/evaluation/error_table.ts";
import { Picture } from "@/lib/view/figures/picture.ts";
import { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";

/** What a value tells a notebook to show. */
async function shown(value: object): Promise<Record<string, unknown>> {
  const display = Symbol.for("Jupyter.display");
  return await (value as Record<symbol, () => unknown>)[display]!() as Record<string, unknown>;
}

const photo: Photo = { width: 24, height: 16, rgb: Uint8Array.from({ length: 3 * 24 * 16 }, (_, i) => i % 7 * 30) };
const caption = 'A "face" & <mesh>';

Deno.test("a Picture shows itself with its caption, and saves itself as a PNG without loss, or says why it cannot", async () => {
  const picture = new Picture(photo, caption);
  const { "image/jpeg": jpeg, "text/plain": text } = await shown(picture);
  const { width, height } = await decodePhoto(Uint8Array.fromBase64(jpeg as string));
  assertEquals([width, height, text], [24, 16, caption]);
  const path = await Deno.makeTempFile({ suffix: ".png" });
  try {
    await picture.save(path);
    assertEquals((await decodePhoto(path)).rgb, photo.rgb);
    await assertThrows(
      () => picture.save(`${path}/face.png`),
      InputError,
      /^Cannot write .*face\.png: .* is a file, not a folder$/,
    );
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a Picture's HTML holds its size, and its caption with nothing in it that HTML would take as its own", async () => {
  const html = await new Picture(photo, caption).toHtml();
  assert(/^<img src="data:image\/jpeg;base64,[\w+/=]+" width="24" height="16" alt="([^"<]*)">$/.test(html), html);
  assert(html.includes('alt="A &quot;face&quot; &amp; &lt;mesh>"'), html);
});

Deno.test("a PlotlyFigure shows itself as Plotly takes it, and as the still that it was given", async () => {
  const data = [{ type: "mesh3d", x: [1], y: [2] }];
  const bundle = {
    "application/vnd.plotly.v1+json": { data, layout: { height: 3 }, config: {} },
    "text/plain": caption,
  };
  const figure = (still?: Photo | string) => new PlotlyFigure({ data, layout: { height: 3 } }, caption, { still });
  assertEquals(await shown(figure()), bundle);
  const { "image/svg+xml": svg, ...others } = await shown(figure("<svg></svg>"));
  assertEquals([svg, others], ["<svg></svg>", bundle]);
  const { "image/jpeg": jpeg, ...rest } = await shown(figure(photo));
  const { width, height } = await decodePhoto(Uint8Array.fromBase64(jpeg as string));
  assertEquals([width, height, rest], [24, 16, bundle]);
});

Deno.test("a PlotlyFigure of lines has an SVG of them as its still", async () => {
  const figure = new PlotlyFigure({ data: [{ type: "scatter", x: [1, 2], y: [2, 4] }], layout: {} }, caption);
  const { "image/svg+xml": svg } = await shown(figure);
  assert(/^<svg [^]*<path [^]*<\/svg>$/.test(svg as string), svg as string);
});

const errors = (mean: number) => ({
  mean,
  balanced: mean + 1,
  bins: { "0-30": mean - 0.5, "30-60": 10.125, "60-90": null },
  interval: [mean - 0.25, mean + 0.75] as const,
});
const evaluation: Evaluation = {
  images: 7,
  imagesWithDepth: 7,
  nme68_2d: errors(3),
  nme68_3d: errors(5),
  nme51_2d: errors(2),
  jaw17_2d: errors(6),
  baseline: { nme68_2d: errors(20), nme68_3d: errors(30) },
};

Deno.test("an ErrorTable is the same in text and in HTML: each error beside the baseline's", async () => {
  const table = new ErrorTable(evaluation);
  const { "text/html": html, "text/plain": text } = await shown(table);
  const lines = (text as string).split("\n");
  assertEquals(lines.slice(1), [
    "68 points, 2D         3.00      2.75–3.75          4.00       2.50       10.13           –",
    "inner 51 points, 2D   2.00      1.75–2.75          3.00       1.50       10.13           –",
    "jaw, 17 points, 2D    6.00      5.75–6.75          7.00       5.50       10.13           –",
    "mean face, 2D        20.00    19.75–20.75         21.00      19.50       10.13           –",
    "68 points, 3D         5.00      4.75–5.75          6.00       4.50       10.13           –",
    "mean face, 3D        30.00    29.75–30.75         31.00      29.50       10.13           –",
  ]);
  assert(lines[0]!.startsWith("NME in %, 7 faces  ") && new Set(lines.map((line) => line.length)).size === 1);
  const cells = [...(html as string).matchAll(/<t[hd]>([^<]*)<\/t[hd]>/g)].map(([, cell]) => cell!);
  assertEquals(cells, table.cells.flat());
  const headings = [1, 3].map((people) => new ErrorTable({ ...evaluation, people }).cells[0]![0]);
  assertEquals(headings, ["NME in %, 7 faces of 1 person", "NME in %, 7 faces of 3 people"]);
  const certain = { ...errors(3), interval: [3, 3] as const }; // of one person, who says nothing of others
  assertEquals(new ErrorTable({ ...evaluation, nme68_2d: certain }).cells[1]![2], "–");
});
