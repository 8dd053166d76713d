import { sidedNames } from "@/lib/face/expression_names.ts";
import { arkitNames, liveLinkHeader, liveLinkRow } from "@/lib/export/live_link.ts";
import { assertEquals } from "@/tests/support.ts";

Deno.test("sidedNames() calls each of ARKit's expressions as liveLinkRow() looks for it", () => {
  const names = arkitNames.map((name) => `${name[0]!.toLowerCase()}${name.slice(1)}`); // as in files
  const expressions = names.map((_, i) => (i + 1) / 100);
  const cells = liveLinkRow({ time: 0, names: sidedNames(names), expressions, pose: undefined }).split(",");
  const told = arkitNames.map((name) => Number(cells[liveLinkHeader().split(",").indexOf(name)]));
  assertEquals(told, expressions);
});

Deno.test("sidedNames() leaves names as they are that are sided already, say a direction, or would be there twice", () => {
  for (
    const names of [
      ["eyeBlink_L", "eyeBlink_R", "jawOpen"],
      ["jawLeft", "jawRight", "mouthLeft", "mouthRight"],
      ["Left", "expression 3"],
      ["mouthSmileLeft", "mouthSmile_L"],
    ]
  ) {
    assertEquals(sidedNames(names), names);
  }
});
