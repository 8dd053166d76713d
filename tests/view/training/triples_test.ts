import fc from "@/tests/fast_check.ts";
import { smoothOutline } from "@/lib/geometry/close_holes.ts";
import { assertClose, assertEquals } from "@/tests/support.ts";
import { drawLandmarks, overlayMesh, positionMapPicture } from "@/lib/view/drawing/draw.ts";
import { mapTriple, overlayTriple } from "@/lib/view/training/triples.ts";
import { enlargePhoto, joinPhotos, stackPhotos } from "@/lib/view/drawing/join_photos.ts";
import { Random } from "@/lib/random.ts";
import type { Photo } from "@/lib/types.ts";

function noise(seed: number, width: number, height: number): Photo {
  const random = new Random(seed);
  return { width, height, rgb: Uint8Array.from({ length: 3 * width * height }, () => random.integer(0, 255)) };
}

function cutOut({ width: full, rgb }: Photo, left: number, { width, height }: Photo): number[] {
  return Array.from({ length: height }, (_, row) => {
    const from = 3 * (row * full + left);
    return [...rgb.subarray(from, from + 3 * width)];
  }).flat();
}

Deno.test("joinPhotos() holds each picture, in order, with white between and below", () => {
  const side = fc.integer({ min: 1, max: 9 });
  fc.assert(fc.property(fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 4 }), fc.nat(5), (sizes, gap) => {
    const photos = sizes.map(([width, height], i) => noise(i, width, height));
    const joined = joinPhotos(photos, { gap });
    assertEquals(joined.height, Math.max(...photos.map((photo) => photo.height)));
    let left = 0;
    let inside = 0;
    for (const photo of photos) {
      assertEquals(cutOut(joined, left, photo), [...photo.rgb]);
      left += photo.width + gap;
      inside += photo.rgb.reduce((sum, value) => sum + 255 - value, 0);
    }
    assertEquals(joined.width, left - gap);
    assertEquals(joined.rgb.reduce((sum, value) => sum + 255 - value, 0), inside);
  }));
});

Deno.test("stackPhotos() is joinPhotos() with columns for rows", () => {
  const turned = ({ width, height, rgb }: Photo): Photo => ({
    width: height,
    height: width,
    rgb: rgb.map((_, i) => {
      const [row, column] = [Math.floor(i / (3 * height)), Math.floor(i / 3) % height];
      return rgb[3 * (column * width + row) + i % 3]!;
    }),
  });
  const photos = [noise(1, 5, 3), noise(2, 4, 7), noise(3, 9, 1)];
  assertEquals(stackPhotos(photos, { gap: 2 }), turned(joinPhotos(photos.map(turned), { gap: 2 })));
});

Deno.test("enlargePhoto() keeps straight ramps straight, edges level, and a factor of 1 unchanged", () => {
  const photo: Photo = {
    width: 8,
    height: 6,
    rgb: Uint8Array.from(
      { length: 144 },
      (_, i) => [10 + 12 * (Math.floor(i / 3) % 8), 30 * Math.floor(i / 24), 7][i % 3]!,
    ),
  };
  assertEquals(enlargePhoto(photo, 1), photo);
  const { width, height, rgb } = enlargePhoto(photo, 3);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const clamp = (value: number, last: number) => Math.min(last, Math.max(0, value));
      const across = clamp((column + 0.5) / 3 - 0.5, 7);
      const down = clamp((row + 0.5) / 3 - 0.5, 5);
      const k = 3 * (row * width + column);
      assertClose(rgb[k]!, 10 + 12 * across, 0.51);
      assertClose(rgb[k + 1]!, 30 * down, 0.51);
      assertEquals(rgb[k + 2], 7);
    }
  }
});

Deno.test("mapTriple() is input, true map and predicted map; small ones are enlarged together", () => {
  for (const [size, panel] of [[256, 256], [100, 300]] as const) {
    const input = noise(1, size, size);
    const [truth, prediction] = [2, 3].map((seed) => ({
      size,
      positions: new Float32Array(noise(seed, size, size).rgb),
    })) as [{ size: number; positions: Float32Array }, { size: number; positions: Float32Array }];
    const valid = Uint8Array.from({ length: size * size }, (_, i) => i % 5 === 0 ? 0 : 1);
    const triple = mapTriple({ input, truth, prediction, valid });
    assertEquals([triple.width, triple.height], [3 * panel + 8, panel]);
    [input, positionMapPicture(truth, valid), positionMapPicture(prediction, valid)].forEach((picture, i) => {
      const shown = enlargePhoto(picture, panel / size);
      assertEquals(cutOut(triple, i * (panel + 4), shown), [...shown.rgb]);
    });
  }
});

Deno.test("overlayTriple() is landmarks, true mesh and predicted mesh, with smooth outlines, on enlarged photos", () => {
  const input = noise(1, 128, 128);
  const landmarks = Float32Array.from({ length: 204 }, (_, i) => 20 + (i * 37) % 90);
  const truth = { positions: new Float32Array([9, 9, 0, 9, 90, 0, 90, 9, 0]), triangles: new Uint32Array([0, 1, 2]) };
  const prediction = { ...truth, positions: truth.positions.map((value) => value + 11) };
  const triple = overlayTriple({ input, landmarks, truth, prediction });
  const photo = enlargePhoto(input, 2);
  const twice = (positions: Float32Array) => positions.map((value) => 2 * value);
  [
    drawLandmarks(photo, twice(landmarks)),
    overlayMesh(photo, smoothOutline({ ...truth, positions: twice(truth.positions) })),
    overlayMesh(photo, smoothOutline({ ...truth, positions: twice(prediction.positions) })),
  ].forEach((picture, i) => assertEquals(cutOut(triple, 260 * i, picture), [...picture.rgb]));
});
