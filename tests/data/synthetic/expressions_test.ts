import { randomExpression } from "@/lib/data/synthetic/expressions.ts";
import { componentName } from "@/lib/face/expression_names.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

const names = builtInFace().expressionNames;
const draws = Array.from({ length: 400 }, (_, seed) => randomExpression(new Random(seed), names));

Deno.test("randomExpression() stays from 0 to 1 and uses every expression", () => {
  assert(draws.every((amounts) => amounts.every((amount) => amount >= 0 && amount <= 1)));
  names.forEach((name, m) => assert(draws.some((amounts) => amounts[m]! > 0.1), name));
});

Deno.test("randomExpression() turns both eyes the same way", () => {
  const at = (name: string) => names.indexOf(name);
  for (const amounts of draws) {
    assertClose(amounts[at("eyeLookOut_L")]!, amounts[at("eyeLookIn_R")]!, 1e-6);
    assertClose(amounts[at("eyeLookIn_L")]!, amounts[at("eyeLookOut_R")]!, 1e-6);
    assertClose(amounts[at("eyeLookUp_L")]!, amounts[at("eyeLookUp_R")]!, 1e-6);
  }
});

Deno.test("randomExpression() has principal components on both sides of the mean, more or less of all", () => {
  const names = ["jawOpen", ...Array.from({ length: 20 }, (_, mode) => componentName(mode))];
  const draws = Array.from({ length: 400 }, (_, seed) => randomExpression(new Random(seed), names));
  for (const m of names.keys()) {
    const values = draws.map((amounts) => amounts[m]!), mean = values.reduce((sum, value) => sum + value) / 400;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 400);
    if (m === 0) assert(Math.min(...values) >= 0 && mean > 0, "the jaw");
    else assert(Math.abs(mean) < 0.15 && deviation > 0.5 && deviation < 0.9, `${names[m]}: ${mean}, ${deviation}`);
  }
  const strengths = draws.map((amounts) => Math.hypot(...amounts.subarray(1)));
  assert(Math.min(...strengths) < 0.3 && Math.max(...strengths) > 4, `${Math.min(...strengths)}`);
});

Deno.test("randomExpression() takes a model without the expressions that it knows", () => {
  assertEquals(randomExpression(new Random(1), ["frown"]).length, 1);
  assertEquals(randomExpression(new Random(1), []).length, 0);
});
