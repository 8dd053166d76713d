import { escapeHtml } from "@/lib/view/figures/picture.ts";
import type { ModelComparison } from "@/lib/view/evaluation/model_comparison.ts";
import { renderPage } from "@/lib/view/report/report_page.ts";

/** One HTML file that needs no network: models side by side. @param faces what they were measured on, such as "8 photos" */
export async function renderComparison(table: ModelComparison, { faces }: { readonly faces: string }): Promise<string> {
  const title = `Models compared on ${faces}`;
  const body = `<h1>${escapeHtml(title)}</h1>
<section class="compared"><div class="scroll">${table.toHtml()}</div>
<p>NME of 68 points in 2D where nothing else is said, in percent of the face's size; ms for one crop at a time on this
machine, timed in turns; MB of model.onnx; – was not measured. The difference to the first model's mean is that of the
same faces, one by one, and its interval of other people with all their faces.</p></section>`;
  return await renderPage({ title, body });
}
