import fc from "@/tests/fast_check.ts";
import type { MetricsRow } from "@/lib/train/run_folder.ts";
import { curveFigure, lossCurves } from "@/lib/view/training/curve_figure.ts";
import type { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

interface Trace {
  readonly x: number[];
  readonly y: number[];
  readonly name?: string;
}

interface Axis {
  readonly type?: string;
  readonly tickvals?: number[];
  readonly ticktext?: string[];
}

function traces({ data }: PlotlyFigure): Trace[] {
  return data as unknown as Trace[];
}

const loss = { metric: "loss", label: "training", color: "#123456" };

function rows(values: readonly number[]): MetricsRow[] {
  return values.map((value, i) => ({ step: i + 1, loss: value }));
}

Deno.test("curveFigure() draws each metric at the steps that have it, to four digits", () => {
  const value = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
  const row = fc.record({ loss: value, nme: value }, { requiredKeys: [] });
  fc.assert(fc.property(fc.array(row, { maxLength: 80 }), (values) => {
    const metrics = values.map((row, i) => ({ step: 10 * i, ...row }) as MetricsRow);
    const nme = { metric: "nme", label: "68 points", color: "#654321" };
    const drawn = traces(curveFigure(metrics, { curves: [loss, nme], yLabel: "" }));
    assertEquals(drawn.map(({ name }) => name), ["training", "68 points"]);
    ["loss", "nme"].forEach((metric, index) => {
      const having = metrics.filter((row) => metric in row);
      assertEquals(drawn[index]!.x, having.map(({ step }) => step));
      having.forEach((row, i) => assertClose(drawn[index]!.y[i]! / row[metric]!, 1, 5.1e-4));
    });
  }));
});

Deno.test("lossCurves() draws what training and validation share, and of an older run says what each has", () => {
  const drawn = (row: object) => {
    const figure = lossCurves([{ step: 1, "train/loss": 0.7, "validation/loss": 0.02, ...row }]);
    return traces(figure).flatMap(({ name, y }) => name ? [[name, ...y]] : []);
  };
  assertEquals(drawn({ "train/loss_position": 0.03 }), [["training", 0.03], ["validation", 0.02]]);
  assertEquals(drawn({}), [["training, all terms", 0.7], ["validation, positions alone", 0.02]]);
});

Deno.test("curveFigure() draws at most 2,000 points of a long run, whose mean stays", () => {
  const values = Array.from({ length: 12_345 }, (_, i) => 2 + Math.sin(i));
  const [{ x, y }] = traces(curveFigure(rows(values), { curves: [loss], yLabel: "" })) as [Trace];
  assert(y.length <= 2_000 && y.length > 1_000);
  assertEquals(x.at(-1), 12_345);
  assertClose(y.reduce((a, b) => a + b, 0) / y.length, 2, 0.01);
});

Deno.test("a smooth curve keeps a straight line, lies on top of the metric, and wobbles less", () => {
  const smooth = [{ ...loss, smooth: true }];
  const noise = (i: number) => 0.2 * Math.sin(91 * i * i);
  const straight = Array.from({ length: 500 }, (_, i) => 9 - 0.01 * i);
  const [raw, mean] = traces(curveFigure(rows(straight), { curves: smooth, yLabel: "" })) as [Trace, Trace];
  assertEquals([raw.name, mean.name], [undefined, "training"]); // one entry in the legend
  raw.y.forEach((value, i) => assertClose(mean.y[i]!, value, 0.03));

  const [, calm] = traces(curveFigure(rows(straight.map((v, i) => v + noise(i))), { curves: smooth, yLabel: "" })) as [
    Trace,
    Trace,
  ];
  const wobble = (values: readonly number[]) =>
    values.slice(50).reduce((sum, value, i) => sum + Math.abs(value - straight[50 + i]!), 0);
  assert(wobble(calm.y) < 0.5 * wobble(straight.map((v, i) => v + noise(i))));
});

Deno.test("a logarithmic axis is marked at round numbers between the least and the greatest value", () => {
  const exponent = fc.double({ min: -7, max: 4, noNaN: true });
  fc.assert(fc.property(fc.array(exponent, { minLength: 1, maxLength: 20 }), (exponents) => {
    const values = exponents.map((e) => 10 ** e);
    const figure = curveFigure(rows(values), { curves: [loss], yLabel: "", logarithmic: true });
    const { type, tickvals, ticktext } = figure.layout["yaxis"] as Axis;
    assertEquals(type, "log");
    if (!tickvals) return; // Plotly chooses where there is little between them
    assert(tickvals.length >= 3 && tickvals.length <= 14, `${tickvals}`);
    tickvals.forEach((tick, i) => {
      assert(tick >= Math.min(...values) * (1 - 1e-9) && tick <= Math.max(...values) * (1 + 1e-9));
      assert(/^[12357]0*$|^0\.0*[12357]$|^[12357]e-\d+$/.test(ticktext![i]!), ticktext![i]);
      assertEquals(Number(ticktext![i]), tick);
    });
  }));
});

Deno.test("curveFigure() of values that no logarithm has, or of none, still is a figure", () => {
  for (const values of [[], [0, -1], [NaN, Infinity]]) {
    const figure = curveFigure(rows(values), { curves: [loss], yLabel: "", logarithmic: true });
    assertEquals(traces(figure)[0]!.y, values);
    assertEquals((figure.layout["yaxis"] as Axis).tickvals, undefined);
  }
});
