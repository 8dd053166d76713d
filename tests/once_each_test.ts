import { onceEach } from "@/lib/once_each.ts";
import { assertEquals } from "@/tests/support.ts";

Deno.test("onceEach() makes one result for each object, also where that is undefined", () => {
  const asked: string[] = [];
  const nameOf = onceEach(({ name }: { name?: string }) => {
    asked.push(String(name));
    return name;
  });
  const [anna, other, nobody] = [{ name: "anna" }, { name: "anna" }, {}];
  assertEquals([anna, other, nobody, anna, nobody].map(nameOf), ["anna", "anna", undefined, "anna", undefined]);
  assertEquals(asked, ["anna", "anna", "undefined"]);
});
