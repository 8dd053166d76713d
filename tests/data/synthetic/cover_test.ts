import { coverableParts, coverPart } from "@/lib/data/synthetic/cover.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { keyLandmarks, landmarkBox } from "@/lib/face/landmarks.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const SIZE = 64;
const face = drawnSource(builtInFace(), { seed: 7, imageSize: SIZE, augment: false }).sample(16, "test");

/** Whether the pixel in which a landmark lies differs from before. */
function isCovered(rgb: Uint8Array, landmark: number): boolean {
  const [x, y] = [face.landmarks[3 * landmark]!, face.landmarks[3 * landmark + 1]!];
  const k = 3 * (Math.floor(y) * SIZE + Math.floor(x));
  return [0, 1, 2].some((c) => rgb[k + c] !== face.image.rgb[k + c]);
}

Deno.test("coverPart() covers every landmark of the part, little else, and not the image that it was given", () => {
  const before = face.image.rgb.slice();
  const examples = { eyes: { inside: [37, 46], outside: [8, 57] }, mouth: { inside: [51, 57], outside: [37, 8] } };
  for (const [part, { inside, outside }] of Object.entries(examples)) {
    const { rgb } = coverPart(face, part as "eyes" | "mouth");
    assert(inside.every((landmark) => isCovered(rgb, landmark)), part);
    assert(!outside.some((landmark) => isCovered(rgb, landmark)), part);
  }
  const side = coverPart(face, "one side").rgb;
  const sides = [[36, 48], [45, 54]] as const; // corners of eyes and mouth, as the viewer sees them
  const away = ([corner]: typeof sides[number]) => Math.abs(face.landmarks[3 * corner]! - face.landmarks[3 * 30]!);
  const [narrow, wide] = sides.toSorted((a, b) => away(a) - away(b));
  assert(
    wide!.every((landmark) => isCovered(side, landmark)) && !narrow!.some((landmark) => isCovered(side, landmark)),
  );
  assertEquals(face.image.rgb, before);
});

Deno.test("coverPart() covers the wider side of a face that is turned away, with most of its landmarks", () => {
  const source = drawnSource(builtInFace(), { seed: 7, imageSize: SIZE, augment: false });
  const turned = Array.from({ length: 32 }, (_, i) => source.sample(i, "test")).filter(({ landmarks }) => {
    const { left, width } = landmarkBox(landmarks), nose = landmarks[3 * keyLandmarks.noseTip]!;
    return Math.min(nose - left, left + width - nose) < 0.15 * width;
  });
  assert(turned.length > 3, `${turned.length} in profile`);
  for (const { image, landmarks } of turned) {
    const { rgb } = coverPart({ image, landmarks }, "one side");
    const changed = rgb.filter((value, i) => value !== image.rgb[i]).length / rgb.length;
    const { width, height } = landmarkBox(landmarks);
    assert(changed > 0.5 * width * height / SIZE ** 2, `${changed} of the image`);
  }
});

Deno.test("coverPart() gives the same each time, for every part", () => {
  for (const part of coverableParts) assertEquals(coverPart(face, part).rgb, coverPart(face, part).rgb);
});
