import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { Photo } from "@/lib/types.ts";
import { positionMapPicture } from "@/lib/view/drawing/draw.ts";
import { reconstructionPanel, trackingPanel } from "@/lib/view/drawing/tracking_panel.ts";
import { enlargePhoto } from "@/lib/view/drawing/join_photos.ts";
import { faceFigure, turningFace } from "@/lib/view/mesh/turning_face.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { builtInFaceSample } from "@/tests/view/faces.ts";

const face = await builtInFaceSample();

function cut({ width, rgb }: Photo, [left, top]: readonly [number, number], side: number): Photo {
  const rows = Array.from({ length: side }, (_, row) => {
    const from = 3 * ((top + row) * width + left);
    return [...rgb.subarray(from, from + 3 * side)];
  });
  return { width: side, height: side, rgb: Uint8Array.from(rows.flat()) };
}

/** Share of the values that differ by more than JPEG would make them. */
function difference(a: Photo, b: Photo): number {
  return a.rgb.filter((value, i) => Math.abs(value - b.rgb[i]!) > 8).length / a.rgb.length;
}

Deno.test("trackingPanel() has three pictures of the photo, in which landmarks, dots and mesh leave traces", () => {
  const { photo } = trackingPanel(face);
  assertEquals([photo.width, photo.height], [1208, 400]);
  const plain = enlargePhoto(face.photo, 400 / face.photo.width);
  const [sparse, dense, mesh] = [0, 404, 808].map((left) => difference(cut(photo, [left, 0], 400), plain));
  assert(sparse! > 0.005 && sparse! < 0.1, `landmarks change ${sparse}`);
  assert(dense! > 0.5, `dots, and dimming, change ${dense}`);
  assert(mesh! > 0.15 && mesh! < 0.8, `the mesh changes ${mesh}`);
});

Deno.test("trackingPanel() shows the same where the photo is larger than the map", () => {
  const larger = { ...face, photo: enlargePhoto(face.photo, 2) };
  assert(difference(trackingPanel(face).photo, trackingPanel(larger).photo) < 0.02);
});

Deno.test("reconstructionPanel() has the photo and its target above, as wide as the three below", () => {
  const { valid } = uvLayout(face.surface, face.map.size);
  const { photo } = reconstructionPanel({ ...face, target: face.map, valid });
  assertEquals([photo.width, photo.height], [962, 801]);
  assert(difference(cut(photo, [0, 0], 479), enlargePhoto(face.photo, 479 / 64)) === 0);
  const target = enlargePhoto(positionMapPicture(face.map, valid), 479 / 64);
  assert(difference(cut(photo, [483, 0], 479), target) === 0);
  const colored = cut(photo, [644, 483], 318);
  assertEquals([...colored.rgb.subarray(0, 3)], [244, 245, 247]);
  assert(colored.rgb.filter((value, i) => i % 3 === 2 && value < 200).length > 0.2 * 318 * 318, "there is no face");
});

Deno.test("turningFace() lasts as long as asked, and is small enough for a notebook", async () => {
  const video = turningFace(face, { seconds: 2, framesPerSecond: 10, size: 64 });
  assertEquals([video.frames.length, video.framesPerSecond, video.frames[0]!.width], [20, 10, 64]);
  const whole = turningFace(face, { seconds: 0.5 }); // an eighth of what it is by default
  const { length } = await whole.toWebp();
  assert(length < 400_000 / 8, `${length} bytes`);
});

Deno.test("faceFigure() is thinned for a notebook unless it is to hold every vertex", () => {
  const count = (options?: { vertexCount: number }) => (faceFigure(face, options).data[0]!["x"] as number[]).length;
  assert(count() <= 4_000);
  assert(count({ vertexCount: Infinity }) > 6_000);
});
