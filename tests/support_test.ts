import { assertAllClose, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

function assertFails(call: () => void): Promise<Error> {
  return assertThrows(call, Error, /^Expected /);
}

Deno.test("assertClose() and assertAllClose() fail on NaN, on either side, and on other lengths", async () => {
  assertClose(1, 1.5, 0.5);
  await assertFails(() => assertClose(1, 1.6, 0.5));
  await assertFails(() => assertClose(NaN, 1, 1));
  await assertFails(() => assertClose(1, NaN, 1));
  assertAllClose(new Float32Array([1, 2]), [1, 2], 0);
  await assertFails(() => assertAllClose([1, 2], [1], 1));
  await assertFails(() => assertAllClose([1, NaN], [1, 2], 1));
});

Deno.test("assertEquals() looks into Maps, Sets, arrays and objects, and tells apart what JSON writes alike", async () => {
  const make = () => ({
    a: [1, NaN, -Infinity, undefined],
    b: new Map([["c", new Set([2n])]]),
    d: new Float32Array(2),
  });
  assertEquals(make(), make());
  const unlike: [unknown, unknown][] = [
    [NaN, null],
    [Infinity, -Infinity],
    [0, -0],
    [1, 2],
    ["1", 1],
    [undefined, null],
    [new Map([[1, 2]]), {}],
    [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([1]), new Set([2])],
    [{ a: undefined }, {}],
    [[1, 2], new Float32Array([1, 2])],
    [new Float32Array([1]), new Float64Array([1])],
    [new Date(1), new Date(2)],
    [[1, 2], [1]],
  ];
  for (const [a, b] of unlike) {
    await assertFails(() => assertEquals(a, b));
    await assertFails(() => assertEquals([{ a }], [{ a: b }]));
  }
  await assertThrows(() => assertEquals(new Map([["a", 1]]), {}), Error, /^Expected {}, got Map\(1\) { "a" => 1 }$/);
});

Deno.test("assertThrows() wants an error, of the class, with the message, and awaits a promise", async () => {
  const rejected = () => Promise.reject(new RangeError("too large"));
  await assertThrows(rejected, RangeError, /too large/);
  await assertThrows(() => assertThrows(() => 3, Error, /./), Error, /nothing was thrown/);
  await assertThrows(() => assertThrows(rejected, TypeError, /./), RangeError, /too large/);
  await assertThrows(() => assertThrows(rejected, RangeError, /small/), Error, /Expected a message like/);
});
