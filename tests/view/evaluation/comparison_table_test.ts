import { publishedErrors } from "@/lib/evaluate/published.ts";
import { ComparisonTable } from "@/lib/view/evaluation/comparison_table.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

const errors = {
  mean: 9,
  balanced: 8.125,
  bins: { "0-30": 6.5, "30-60": 9.75, "60-90": null },
  interval: [8, 10],
} as const;

Deno.test("publishedErrors have means of bins that their bins give, as papers round", () => {
  for (const { bins, balanced } of publishedErrors) {
    assertClose(Object.values(bins).reduce((sum, bin) => sum + bin, 0) / 3, balanced, 0.0101);
  }
});

Deno.test("ComparisonTable shows every paper with its source, and one's own errors below", () => {
  const table = new ComparisonTable({ name: "ours <1>", errors });
  const lines = table.toText().split("\n");
  assertEquals(lines.length, publishedErrors.length + 2);
  assert(/^PRNet, AFLW2000-3D +3\.62 +2\.75 +3\.51 +4\.61 +Feng et al\./.test(lines[2]!), lines[2]);
  assert(/^ours <1> +8\.13 +6\.50 +9\.75 +– +measured here$/.test(lines.at(-1)!), lines.at(-1));
  const html = table.toHtml();
  assertEquals(html.match(/<tr>/g)!.length, lines.length);
  assert(html.includes("<th>ours &lt;1></th><td>8.13</td>"), html);
  assert(publishedErrors.every(({ url }) => html.includes(`<a href="${url}">`)));
});
