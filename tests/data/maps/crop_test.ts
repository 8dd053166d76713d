import fc from "@/tests/fast_check.ts";
import {
  boxCrop,
  boxMiddle,
  CROP_MARGIN,
  cropMiddle,
  cropPhoto,
  cropToImage,
  imageToCrop,
  landmarkCrop,
} from "@/lib/data/maps/crop.ts";
import { landmarkBox } from "@/lib/face/landmarks.ts";
import type { Photo } from "@/lib/types.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";

const coordinate = fc.float({ min: -500, max: 500, noNaN: true });
const crops = fc.record({ left: coordinate, top: coordinate, side: fc.float({ min: 1, max: 1000, noNaN: true }) });
const points = (dimensions: number) =>
  fc.array(coordinate, { minLength: 68 * dimensions, maxLength: 68 * dimensions }).map((xs) => new Float32Array(xs));

Deno.test("cropToImage() undoes imageToCrop(), also for points outside the crop and with `out` as the input", () => {
  fc.assert(fc.property(points(3), crops, fc.constantFrom(64, 256), (points, crop, size) => {
    const tolerance = FLOAT32_TOLERANCE * 1000 * (1 + 1000 / crop.side);
    assertAllClose(cropToImage(imageToCrop(points, { crop, size }), { crop, size }), points, tolerance);
    const inPlace = points.slice();
    assertEquals(imageToCrop(inPlace, { crop, size }, inPlace) === inPlace, true);
    assertAllClose(inPlace, imageToCrop(points, { crop, size }), 0);
  }));
});

Deno.test("imageToCrop() takes the crop's corners to 0 and size, and scales z as x and y", () => {
  const crop = { left: 10, top: 20, side: 50 };
  const corners = new Float32Array([10, 20, 0, 60, 70, 5]);
  assertAllClose(imageToCrop(corners, { crop, size: 100 }), [0, 0, 0, 100, 100, 10], FLOAT32_TOLERANCE * 100);
});

Deno.test("landmarkCrop() is margin times the longer side of the landmarks' box, about its center", () => {
  fc.assert(
    fc.property(fc.constantFrom(2, 3).chain(points), fc.float({ min: 1, max: 2, noNaN: true }), (points, margin) => {
      const box = landmarkBox(points);
      fc.pre(Math.max(box.width, box.height) > 0);
      const crop = landmarkCrop(points, { margin });
      assertClose(crop.side, margin * Math.max(box.width, box.height), 1e-6);
      assertClose(crop.left + crop.side / 2, box.left + box.width / 2, 1e-6);
      assertAllClose(cropMiddle(crop), boxMiddle(box), 1e-6);
      assertClose(boxMiddle(box)[1], box.top + box.height / 2, 0);
      assertClose(crop.top + crop.side / 2, box.top + box.height / 2, 1e-6);
      for (let i = 0; i < points.length; i += points.length / 68) {
        assert(points[i]! >= box.left && points[i]! <= box.left + box.width);
        assert(points[i + 1]! >= box.top && points[i + 1]! <= box.top + box.height);
      }
    }),
  );
});

Deno.test("boxCrop() and landmarkBox() refuse a box without a size, and landmarks of another number", async () => {
  for (const width of [0, NaN, Infinity]) {
    await assertThrows(
      () => boxCrop({ left: 0, top: 0, width, height: 0 }, { margin: CROP_MARGIN }),
      RangeError,
      /box/,
    );
  }
  await assertThrows(() => landmarkBox(new Float32Array(67 * 3)), TypeError, /201 numbers/);
});

/** A black photo with a soft white dot, and where the dot's center is found in a picture. */
function dotPhoto(width: number, height: number, [x, y]: readonly [number, number], radius: number): Photo {
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const distance = Math.hypot(i % width + 0.5 - x, Math.floor(i / width) + 0.5 - y);
    rgb.fill(Math.round(255 * Math.exp(-((distance / radius) ** 2))), 3 * i, 3 * i + 3);
  }
  return { width, height, rgb };
}

