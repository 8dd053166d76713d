import type { ExpressionErrors } from "@/lib/evaluate/expression_errors.ts";
import type { NumberTable } from "@/lib/view/evaluation/number_table.ts";
import { escapeHtml } from "@/lib/view/figures/picture.ts";
import type { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";
import { expressionParts } from "@/lib/view/report/expression_parts.ts";
import { figureTag, renderPage } from "@/lib/view/report/report_page.ts";

export interface EvaluationPage {
  readonly title: string;
  /** Errors of landmarks and surfaces. */
  readonly tables: readonly NumberTable[];
  /** Cumulative curve of photos: the share whose error is below each value. */
  readonly curve?: PlotlyFigure | undefined;
  readonly expressions?: ExpressionErrors | undefined;
}

/** One HTML file that needs no network: the errors of a trained model, and what it says of expressions. */
export async function renderEvaluation({ title, tables, curve, expressions }: EvaluationPage): Promise<string> {
  const parts = tables.map((table) => `<div class="scroll">${table.toHtml()}</div>`);
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    ...parts.map((part) => `<section>${part}</section>`),
    ...curve ? [`<section><h2>Cumulative error</h2>${figureTag("cumulative", curve)}</section>`] : [],
    ...expressions ? [`<section><h2>Expressions</h2>${expressionParts(expressions).join("\n")}</section>`] : [],
  ];
  return await renderPage({ title, body: body.join("\n") });
}
