import { type AmountErrors, errorsTogether, type ExpressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { isComponent } from "@/lib/face/expression_names.ts";
import { NumberTable } from "@/lib/view/evaluation/number_table.ts";

/**
 * Root mean square errors of expressions' amounts beside those of always saying their mean; all together come first, then what
 * was followed through a video.
 */
export class ExpressionTable extends NumberTable {
  constructor({ each, video }: ExpressionErrors) {
    const curves = video?.curves.map((curve) => ({ ...curve, name: `${curve.name} over a drawn video` })) ?? [];
    const kinds = byUnit(each);
    const together = kinds.map(({ each, unit }) => ({
      name: kinds.length > 1 ? `all ${each.length}, ${unit}` : `all ${each.length}`,
      ...errorsTogether(each),
    }));
    const rows = [...together, ...curves, ...each];
    super([
      [
        `amounts are ${kinds.map(({ unit }) => unit).join(" or ")}`,
        "root mean square error",
        "always their mean",
        "variance explained",
      ],
      ...rows.map(({ name, ...errors }) => [name, ...amountFigures(errors)]),
    ]);
  }
}

/** Expressions whose amounts have one unit, which those of another cannot be added to. */
function byUnit<Named extends { readonly name: string }>(each: readonly Named[]) {
  const kinds = [
    { unit: "0 to 1", each: each.filter(({ name }) => !isComponent(name)) },
    { unit: "standard deviations", each: each.filter(({ name }) => isComponent(name)) },
  ];
  return kinds.filter(({ each }) => each.length > 0);
}

/** Its root mean square error, that of the mean, and the share of the variance that is explained; "–" where there is none. */
function amountFigures({ rmse, rmseOfMean, explained }: AmountErrors): [string, string, string] {
  const share = explained === null ? "–" : `${Math.round(100 * explained)} %`;
  return [rmse.toFixed(3), rmseOfMean.toFixed(3), share];
}

/** The errors of all amounts together, those of each unit in one line. */
export function describeExpressions({ each }: ExpressionErrors): string {
  const lines = byUnit(each).map(({ unit, each }) => {
    const [rmse, rmseOfMean, share] = amountFigures(errorsTogether(each));
    return `expressions, root mean square error of ${each.length} amounts, ${unit}: ${rmse}; ` +
      `always their mean: ${rmseOfMean}; variance explained: ${share}`;
  });
  return lines.join("\n");
}
