import ort from "onnxruntime-node";
import { decodePhoto } from "@/lib/data/files/images.ts";
import { landmarkCrop } from "@/lib/data/maps/crop.ts";
import { landmarkBox } from "@/lib/face/landmarks.ts";
import { warpPhoto } from "@/lib/data/maps/warp.ts";
import { readAnnotated } from "@/tests/data/sets/read_annotated.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { readDetector } from "@/lib/export/detector.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { similarityAbout } from "@/lib/geometry/transforms.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { FaceDetector } from "@/lib/track/blazeface.ts";
import { boxOverlap } from "@/lib/track/detection.ts";
import { detectionCrop } from "@/lib/track/detection_crop.ts";
import type { Photo } from "@/lib/types.ts";
import { assert, assertEquals, sharedData } from "@/tests/support.ts";

const detector = new FaceDetector(await OnnxSession.open(ort, await readDetector()));
const samples = sharedData("aflw2000-3d/samples");

/** Pastes drawn faces, frontal to profile, into a gray picture side by side. */
function group(count: number, side: number): Photo {
  const source = drawnSource(builtInFace(), { seed: 5, imageSize: 128, augment: false });
  const picture = { width: count * side, height: side, rgb: new Uint8Array(3 * count * side * side).fill(128) };
  for (let i = 0; i < count; i++) {
    const { image } = source.sample(8 * i, "test");
    const small = warpPhoto(image, {
      transform: { rotation: 0, scale: side / 2 / 128, dx: side / 4, dy: side / 4 },
      width: side,
      height: side,
    });
    for (let row = side / 4; row < 3 * side / 4; row++) {
      const start = 3 * (row * side + side / 4), end = start + 3 * side / 2;
      picture.rgb.set(small.rgb.subarray(start, end), 3 * (row * picture.width + i * side + side / 4));
    }
  }
  return picture;
}

Deno.test("FaceDetector finds one face at each place of a drawn group, and none in a gray picture", async () => {
  const picture = group(4, 160);
  const found = await detector.detect(picture, { leastScore: 0.3 });
  const places = found.map(({ box }) => Math.floor((box.left + box.width / 2) / 160)).sort();
  assert(new Set(places).size >= 3, `faces at ${places}`);
  assertEquals(places.length, new Set(places).size);
  assertEquals(await detector.detect({ width: 64, height: 48, rgb: new Uint8Array(64 * 48 * 3).fill(90) }), []);
});

Deno.test("FaceDetector finds small faces by looking at parts", async () => {
  const face = group(1, 96);
  const large = warpPhoto(face, { transform: { rotation: 0, scale: 1, dx: 700, dy: 300 }, width: 1600, height: 900 });
  const whole = await detector.detect(large);
  const parts = await detector.detect(large, { parts: 0.4 });
  assert(parts.length >= 1 && parts.length >= whole.length, `${whole.length} and ${parts.length}`);
});

Deno.test({
  name: "FaceDetector finds the face of every real photo, also tilted by 45°, in a crop near its landmarks'",
  ignore: !samples,
  fn: async () => {
    for await (const { name, photo, landmarks } of readAnnotated(samples!)) {
      for (const degrees of [0, 45, -45]) {
        const turned = warpPhoto(photo, {
          transform: similarityAbout([225, 225], { rotation: degrees * Math.PI / 180, scale: 0.7, dx: 0, dy: 0 }),
          width: 450,
          height: 450,
        });
        const found = await detector.detect(turned);
        assertEquals({ name, degrees, count: found.length }, { name, degrees, count: 1 });
      }
      const [detection] = await detector.detect(photo);
      const crop = detectionCrop(detection!, { margin: 1.5 }), truth = landmarkCrop(landmarks, { margin: 1.5 });
      const square = ({ left, top, side }: typeof crop) => ({ left, top, width: side, height: side });
      assert(boxOverlap(square(crop), square(truth)) > 0.55, `${name}: ${JSON.stringify(landmarkBox(landmarks))}`);
    }
  },
});

Deno.test({
  name: "FaceDetector's scores are those of a photo as it stands",
  ignore: !samples,
  fn: async () => {
    const [detection] = await detector.detect(await decodePhoto(`${samples}/image00050.jpg`));
    assert(detection!.score > 0.85);
    const [leftEye, rightEye] = [detection!.keypoints[0]!, detection!.keypoints[2]!];
    assert(leftEye < rightEye);
  },
});
