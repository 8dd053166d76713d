import { crc32c, mask, maskedCrc32c } from "@/lib/formats/crc32c.ts";
import { Random } from "@/lib/random.ts";
import { assertEquals } from "@/tests/support.ts";

Deno.test("crc32c() gives the examples of RFC 3720, appendix B.4", () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  const examples: [Uint8Array, number][] = [
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
    [ascending, 0x46dd794e],
    [ascending.toReversed(), 0x113fdb5c],
  ];
  for (const [bytes, crc] of examples) assertEquals(crc32c(bytes), crc);
});

/** Polynomial division, a bit at a time. */
function bitwise(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

Deno.test("crc32c() agrees with division bit by bit at every length and place, whole or in two parts", () => {
  const random = new Random("crc");
  const bytes = Uint8Array.from({ length: 100 }, () => random.integer(0, 255));
  for (let start = 0; start < 9; start++) {
    for (let end = start; end <= bytes.length; end++) {
      const part = bytes.subarray(start, end);
      const expected = bitwise(part);
      assertEquals(crc32c(part), expected);
      const cut = random.integer(0, part.length);
      assertEquals(crc32c(part.subarray(cut), crc32c(part.subarray(0, cut))), expected);
    }
  }
});

Deno.test("maskedCrc32c() is undone by LevelDB's unmasking", () => {
  const bytes = new TextEncoder().encode("foo");
  const rotated = (maskedCrc32c(bytes) - 0xa282ead8) >>> 0;
  assertEquals(((rotated >>> 17) | (rotated << 15)) >>> 0, crc32c(bytes));
  assertEquals(mask(crc32c(bytes)), maskedCrc32c(bytes));
});
