import { drawnSource, type Traits } from "@/lib/data/synthetic/drawn_source.ts";
import { groupByTraits, type TraitedFace, typologyAngle } from "@/lib/evaluate/face_groups.ts";
import { yawOfLandmarks } from "@/lib/evaluate/nme.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { melaninRange, skinColor } from "@/lib/portrait/skin.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

const traits: Traits = {
  pose: { pitch: 0.5, yaw: -1.2, roll: 0 },
  years: 11.9,
  skin: [0.5, 0.4, 0.3],
  lighting: { isHard: true, isLowKey: true },
  cover: ["glasses", "hand"],
  camera: { reduction: 3, blur: 2, saturation: 0 },
};

function faceWith(changes: Partial<Traits> = {}): TraitedFace {
  const size = 1;
  const map = { size, positions: new Float32Array(3) };
  const image = { width: size, height: size, rgb: new Uint8Array(3) };
  return { image, map, prediction: map, landmarks: new Float32Array(204), yaw: 0, traits: { ...traits, ...changes } };
}

Deno.test("groupByTraits() puts a face in one group of each kind, but of covers in all that it has, and none that is empty", () => {
  const labels = groupByTraits([faceWith()]).map(({ trait, label }) => `${trait}: ${label}`);
  assertEquals(labels, [
    "yaw: beyond 60°",
    "pitch: up, over 15°",
    "age: 3–11",
    "skin tone: very light",
    "cover: glasses",
    "cover: hand",
    "cover: two or more",
    "light: half in the dark",
    "sharpness: blurred",
    "resolution: enlarged more",
    "color: black and white",
  ]);
  const plain = faceWith({ cover: [] });
  assertEquals(groupByTraits([faceWith(), plain]).find(({ label }) => label === "nothing")!.faces, [plain]);
});

Deno.test("groupByTraits() counts every face once in each kind but covers", () => {
  const faces = [-80, -20, 0, 44].flatMap((degrees) =>
    [-0.5, 0, 0.5].map((pitch) => faceWith({ pose: { yaw: degrees * Math.PI / 180, pitch, roll: 0 } }))
  );
  const counts: Record<string, number> = {};
  for (const { trait, faces: group } of groupByTraits(faces)) counts[trait] = (counts[trait] ?? 0) + group.length;
  for (const [trait, count] of Object.entries(counts)) {
    if (trait !== "cover") assertEquals([trait, count], [trait, faces.length]);
  }
});

Deno.test("a drawn sample's traits say how many times smaller its picture was, at its own size", () => {
  for (const imageSize of [64, 256]) {
    const source = drawnSource(builtInFace(), { imageSize, seed: 7, augment: false });
    const times = Array.from({ length: 40 }, (_, i) => source.sample(i, "test").traits.camera.reduction);
    const reduced = times.filter((reduction) => reduction > 1);
    assert(
      reduced.length > 3 && reduced.length < 20 && times.every((reduction) => reduction === 1 || reduction > 1.05),
    );
    assert(Math.max(...times) < (imageSize === 256 ? 4 : 2.4), `${times}`);
  }
});

Deno.test("typologyAngle() falls as melanin rises, and spans all tones from very light to dark", () => {
  const angles = Array.from({ length: 20 }, (_, i) => {
    const [least, most] = melaninRange;
    return typologyAngle(skinColor(least + (most - least) * i / 19, 0.3));
  });
  angles.slice(1).forEach((angle, i) => assert(angle < angles[i]!, `${angle} after ${angles[i]}`));
  assert(angles[0]! > 55 && angles.at(-1)! < -30, `${angles[0]} to ${angles.at(-1)}`);
});

Deno.test("a drawn sample's traits say the pose that its landmarks show", () => {
  const source = drawnSource(builtInFace(), { imageSize: 64, seed: 7, augment: false });
  const neutral = source.facts().neutralLandmarks!;
  let tilted = 0;
  for (let i = 0; i < 12; i++) {
    const { traits: { pose }, landmarks } = source.sample(i, "test");
    if (Math.abs(pose.roll) > 0.3 || Math.abs(pose.pitch) > 0.3) tilted++;
    const yaw = Math.asin(Math.sin(pose.yaw)); // a little beyond 90° counts back
    assertClose(yawOfLandmarks(landmarks, neutral), yaw, 0.1); // perspective, expressions and asymmetric people
  }
  assert(tilted >= 4, `${tilted}`);
});
