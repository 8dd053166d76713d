import type { ExpressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { expressionFigure } from "@/lib/view/evaluation/expression_figure.ts";
import { ExpressionTable } from "@/lib/view/evaluation/expression_table.ts";
import { figureTag } from "@/lib/view/report/report_page.ts";

/** HTML of what a network says of expressions: some over a drawn video, where there is one, and the errors of all. */
export function expressionParts(errors: ExpressionErrors): string[] {
  const { framesPerSecond, curves } = errors.video ?? { framesPerSecond: 1, curves: [] };
  const figures = curves.map((curve) => figureTag(curve.name, expressionFigure(curve, { framesPerSecond })));
  return [
    ...figures.length > 0 ? [`<div class="pair">${figures.join("")}</div>`, videoNote] : [],
    `<div class="scroll">${new ExpressionTable(errors).toHtml()}</div>`,
  ];
}

const videoNote =
  `<p>A drawn video of a person whom the training has not shown, who talks and blinks, four seconds long.</p>`;
