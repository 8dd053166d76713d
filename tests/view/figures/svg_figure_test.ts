import { assert, assertEquals } from "@/tests/support.ts";
import { SvgFigure } from "@/lib/view/figures/svg_figure.ts";

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>é "q"</text></svg>`;
const figure = new SvgFigure(svg, `A "square" & more`);

Deno.test("SvgFigure shows itself in a notebook, and says what it shows where there are no pictures", () => {
  const display = (figure as unknown as Record<symbol, () => unknown>)[Symbol.for("Jupyter.display")]!.bind(figure);
  assertEquals(display(), { "image/svg+xml": svg, "text/plain": figure.caption });
});

Deno.test("SvgFigure's HTML holds the same document, and its caption as text", () => {
  const html = figure.toHtml();
  const [, base64] = html.match(/base64,([^"]+)"/)!;
  assertEquals(new TextDecoder().decode(Uint8Array.fromBase64(base64!)), svg);
  assert(html.includes(`alt="A &quot;square&quot; &amp; more"`), html);
});

Deno.test("SvgFigure shows itself in a notebook at most as wide as its column, in its proportions", () => {
  const shown = (width: number, height: number) => {
    const root = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 9 9">`;
    const display = new SvgFigure(`${root}<rect width="2000" height="9"/></svg>`, "A square") as unknown as Record<
      symbol,
      () => Record<string, string>
    >;
    return display[Symbol.for("Jupyter.display")]!()["image/svg+xml"]!;
  };
  assert(shown(1720, 600).startsWith('<svg xmlns="http://www.w3.org/2000/svg" width="860" height="300" viewBox='));
  assert(shown(400, 600).includes(' width="400" height="600" '));
  assert(shown(1800, 600).includes('<rect width="2000" height="9"/>'));
});
