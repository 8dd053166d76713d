import fc from "@/tests/fast_check.ts";
import { lineStill } from "@/lib/view/figures/plotly_still.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

type Numbers = readonly (number | null)[];

function still(x: Numbers, y: Numbers, layout: Record<string, unknown> = {}, trace: Record<string, unknown> = {}) {
  const drawn = lineStill({ data: [{ type: "scatter", mode: "lines+markers", x, y, ...trace }], layout }, "A caption");
  assert(drawn !== undefined && !/NaN|Infinity|undefined|\[object/.test(drawn), drawn ?? "nothing was drawn");
  return drawn;
}

/** Centers of the markers, in pixels. */
function markers(svg: string): number[][] {
  return [...svg.matchAll(/<circle cx="([^"]+)" cy="([^"]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);
}

/** The elements' names in order; throws where they do not close as they opened. */
function elements(svg: string): string[] {
  const open: string[] = [], all: string[] = [];
  for (const [, slash, name, rest] of svg.matchAll(/<(\/?)(\w+)((?:"[^"]*"|[^>"])*)>/g)) {
    if (slash) assertEquals(open.pop(), name);
    else {
      all.push(name!);
      if (!rest!.endsWith("/")) open.push(name!);
    }
  }
  assertEquals(open, []);
  return all;
}

Deno.test("lineStill() puts points where a linear axis has them: equal steps apart, greater y higher", () => {
  const points = markers(still([0, 1, 2, 3], [10, 20, 30, 40]));
  assertEquals(points.length, 4);
  const steps = points.slice(1).map(([x, y], i) => [x! - points[i]![0]!, y! - points[i]![1]!]);
  for (const step of steps) assertAllClose(step, steps[0]!, 0.21); // pixels are rounded to tenths
  assert(steps[0]![0]! > 100 && steps[0]![1]! < -50);
});

Deno.test("a logarithmic axis of lineStill() puts equal ratios apart equally, and leaves out what has no logarithm", () => {
  const points = markers(still([0, 1, 2, 3, 4], [0.001, 0.01, 0.1, 0, -5], { yaxis: { type: "log" } }));
  assertEquals(points.length, 3);
  assertAllClose([points[0]![1]! - points[1]![1]!], [points[1]![1]! - points[2]![1]!], 0.21);
});

Deno.test("lineStill() is well-formed and stays inside its size, whatever the numbers", () => {
  const value = fc.oneof(
    fc.double({ min: -1e15, max: 1e15 }),
    fc.constantFrom(null, NaN, Infinity),
    fc.double({ min: -1, max: 1 }),
  );
  const type = fc.constantFrom("log", "linear");
  fc.assert(fc.property(fc.array(fc.tuple(value, value), { maxLength: 9 }), type, (pairs, type) => {
    const svg = still(pairs.map(([x]) => x), pairs.map(([, y]) => y), {
      width: 500,
      height: 300,
      xaxis: { title: "x" },
      yaxis: { type },
    });
    assertEquals(elements(svg).filter((name) => name === "svg").length, 2);
    for (const [cx, cy] of markers(svg)) assert(cx! >= 0 && cx! <= 500 && cy! >= 0 && cy! <= 300, `${cx}, ${cy}`);
  }));
});

Deno.test("a line of lineStill() is interrupted where there is no number", () => {
  const path = (y: Numbers) => /<path d="([^"]+)"/.exec(still([0, 1, 2, 3, 4], y))![1]!;
  assertEquals(path([1, 2, 3, 2, 1]).replaceAll(/[^ML]/g, ""), "MLLLL");
  assertEquals(path([1, 2, null, 2, 1]).replaceAll(/[^ML]/g, ""), "MLML");
});

Deno.test("lineStill() writes titles, ticks and the legend's names, and not those that are kept from it", () => {
  const layout = {
    title: { text: "Errors<br>by step" },
    xaxis: { title: { text: "step" }, tickvals: [0, 1, 9], ticktext: ["start", "end", "beyond"] },
    yaxis: { title: "a < b", range: [0, 100] },
  };
  const svg = still([0, 1], [20, 80], layout, { name: "68 points" });
  const written = texts(svg);
  const wanted = ["Errors by step", "step", "start", "end", "a &lt; b", "0", "20", "100", "68 points"];
  for (const text of wanted) assert(written.includes(text), `${text} is not among ${written}`);
  assert(!written.includes("beyond"));
  assert(svg.includes("<title>A caption</title>"));
  assert(!texts(still([0, 1], [20, 80], layout, { name: "68 points", showlegend: false })).includes("68 points"));
});

Deno.test("lineStill() does not draw what is not lines on one pair of axes", () => {
  const line = { type: "scatter", x: [1], y: [1] };
  for (const data of [[], [{ type: "mesh3d" }], [line, { type: "bar" }], [{ ...line, yaxis: "y2" }]]) {
    assertEquals(lineStill({ data, layout: {} }, ""), undefined);
  }
});
