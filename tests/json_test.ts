import fc from "@/tests/fast_check.ts";
import { jsonOf } from "@/lib/json.ts";
import { assert, assertEquals } from "@/tests/support.ts";

function faultOf(text: string, parse: (text: string) => unknown): string {
  try {
    parse(text);
  } catch (error) {
    assert(error instanceof SyntaxError);
    return error.message;
  }
  return "";
}

Deno.test("jsonOf() says what people write wrongly into JSON, where, and what is wanted there", () => {
  const faults: Readonly<Record<string, string>> = {
    "": "it ends in line 1, column 1, wanted a value",
    '{"a": [1, 2],\n "b": 3,\n}': 'line 3, column 1 has }, wanted a name in "quotes"',
    '["é😀", 1 2]': "line 1, column 10 has 2, wanted a comma or ]",
    '{"a" 1}': "line 1, column 6 has 1, wanted a colon",
    "{'a': 1}": `line 1, column 2 has ', wanted a name in "quotes" or }`,
    "[0.5, NaN]": "line 1, column 7 has NaN, wanted a value",
    '{"mesh": "C:\\head.obj"}': "line 1, column 13 has \\, wanted \\\\ for a backslash",
    '["a\n"]': `line 1, column 4 has a line's end, wanted "`,
    '\ufeff{"a": 1,}': 'line 1, column 9 has }, wanted a name in "quotes"',
    "[1\u001b]": "line 1, column 3 has U+001B, wanted a comma or ]",
    "[\u200b]": "line 1, column 2 has U+200B, wanted a value or ]",
    '{}\n{"a": 1}': "line 2, column 1 has {, wanted nothing more",
  };
  for (const [text, fault] of Object.entries(faults)) assertEquals(faultOf(text, jsonOf), `it is no JSON: ${fault}`);
  assertEquals(jsonOf('\ufeff{"a": 1}'), { a: 1 });
});

Deno.test("jsonOf() finds the fault where the parser does, where that says so", () => {
  const damaged = fc.json({ maxDepth: 4 }).chain((json) =>
    fc.record({
      text: fc.constantFrom(json, JSON.stringify(JSON.parse(json), null, 1)),
      at: fc.nat(),
      put: fc.constantFrom("", ",", "}", "]", ":", '"', "\\", "x", "7", "\n", "{"),
    })
  );
  let found = 0;
  fc.assert(fc.property(damaged, ({ text, at, put }) => {
    const place = at % (text.length + 1);
    const changed = text.slice(0, place) + put + text.slice(place + 1);
    const [expected, actual] = [JSON.parse, jsonOf].map((parse) => faultOf(changed, (text) => parse(text)));
    assertEquals(actual === "", expected === "");
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(expected!) ?? [];
    if (line === undefined || /number|escape|Unterminated|Unexpected string/.test(expected!)) return; // told from within a word
    assert(new RegExp(`line ${line}, column ${column}\\b`).test(actual!), [changed, expected, actual].join("\n"));
    found++;
  }));
  assert(found > 10);
});
