import { InputError } from "@/lib/errors.ts";
import { lossFigure, lossFormulas, sourceOf } from "@/lib/view/training/loss_figure.ts";
import { chromiumPath, launchChromium } from "@/tasks/bench/chromium.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { newPage } from "@/tests/view/chromium.ts";

const module = new URL("../../../lib/train/loss.ts", import.meta.url);

function display(value: object): Record<string, string> {
  return (value as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")]!();
}

Deno.test("lossFigure() shows the source of positionLoss(), whole, with what it says of itself", async () => {
  const { code } = await lossFigure();
  assert((await Deno.readTextFile(module)).includes(code));
  assert(code.startsWith("/**\n * The mean over batch") && code.endsWith("\n}"), code);
  assertEquals(code.match(/^export function \w+/gm), ["export function positionLoss"]);
});

Deno.test("sourceOf() takes no other function's documentation, and refuses a name that is not there", async () => {
  assert((await sourceOf(module, "weightPenalty")).startsWith("/** Half the sum of squares"));
  await assertThrows(
    () => sourceOf(module, "loss"),
    InputError,
    /Cannot show loss: .*loss.ts exports no such function/,
  );
});

Deno.test("lossFigure() typesets both losses or the one that is asked for", async () => {
  const both = display(await lossFigure())["text/markdown"]!;
  assertEquals(both.match(/^\$\$.*\$\$$/gm)!.length, 2);
  const one = display(await lossFigure({ loss: "l1" }))["text/markdown"]!;
  assert(one.includes(lossFormulas.l1.latex) && !one.includes(lossFormulas.mse.latex));
  assert(one.includes("```ts\n/**"));
});

Deno.test("Formula is LaTeX in a notebook, and in HTML mathematics that need no script", () => {
  for (const formula of Object.values(lossFormulas)) {
    assertEquals(display(formula)["text/latex"], `$$${formula.latex}$$`);
    const html = formula.toHtml();
    assert(/^<math [^>]*>.*<\/math>$/s.test(html) && html.includes("<mfrac>"), html);
    assertEquals(html.match(/katex-error|<script|class=/), null);
  }
});

Deno.test("Formula's HTML is laid out as mathematics: a fraction's denominator lies below its numerator", {
  ignore: !chromiumPath,
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  const browser = await launchChromium();
  try {
    const page = await newPage(browser, 1000);
    await page.setContent(lossFormulas.mse.toHtml());
    const [numerator, denominator] = await page.evaluate(() => {
      // deno-lint-ignore no-explicit-any -- the page's document
      const { document } = globalThis as any;
      return [...document.querySelector("mfrac").children].map((part) => part.getBoundingClientRect().toJSON());
    });
    assert(numerator.bottom <= denominator.top + 1 && denominator.width > 20);
  } finally {
    await browser.close();
  }
});
