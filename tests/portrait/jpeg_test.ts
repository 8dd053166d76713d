import sharp from "sharp";
import { compressAsJpeg } from "@/lib/portrait/jpeg.ts";
import { Random } from "@/lib/random.ts";
import type { Photo } from "@/lib/types.ts";
import { assert, assertThrows } from "@/tests/support.ts";

function smoothPhoto(width: number, height: number): Photo {
  const random = new Random("jpeg");
  const waves = Array.from({ length: 9 }, () => [random.uniform(0, 0.2), random.uniform(0, 0.2), random.uniform(0, 6)]);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i++) {
    const p = Math.floor(i / 3), x = p % width, y = Math.floor(p / width);
    let value = 128;
    for (let k = i % 3; k < 9; k += 3) {
      const [a, b, c] = waves[k]!;
      value += 36 * Math.sin(a! * x + b! * y + c!);
    }
    rgb[i] = value;
  }
  return { width, height, rgb };
}

/** In luma: decoders interpolate chroma differently. */
function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 3) {
    sum += Math.abs(0.299 * (a[i]! - b[i]!) + 0.587 * (a[i + 1]! - b[i + 1]!) + 0.114 * (a[i + 2]! - b[i + 2]!));
  }
  return 3 * sum / a.length;
}

Deno.test("compressAsJpeg() changes a picture as a real JPEG of that quality does", async () => {
  for (const [quality, width, height] of [[90, 64, 48], [50, 64, 64], [15, 50, 37]] as const) {
    const original = smoothPhoto(width, height);
    const ours = { ...original, rgb: original.rgb.slice() };
    compressAsJpeg(ours, { quality });
    const raw = sharp(original.rgb, { raw: { width, height, channels: 3 } });
    const file = await raw.jpeg({ quality, chromaSubsampling: "4:2:0", mozjpeg: false }).toBuffer();
    const real = new Uint8Array(await sharp(file).raw().toBuffer());
    const [loss, apart] = [meanDifference(real, original.rgb), meanDifference(ours.rgb, real)];
    assert(apart < 0.2 * loss + 0.5, `quality ${quality}: real JPEG loses ${loss}, ours is ${apart} from it`);
  }
});

Deno.test("compressAsJpeg() with blocks that begin outside changes a picture as a crop of a real JPEG", async () => {
  const [quality, width, height, left, top] = [40, 50, 37, 6, 10];
  const whole = smoothPhoto(width + left, height + top), row = 3 * (width + left);
  for (let y = 0; y < height + top; y++) { // whose edges repeat, as ours do
    for (let x = 0; x < width + left; x++) {
      const from = Math.max(y, top) * row + 3 * Math.max(x, left);
      whole.rgb.copyWithin(y * row + 3 * x, from, from + 3);
    }
  }
  const crop = (rgb: Uint8Array) =>
    Uint8Array.from(
      { length: 3 * width * height },
      (_, i) => rgb[(Math.floor(i / (3 * width)) + top) * row + 3 * left + i % (3 * width)]!,
    );
  const ours = { width, height, rgb: crop(whole.rgb) };
  compressAsJpeg(ours, { quality, left, top });
  const raw = sharp(whole.rgb, { raw: { width: width + left, height: height + top, channels: 3 } });
  const file = await raw.jpeg({ quality, chromaSubsampling: "4:2:0", mozjpeg: false }).toBuffer();
  const real = crop(new Uint8Array(await sharp(file).raw().toBuffer()));
  const [loss, apart] = [meanDifference(real, crop(whole.rgb)), meanDifference(ours.rgb, real)];
  assert(apart < 0.2 * loss + 0.5, `real JPEG loses ${loss}, ours is ${apart} from it`);
  await assertThrows(() => compressAsJpeg(smoothPhoto(16, 16), { quality: 50, left: 3 }), RangeError, /3 and 0/);
});

Deno.test("compressAsJpeg() at quality 100 keeps a gray picture to a level or so", () => {
  const photo = smoothPhoto(32, 32);
  for (let i = 0; i < photo.rgb.length; i++) photo.rgb[i] = photo.rgb[i - i % 3]!;
  const before = photo.rgb.slice();
  compressAsJpeg(photo, { quality: 100 });
  assert(meanDifference(before, photo.rgb) < 0.6);
});

Deno.test("compressAsJpeg() refuses a quality that JPEG does not have", async () => {
  await assertThrows(() => compressAsJpeg(smoothPhoto(16, 16), { quality: 0 }), RangeError, /quality 0/);
});
