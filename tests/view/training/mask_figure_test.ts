import { decodePhoto } from "@/lib/data/files/images.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { publishedWeights } from "@/lib/train/mask.ts";
import { maskFigure } from "@/lib/view/training/mask_figure.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const model = builtInFace();

/** The pictures that a document holds, in order. */
async function pictures(svg: string) {
  const found = [...svg.matchAll(/base64,([^"]+)"/g)];
  return await Promise.all(found.map(([, base64]) => decodePhoto(Uint8Array.fromBase64(base64!))));
}

Deno.test("maskFigure() paints UV space in the legend's colors alone, white where there is no face", async () => {
  const { svg, caption } = await maskFigure(model.surface, { size: 64 });
  const fills = [...svg.matchAll(/<rect [^>]*fill="(#[0-9a-f]{6})"/g)].map(([, fill]) => fill);
  const [map] = await pictures(svg);
  const colors = new Set(Array.from({ length: 64 * 64 }, (_, i) => `#${map!.rgb.subarray(3 * i, 3 * i + 3).toHex()}`));
  assertEquals([...colors].filter((color) => color !== "#ffffff").sort(), fills.sort());
  assertEquals(caption.match(/\d+/g), ["16", "4", "4", "4", "3", "0"]);
});

Deno.test("maskFigure() says the weights it is given, and shares of the loss that follow from them", async () => {
  const onlyNeck = { ...publishedWeights, landmarks: 0, eyes: 0, nose: 0, mouth: 0, face: 0, neck: 5 };
  const shares = async (weights: typeof publishedWeights) =>
    [...(await maskFigure(model.surface, { size: 64, weights })).svg.matchAll(/>(\d+) %</g)].map(([, n]) => Number(n));
  assertEquals(await shares(onlyNeck), [0, 0, 0, 0, 0, 100]);
  const published = await shares(publishedWeights);
  assert(Math.abs(published.reduce((a, b) => a + b, 0) - 100) <= 3 && published[5] === 0, published.join());
});

Deno.test("maskFigure() colors the face it is given, and leaves what lies around it", async () => {
  const { image, map } = drawnSource(model, { seed: 5, imageSize: 64, augment: false }).sample(0, "train");
  const gray = { ...image, rgb: image.rgb.map(() => 128) };
  const [, face] = await pictures((await maskFigure(model.surface, { size: 64, face: { image: gray, map } })).svg);
  const changed = Array.from({ length: face!.width * face!.height }, (_, i) => i).filter((i) =>
    Math.max(...face!.rgb.subarray(3 * i, 3 * i + 3)) - Math.min(...face!.rgb.subarray(3 * i, 3 * i + 3)) > 20
  );
  const share = changed.length / (face!.width * face!.height);
  assert(share > 0.1 && share < 0.8, `${share}`);
});
