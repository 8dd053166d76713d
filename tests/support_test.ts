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

Deno.test("assertEquals() tells NaN and the infinities from null and from each other", async () => {
  assertEquals({ a: [1, NaN, -Infinity] }, { a: [1, NaN, -Infinity] });
  for (const [a, b] of [[NaN, null], [Infinity, -Infinity], [[NaN], [Infinity]], [1, 2], ["1", 1], [undefined, null]]) {
    await assertFails(() => assertEquals(a, b));
  }
});

Deno.test("assertThrows() wants an error, of the class, with the message, and awaits a promise", async () => {
  const rejected = () => Promise.reject(new RangeError("too large"));
  await assertThrows(rejected, RangeError, /too large/);
  await assertThrows(() => assertThrows(() => 3, Error, /./), Error, /nothing was thrown/);
  await assertThrows(() => assertThrows(rejected, TypeError, /./), RangeError, /too large/);
  await assertThrows(() => assertThrows(rejected, RangeError, /small/), Error, /Expected a message like/);
});
