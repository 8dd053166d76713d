import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";
import { InputError } from "@/lib/errors.ts";
import { decodePhoto, encodeAnimatedWebp, encodeJpeg, encodePng, MOST_PHOTO_PIXELS } from "@/lib/data/files/images.ts";
import type { Photo } from "@/lib/types.ts";
import { orientations, orientedJpeg } from "@/tests/data/files/oriented.ts";
import { assert, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** 6 × 4 with a different color in each pixel. */
const photo: Photo = { width: 6, height: 4, rgb: Uint8Array.from({ length: 72 }, (_, i) => i * 3) };
const raw = { raw: { width: 6, height: 4, channels: 3 as const } };
const itsFile = { fileWidth: 6, fileHeight: 4, orientation: 1 };

Deno.test("decodePhoto() gives back what encodePng() wrote, from bytes and from a file", async () => {
  const png = await encodePng(photo);
  assertEquals(await decodePhoto(png), { ...photo, ...itsFile });
  const path = await Deno.makeTempFile({ suffix: ".png" });
  try {
    await Deno.writeFile(path, png);
    assertEquals(await decodePhoto(path), { ...photo, ...itsFile });
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

Deno.test("decodePhoto() turns a photo upright, whichever way its file has it, and says which", async () => {
  const shown: Photo = { width: 48, height: 32, rgb: new Uint8Array(3 * 48 * 32) };
  shown.rgb.forEach((_, i) => { // red at the upper left, blue at the lower right
    const [row, column] = [Math.floor(i / 3 / 48), Math.floor(i / 3) % 48];
    shown.rgb[i] = i % 3 === 0 ? 250 - 3 * row - 3 * column : i % 3 === 2 ? 4 * row + 2 * column : 60;
  });
  for (const expected of orientations) {
    const { orientation, fileWidth, fileHeight, ...photo } = await decodePhoto(await orientedJpeg(shown, expected));
    assertEquals([orientation, fileWidth, fileHeight, photo.width, photo.height], [expected, 48, 32, 48, 32]);
    photo.rgb.forEach((value, i) => assertClose(value, shown.rgb[i]!, 6, `byte ${i} of orientation ${expected}`));
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
  assertEquals(await decodePhoto(deep), { ...photo, ...itsFile });
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
  const heic = new TextEncoder().encode("\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
    avif = await sharp(photo.rgb, raw).avif().toBuffer();
  const refused: [Uint8Array, RegExp][] = [
    [gif, /, a picture in the format GIF; a whole JPEG/],
    [tiff, /, a picture in the format TIFF;/],
    [heic, /, a picture in the format HEIC;/],
    [avif, /, a picture in the format AVIF;/],
    [svg, /, in no format that is read; /],
  ];
  for (const [bytes, message] of refused) await assertThrows(() => decodePhoto(bytes), InputError, message);
  // what another release of libvips can read besides, images.ts has to block, too
  const readable = Object.entries(sharp.format).filter(([, { input }]) => Object.values(input).includes(true));
  assertEquals(readable.map(([name]) => name).sort(), [
    "gif",
    "heif",
    "jpeg",
    "png",
    "raw",
    "svg",
    "tiff",
    "vips",
    "webp",
  ]);
});

Deno.test("sharp opens no files itself, where images.ts is", async () => {
  await using folder = await temporaryFolder();
  for (const [name, bytes] of [["a.png", await encodePng(photo)], ["a.jpg", await encodeJpeg(photo)]] as const) {
    await Deno.writeFile(`${folder.path}/${name}`, bytes);
    await assertThrows(() => sharp(`${folder.path}/${name}`).metadata(), Error, /unsupported|blocked|not a known/);
  }
});

Deno.test("decodePhoto() reads on while a worker starts that can read, too", async () => {
  const bytes = await encodeJpeg(photo);
  const worker = new Worker(new URL("./slow_start_worker.ts", import.meta.url), { type: "module" });
  let isStarted = false;
  worker.onmessage = () => isStarted = true;
  while (!isStarted) await decodePhoto(bytes);
  worker.terminate();
});

/** A PNG's beginning: enough to tell its size. */
function pngOfSize(width: number, height: number, { depth = 8, interlaced = false } = {}): Uint8Array {
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([depth, 6, 0, 0, interlaced ? 1 : 0], 8);
  const chunk = (type: string, data: Uint8Array) => {
    const bytes = new Uint8Array(12 + data.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, data.length);
    bytes.set(new TextEncoder().encode(type), 4);
    bytes.set(data, 8);
    view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
    return bytes;
  };
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(new Uint8Array(9)))];
  return Uint8Array.from([0x89, ...new TextEncoder().encode("PNG\r\n\x1a\n"), ...parts.flatMap((part) => [...part])]);
}

Deno.test("decodePhoto() refuses more pixels than fit, fewer where it would need them all at once, and says how many", async () => {
  const size = async (bytes: Uint8Array, message: RegExp) =>
    await assertThrows(() => decodePhoto(bytes), InputError, message);
  await size(pngOfSize(20_000, 13_401), /20000 × 13401 pixels, of which at most 268 million are read/);
  await size(pngOfSize(20_000, 13_400), /^(?!.*million)/); // what follows is missing
  await size(pngOfSize(7_000, 5_360, { interlaced: true }), /interlaced PNG's at most 37 million/);
  await size(pngOfSize(7_000, 5_350, { interlaced: true }), /^(?!.*million)/);
  await size(pngOfSize(7_000, 2_700, { interlaced: true, depth: 16 }), /interlaced PNG's at most 18 million/);
  const large = sharp({ create: { width: 7_000, height: 6_500, channels: 3, background: "red" } });
  const webp = await large.clone().webp({ lossless: true, effort: 0 }).toBuffer();
  await size(webp, /a WebP's at most 37 million/);
  const progressive = await large.jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer();
  await size(progressive, /a progressive JPEG's at most 25 million/);
});

Deno.test("decodePhoto() reduces a large photo, upright, and says by how much", async () => {
  const half = { create: { width: 6000, height: 2000, channels: 3 as const, background: "red" } };
  const lower = await sharp(half).png({ compressionLevel: 1 }).toBuffer();
  const large = sharp({ create: { ...half.create, height: 4000, background: "blue" } })
    .composite([{ input: lower, left: 0, top: 2000 }]).withMetadata({ orientation: 6 });
  for (const bytes of [await large.clone().png({ compressionLevel: 1 }).toBuffer(), await large.jpeg().toBuffer()]) {
    const { width, height, rgb, fileWidth, fileHeight } = await decodePhoto(bytes);
    assert(width * height <= MOST_PHOTO_PIXELS && width * height > 0.99 * MOST_PHOTO_PIXELS);
    assertEquals([fileWidth, fileHeight], [4000, 6000]);
    assertClose(width / height, 4000 / 6000, 1e-3);
    const at = (x: number) => [...rgb.subarray(3 * (width * 50 + x), 3 * (width * 50 + x) + 3)].map((v) => v > 128);
    assertEquals([at(10), at(width - 10)], [[true, false, false], [false, false, true]]); // the lower half is now left
  }
});

Deno.test("decodePhoto() goes by what a file holds, not by its name, and takes the first picture of an animation", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/x.jpg`;
  await Deno.writeFile(path, await encodePng(photo));
  assertEquals(await decodePhoto(path), { ...photo, ...itsFile });
  const gray = (value: number) => ({ width: 8, height: 8, rgb: new Uint8Array(192).fill(value) });
  const { width, height, rgb } = await decodePhoto(
    await encodeAnimatedWebp([gray(200), gray(10)], { framesPerSecond: 5 }),
  );
  assertEquals([width, height, rgb.every((value) => value > 190)], [8, 8, true]);
  await Deno.writeFile(path, new Uint8Array());
  await assertThrows(() => decodePhoto(path), InputError, /^Cannot read .*x\.jpg: 0 bytes, /);
});

Deno.test("encodePng() refuses a photo whose bytes do not fit its size", async () => {
  await assertThrows(() => encodePng({ width: 2, height: 2, rgb: new Uint8Array(3) }), TypeError, /2 × 2/);
});
