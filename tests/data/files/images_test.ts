import sharp from "sharp";
import { InputError } from "@/lib/errors.ts";
import { decodePhoto, encodeJpeg, encodePng } from "@/lib/data/files/images.ts";
import type { Photo } from "@/lib/types.ts";
import { assert, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

/** 6 × 4 with a different color in each pixel. */
const photo: Photo = { width: 6, height: 4, rgb: Uint8Array.from({ length: 72 }, (_, i) => i * 3) };
const raw = { raw: { width: 6, height: 4, channels: 3 as const } };

Deno.test("decodePhoto() gives back what encodePng() wrote, from bytes and from a file", async () => {
  const png = await encodePng(photo);
  assertEquals(await decodePhoto(png), photo);
  const path = await Deno.makeTempFile({ suffix: ".png" });
  try {
    await Deno.writeFile(path, png);
    assertEquals(await decodePhoto(path), photo);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("decodePhoto() gives nearly back what encodeJpeg() wrote, and WebP", async () => {
  const large: Photo = { width: 32, height: 24, rgb: Uint8Array.from({ length: 3 * 32 * 24 }, (_, i) => i / 9) };
  const webp = await sharp(large.rgb, { raw: { width: 32, height: 24, channels: 3 } }).webp({ quality: 95 }).toBuffer();
  for (const bytes of [await encodeJpeg(large, { quality: 95 }), webp]) {
    const decoded = await decodePhoto(bytes);
    assertEquals([decoded.width, decoded.height], [32, 24]);
    decoded.rgb.forEach((value, i) => assertClose(value, large.rgb[i]!, 16));
  }
});

Deno.test("decodePhoto() turns a photo upright", async () => {
  const turned = await sharp(photo.rgb, raw).withMetadata({ orientation: 6 }).png().toBuffer(); // right side is the top
  const { width, height, rgb } = await decodePhoto(turned);
  assertEquals([width, height], [4, 6]);
  for (let row = 0; row < 6; row++) {
    for (let column = 0; column < 4; column++) {
      assertEquals(rgb[3 * (row * 4 + column)], photo.rgb[3 * ((3 - column) * 6 + row)]);
    }
  }
});

Deno.test("decodePhoto() lays what is transparent on white, and makes gray, 16 bits and CMYK to RGB", async () => {
  const clear = await sharp(new Uint8Array([9, 9, 9, 0, 9, 9, 9, 255]), { raw: { width: 2, height: 1, channels: 4 } })
    .png().toBuffer();
  assertEquals([...(await decodePhoto(clear)).rgb], [255, 255, 255, 9, 9, 9]);
  const gray = await sharp(new Uint8Array([7, 200]), { raw: { width: 2, height: 1, channels: 1 } })
    .toColorspace("b-w").png().toBuffer();
  assertEquals([...(await decodePhoto(gray)).rgb], [7, 7, 7, 200, 200, 200]);
  const deep = await sharp(photo.rgb, raw).toColorspace("rgb16").png().toBuffer();
  assertEquals((await sharp(deep).metadata()).depth, "ushort");
  assertEquals(await decodePhoto(deep), photo);
  const cmyk = await sharp(photo.rgb, raw).toColorspace("cmyk").jpeg().toBuffer();
  assertEquals((await decodePhoto(cmyk)).rgb.length, photo.rgb.length);
});

Deno.test("decodePhoto() refuses a picture that is cut anywhere", async () => {
  const large: Photo = { width: 40, height: 40, rgb: Uint8Array.from({ length: 4800 }, (_, i) => i * i) };
  const webp = await sharp(large.rgb, { raw: { width: 40, height: 40, channels: 3 } }).webp().toBuffer();
  for (const bytes of [await encodeJpeg(large), await encodePng(large), webp]) {
    for (let tenth = 0; tenth < 10; tenth++) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * tenth / 10));
      await assertThrows(() => decodePhoto(cut), InputError, /^Cannot read a picture: \d+ bytes, .*expected$/);
    }
  }
});

Deno.test("decodePhoto() names a file that is missing or no picture", async () => {
  await assertThrows(() => decodePhoto("/nowhere/x.jpg"), InputError, /^Cannot read \/nowhere\/x\.jpg: .*expected$/);
  const path = await Deno.makeTempFile({ suffix: ".jpg" });
  try {
    await Deno.writeTextFile(path, "not a picture");
    const error = await assertThrows(() => decodePhoto(path), InputError, /13 bytes/);
    assert(error.message.includes(path));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("decodePhoto() opens no other formats than JPEG, PNG and WebP", async () => {
  const gif = await sharp(photo.rgb, raw).gif().toBuffer();
  const tiff = await sharp(photo.rgb, raw).tiff().toBuffer();
  const svg = new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>");
  for (const bytes of [gif, tiff, svg]) await assertThrows(() => decodePhoto(bytes), InputError, /unsupported/);
});

Deno.test("decodePhoto() refuses more pixels than fit", async () => {
  const huge = await sharp({ create: { width: 20_000, height: 5_001, channels: 3, background: "red" } })
    .png({ compressionLevel: 1 }).toBuffer();
  await assertThrows(() => decodePhoto(huge), InputError, /pixel limit/);
});

Deno.test("encodePng() refuses a photo whose bytes do not fit its size", async () => {
  await assertThrows(() => encodePng({ width: 2, height: 2, rgb: new Uint8Array(3) }), TypeError, /2 × 2/);
});
