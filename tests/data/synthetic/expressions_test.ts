import { randomExpression } from "@/lib/data/synthetic/expressions.ts";
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

Deno.test("randomExpression() takes a model without the expressions that it knows", () => {
  assertEquals(randomExpression(new Random(1), ["frown"]).length, 1);
  assertEquals(randomExpression(new Random(1), []).length, 0);
});
