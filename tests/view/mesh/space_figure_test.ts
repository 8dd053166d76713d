import { boxCrop } from "@/lib/data/maps/crop.ts";
import { bakePositionMap } from "@/lib/data/maps/position_map.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { spaceFigure } from "@/lib/view/mesh/space_figure.ts";
import { spaceScene } from "@/lib/view/mesh/space_scene.ts";
import { drawSpace } from "@/lib/view/mesh/space_still.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

const size = 96;

/** The built-in face at rest in a gray photo. */
function mappedFace(): TrackedFace {
  const { mean, surface, surfaceVertices } = builtInFace();
  const rotation = poseRotation({ pitch: 0, yaw: 0.2, roll: 0 });
  const placed = placeInImage(mean, { rotation, scale: 2.8, translation: [size / 2, 0.42 * size, 0] });
  const vertices = Float32Array.from(
    { length: 3 * surfaceVertices.length },
    (_, i) => placed[3 * surfaceVertices[Math.floor(i / 3)]! + i % 3]!,
  );
  const map = bakePositionMap(uvLayout(surface, size), vertices);
  return { photo: { width: size, height: size, rgb: new Uint8Array(3 * size * size).fill(120) }, map, surface };
}

const face = mappedFace();
const figure = spaceFigure(face);

interface Trace {
  readonly type: string;
  readonly mode?: string;
  readonly x: number[];
  readonly y: number[];
  readonly z: number[];
  readonly vertexcolor?: string[];
}

Deno.test("spaceFigure() has each landmark on the face and, at the same x and y, on the photo", () => {
  const [, , , onFace, onFloor] = figure.data as unknown as [Trace, Trace, Trace, Trace, Trace];
  assertEquals([onFace.x.length, onFloor.x.length], [68, 68]);
  assertAllClose(onFloor.x, onFace.x, 0);
  assertAllClose(onFloor.z, onFace.z, 0); // Plotly's z has the photo's y
  assert(Math.max(...onFloor.y) < 5 && Math.min(...onFace.y) > 40);
  const landmarks = spaceScene(face).landmarks;
  assertAllClose(onFace.x, onFace.x.map((_, i) => landmarks[3 * i]!), 0.051);
  assertAllClose(onFace.y, onFace.x.map((_, i) => landmarks[3 * i + 2]!), 0.051);
});

Deno.test("spaceFigure() is small enough for a notebook, and labels its axes", () => {
  const { data, layout } = figure;
  const length = JSON.stringify({ data, layout }).length;
  assert(length < 400_000, `${length} characters`);
  const scene = layout["scene"] as Record<string, { readonly title: { readonly text: string } }>;
  assertEquals(["xaxis", "yaxis", "zaxis"].map((axis) => scene[axis]!.title.text[0]), ["x", "z", "y"]);
});

Deno.test("the photo of a scene has the face's silhouette on it, and nothing else changed", () => {
  const { floor, landmarks } = spaceScene(face);
  const isMarked = (x: number, y: number) => floor.rgb[3 * (Math.floor(y) * size + Math.floor(x))] !== 120;
  for (const inside of [30, 33, 39, 42]) assert(isMarked(landmarks[3 * inside]!, landmarks[3 * inside + 1]!));
  assert(!isMarked(1, 1) && !isMarked(size - 1, size - 1));
});

Deno.test("spaceScene() colors the face from all of the photo that its crop was cut from", () => {
  const side = 2 * size, photo = { width: side, height: side, rgb: new Uint8Array(3 * side * side) };
  for (let i = 0; i < photo.rgb.length; i += 3) photo.rgb[i] = 200;
  const crop = boxCrop({ left: size / 2, top: size / 2, width: size, height: size }, { margin: 1 });
  const [colors, ofCrop] = [{ ...face, cutFrom: { photo, crop } }, face].map((tracked) => spaceScene(tracked).colors);
  const shown = [...ofCrop!.keys()].filter((i) => ofCrop![i]! > 0); // vertices of no triangle have no color
  assert(shown.length > ofCrop!.length / 2);
  for (const i of shown) assert(i % 3 === 0 ? colors![i]! > 150 : colors![i]! < 50, `${colors![i]}`);
});

Deno.test("drawSpace() of the view from the front puts the face over its place in the photo, upright", () => {
  const scene = spaceScene(face);
  const { photo, place } = drawSpace(scene, { towards: [0, 0, 1] });
  const points = place(
    Float32Array.from([0, 0, 0, size, 0, 0, 0, size, 0, size / 2, size / 2, 0, size / 2, size / 2, 90]),
  );
  const [topLeft, topRight, bottomLeft, back, front] = [0, 1, 2, 3, 4].map((i) => points.subarray(3 * i, 3 * i + 2));
  assert(topRight![0]! > topLeft![0]! && bottomLeft![1]! > topLeft![1]!);
  assertAllClose(back!, front!, 1e-3);
  const [x, y] = [...front!].map(Math.floor) as [number, number];
  assertEquals([...photo.rgb.subarray(3 * (2 * photo.width + 2), 3 * (2 * photo.width + 2) + 3)], [255, 255, 255]);
  assert(photo.rgb[3 * (y * photo.width + x)]! < 140);
});

Deno.test("spaceFigure() has a still: an SVG that names its axes and holds the picture", async () => {
  const still = await figure.drawStill() as string;
  for (const name of ["x", "y", "z"]) assert(still.includes(`>${name} in pixels</text>`));
  assert(/<image [^>]*href="data:image\/jpeg;base64,[\w+/=]+"\/>/.test(still));
  assert(still.length < 200_000, `${still.length} characters`);
});