function dotCenter({ width, rgb }: Photo): [number, number] {
  let [x, y, sum] = [0, 0, 0];
  for (let i = 0; i < rgb.length / 3; i++) {
    x += rgb[3 * i]! * (i % width + 0.5);
    y += rgb[3 * i]! * (Math.floor(i / width) + 0.5);
    sum += rgb[3 * i]!;
  }
  return [x / sum, y / sum];
}

Deno.test("cropPhoto() puts a dot where imageToCrop() puts its center, to a tenth of a pixel, larger and smaller", () => {
  const unit = fc.float({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(unit, unit, fc.float({ min: 40, max: 400, noNaN: true }), (left, top, side) => {
      const dot: [number, number] = [100.3 + left, 90.8 + top];
      const radius = side / 12;
      const photo = dotPhoto(200, 180, dot, Math.min(radius, 15));
      const crop = { left: dot[0] - side * (0.3 + 0.4 * left), top: dot[1] - side * (0.3 + 0.4 * top), side };
      const size = 96;
      const [x, y] = imageToCrop(new Float32Array([...dot, 0]), { crop, size });
      const found = dotCenter(cropPhoto(photo, crop, size));
      assertClose(found[0], x!, 0.1);
      assertClose(found[1], y!, 0.1);
    }),
    { numRuns: 40 },
  );
});

Deno.test("cropPhoto() copies where nothing is scaled", () => {
  const photo = dotPhoto(8, 8, [4, 4], 4);
  assertEquals([...cropPhoto(photo, { left: 0, top: 0, side: 8 }, 8).rgb], [...photo.rgb]);
});

Deno.test("cropPhoto() is bilinear between pixel centers, and black outside the photo", () => {
  const photo: Photo = { width: 5, height: 4, rgb: Uint8Array.from({ length: 60 }, (_, i) => 37 * i + 60) };
  const pixel = (column: number, row: number, channel: number) =>
    column < 0 || row < 0 || column >= 5 || row >= 4 ? 0 : photo.rgb[3 * (row * 5 + column) + channel]!;
  const offset = fc.integer({ min: -64, max: 64 }).map((eighth) => eighth / 8);
  fc.assert(fc.property(offset, offset, fc.constantFrom(2, 4, 8), (left, top, side) => {
    const { rgb } = cropPhoto(photo, { left, top, side }, 8);
    for (let i = 0; i < rgb.length; i++) {
      const [column, row] = [Math.floor(i / 3) % 8, Math.floor(i / 24)];
      const [x, y] = [left + (column + 0.5) * side / 8 - 0.5, top + (row + 0.5) * side / 8 - 0.5];
      const [x0, y0] = [Math.floor(x), Math.floor(y)];
      let expected = 0;
      for (const [dx, dy] of [[0, 0], [1, 0], [0, 1], [1, 1]] as const) {
        const weight = (1 - Math.abs(x - x0 - dx)) * (1 - Math.abs(y - y0 - dy));
        expected += weight * pixel(x0 + dx, y0 + dy, i % 3);
      }
      assertClose(rgb[i]!, expected, 0.5 + 1e-9);
    }
  }));
});

Deno.test("cropPhoto() averages a fine checkerboard to gray where it shrinks it", () => {
  const rgb = Uint8Array.from({ length: 3 * 128 * 128 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return (pixel + Math.floor(pixel / 128)) % 2 * 255;
  });
  for (const side of [50.5, 77.7, 100, 127]) {
    const small = cropPhoto({ width: 128, height: 128, rgb }, { left: 0.25, top: 0.7, side }, 16);
    for (const value of small.rgb) assertClose(value, 127.5, 30);
  }
});

Deno.test("cropPhoto() shows a photo as small as it is in a crop far larger, of whatever size", () => {
  const photo = { width: 40, height: 30, rgb: new Uint8Array(3 * 40 * 30).fill(255) };
  for (const side of [1e3, 1e4, 1e12, 1e30, 1e300]) {
    const { rgb } = cropPhoto(photo, { left: -side / 2, top: -side / 2, side }, 64);
    const white = rgb.reduce((sum, value) => sum + value, 0) / (3 * 255);
    assertClose(white, photo.width * photo.height * (64 / side) ** 2, 0.05); // bytes are rounded
  }
});
