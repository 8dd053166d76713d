import { buildNetwork } from "@/lib/model/network.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { networkDiagram } from "@/lib/view/training/network_diagram.ts";
import { chromiumPath, launchChromium } from "@/tasks/bench/chromium.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";
import { newPage } from "@/tests/view/chromium.ts";

await openTensorFlow({ device: "cpu" });
const prnet = buildNetwork({ architecture: "prnet", imageSize: 256, width: 16, seed: 1 });
const lite = buildNetwork({ architecture: "lite", imageSize: 128, width: 16, seed: 1 });

/** Width, height and fill of the rectangles that say which stage they are. */
function boxes(svg: string): { width: number; height: number; fill: string }[] {
  return [...svg.matchAll(/<rect ([^>]*)><title>/g)].map(([, attributes]) => {
    const of = (name: string) => attributes!.match(new RegExp(` ${name}="([^"]*)"`))![1]!;
    return { width: Number(of("width")), height: Number(of("height")), fill: of("fill") };
  });
}

Deno.test("networkDiagram() draws PRNet's stages with heights as the maps' sides and widths as channels' logarithms", async () => {
  const drawn = boxes((await networkDiagram(prnet)).svg);
  assertEquals(drawn.length, 28);
  const fills = drawn.map(({ fill }) => fill);
  assertEquals([new Set(fills.slice(1, 11)).size, new Set(fills.slice(11)).size, new Set(fills).size], [1, 1, 3]);
  const sides = [256, 128, 128, 64, 64, 32, 32, 16, 16, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64, 128, 128];
  sides.forEach((side, i) => assertClose(drawn[i]!.height, side / 256 * drawn[0]!.height, 0.2));
  assertClose(drawn[10]!.width / drawn[27]!.width, Math.log2(513) / 2, 0.1);
});

Deno.test("networkDiagram() says each stage's size, and the kind of those that no color tells", async () => {
  const { svg } = await networkDiagram(lite);
  for (const size of ["16 × 16 × 48", "4 × 4 × 160", "33 × 33 × 3"]) assert(svg.includes(size), size);
  assert(/<tspan[^>]*>upsampling, convolution/.test(svg) && svg.includes("6 residual blocks"));
});

Deno.test("networkDiagram() draws no text over another, nor beyond its border", {
  ignore: !chromiumPath,
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  const browser = await launchChromium();
  try {
    for (const network of [prnet, lite]) {
      const { svg } = await networkDiagram(network);
      const page = await newPage(browser, 1000);
      await page.setContent(`<body style="margin: 0">${svg}</body>`);
      const problems = await page.evaluate(() => {
        // deno-lint-ignore no-explicit-any -- the page's document
        const { document } = globalThis as any;
        const { width, height } = document.querySelector("svg").getBoundingClientRect();
        const texts = [...document.querySelectorAll("text")].map((text) => {
          const { left, top, right, bottom } = text.getBoundingClientRect();
          return { text: text.textContent, left, top, right, bottom };
        });
        const outside = texts.filter((t) => t.left < 0 || t.top < 0 || t.right > width || t.bottom > height);
        const over = texts.flatMap((a, i) =>
          texts.slice(i + 1).filter((b) =>
            Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1
          ).map((b) => `${a.text} over ${b.text}`)
        );
        return [...outside.map(({ text }) => `${text} outside`), ...over];
      });
      assertEquals(problems, []);
    }
  } finally {
    await browser.close();
  }
});
