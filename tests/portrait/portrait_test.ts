import { type Lighting, randomLighting } from "@/lib/portrait/lighting.ts";
import { PortraitPainter } from "@/lib/portrait/portrait.ts";
import { type Appearance, randomAppearance } from "@/lib/portrait/appearance.ts";
import { faceAtlas } from "@/lib/face/atlas.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { keyLandmarks, outlineOf, valuesAt } from "@/lib/face/landmarks.ts";
import { addModes, materialNames, meshLandmarks } from "@/lib/face/morphable_model.ts";
import { ambientHarmonics } from "@/lib/geometry/shading.ts";
import { pointAt } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";
import { faceFields } from "@/lib/portrait/fields.ts";
import { FacePainter } from "@/lib/portrait/paint.ts";
import { type HairStyle, randomHairStyle } from "@/lib/portrait/hair_style.ts";
import { poseRotation } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertClose } from "@/tests/support.ts";

const SIZE = 128;
const model = builtInFace();
const atlas = faceAtlas(model, 128);
const painter = new PortraitPainter(atlas, { imageSize: SIZE });
const landmarks = meshLandmarks(model, outlineOf);

const bald: HairStyle = { ...randomHairStyle(new Random(1), 30), kind: "none", roots: 0 };

interface Changes {
  readonly hair?: HairStyle;
  readonly vertices?: Float32Array;
  readonly look?: (look: Appearance) => Appearance;
  readonly lighting?: Lighting;
}

function draw(yaw: number, seed: number, { hair = bald, vertices = model.mean, ...changes }: Changes = {}) {
  const random = new Random(seed);
  const drawn = randomAppearance(random, 30);
  const plain: Appearance = {
    ...drawn,
    lips: { color: [0, 1, 0], cover: 1, gloss: 0 },
    makeUp: { ...drawn.makeUp, shadow: 0 },
    beard: { ...drawn.beard, moustache: 0, chin: 0, jaw: 0 },
    clothColor: [0.1, 0.1, 0.1],
  };
  const scale = SIZE / 2.4 / atlas.unit;
  const image = { width: SIZE, height: SIZE, rgb: new Float32Array(3 * SIZE * SIZE).fill(0.5) };
  const rotation = poseRotation({ pitch: 0.1, yaw, roll: 0.2 });
  const portrait = painter.pose({
    vertices,
    placement: { rotation, scale, translation: [SIZE / 2, SIZE / 2, 0] },
    perspective: { center: [SIZE / 2, SIZE / 2], depth: 0, distance: 1e9 },
    look: changes.look?.(plain) ?? plain,
    hair,
    torso: {
      rotation,
      width: 1,
      shift: [0, 0, 0],
      neckline: 1,
      skin: [0.3, 0.2, 0.1],
      cloth: [0.1, 0.1, 0.1],
      stripes: 0,
    },
    lighting: changes.lighting ?? randomLighting(random, { isWild: true }),
  });
  painter.draw(image);
  return { image, ...portrait };
}

Deno.test("PortraitPainter draws the model's vertices where it says they are", () => {
  for (const yaw of [-1, -0.4, 0, 0.7]) {
    const { positions, raster } = draw(yaw, 3);
    let [visible, floating] = [0, 0];
    for (const vertex of model.surfaceVertices) {
      const [x, y, z] = positions.subarray(3 * vertex, 3 * vertex + 3) as unknown as [number, number, number];
      const k = Math.floor(y) * raster.width + Math.floor(x);
      const nearest = raster.depth[k];
      if (nearest === undefined) continue;
      if (Math.abs(nearest - z) < 0.5) visible++;
      if (nearest < z - 3) floating++; // at the head's outline, between two samples
    }
    assert(visible > model.surfaceVertices.length / 5, `${visible} vertices are seen`);
    assert(floating < visible / 8, `${floating} vertices float before what is drawn, ${visible} are seen`);
  }
});

Deno.test("PortraitPainter paints the lips where the lips' landmarks are", () => {
  for (const yaw of [-0.5, 0, 0.4]) {
    const { image: { rgb }, positions } = draw(yaw, 5);
    let [x, y, weight] = [0, 0, 0];
    for (let p = 0; p < SIZE * SIZE; p++) {
      const [red, green, blue] = rgb.subarray(3 * p, 3 * p + 3) as unknown as [number, number, number];
      const isGreen = green > 1.5 * Math.max(red, blue) ? 1 : 0; // however much light falls there
      x += isGreen * (p % SIZE + 0.5);
      y += isGreen * (Math.floor(p / SIZE) + 0.5);
      weight += isGreen;
    }
    assert(weight > 20);
    const lips = valuesAt(landmarks, positions).subarray(3 * 48, 3 * 60);
    const center = (axis: number) => lips.reduce((sum, value, i) => i % 3 === axis ? sum + value / 12 : sum, 0);
    assertClose(x / weight, center(0), 2.5, "column of the lips");
    assertClose(y / weight, center(1), 2.5, "row of the lips");
  }
});

Deno.test("PortraitPainter leaves the background alone and every number finite and not negative", () => {
  for (let seed = 0; seed < 24; seed++) {
    const { image: { rgb }, raster } = draw(2 * Math.sin(seed), seed, { hair: randomHairStyle(new Random(seed), 30) });
    assert(rgb.every((value) => value >= 0 && value < 20));
    raster.triangle.forEach((_, k) => {
      const around = [-1, 0, 1].flatMap((row) => [-1, 0, 1].map((column) => k + row * SIZE + column));
      if (around.every((near) => !(raster.triangle[near]! >= 0))) assertClose(rgb[3 * k]!, 0.5, 1e-6);
    });
  }
});

Deno.test("PortraitPainter's hair covers more than the head and leaves the nose free", () => {
  const covered = ({ raster }: ReturnType<typeof draw>) =>
    raster.triangle.reduce((sum, t) => sum + (t >= 0 ? 1 : 0), 0);
  const without = covered(draw(0, 2));
  const portrait = draw(0, 2, { hair: { ...bald, kind: "hair", volume: [0.1, 0.05, 0.1] } });
  assert(covered(portrait) > 1.02 * without);
  const [x, y, z] = valuesAt(landmarks, portrait.positions).subarray(3 * 30, 3 * 30 + 3) as unknown as [
    number,
    number,
    number,
  ];
  const { raster } = portrait;
  assertClose(raster.depth[Math.floor(y) * raster.width + Math.floor(x)]!, z, 0.5);
});

const lamp: Lighting = {
  around: ambientHarmonics([0.2, 0.2, 0.2]),
  lamps: [{ direction: [0.8, 0, 0.6], color: [0.8, 0.8, 0.8] }],
  isHard: false,
  isLowKey: false,
  brightness: 0.7,
  background: 1,
};

Deno.test("PortraitPainter lights the skin's relief from the lamp's side, and none where it is even", () => {
  const drawn = (relief: number, direction: Vec3) => {
    const rough = (look: Appearance) => ({ ...look, skin: { ...look.skin, relief, wrinkles: 0, gloss: 0 } });
    return draw(0, 3, { look: rough, lighting: { ...lamp, lamps: [{ direction, color: [0.8, 0.8, 0.8] }] } }).image.rgb;
  };
  const changes = ([1, -1] as const).map((side) => {
    const direction: Vec3 = [0.8 * side, 0, 0.6], even = drawn(0, direction);
    return drawn(0.05, direction).map((value, i) => value - even[i]!);
  });
  const [right, left] = changes as [Float32Array, Float32Array];
  const product = right.reduce((sum, value, i) => sum + value * left[i]!, 0);
  const sizes = changes.map((change) => Math.hypot(...change));
  assert(sizes.every((size) => size > 0.1), `${sizes}`);
  assert(product < -0.05 * sizes[0]! * sizes[1]!, `${product / (sizes[0]! * sizes[1]!)}`); // what one brightens the other darkens
});

Deno.test("PortraitPainter lights a mask as a sheet, over nose and lips that are even in any light and do not shine", () => {
  const cloth: Vec3 = [0.5, 0.5, 0.5];
  const spread = (isWorn: boolean, lighting: Lighting) => {
    const look = (look: Appearance) =>
      ({
        ...look,
        skin: { ...look.skin, gloss: 0, relief: 0, wrinkles: 0 },
        lips: { color: cloth, cover: 1, gloss: 0.6 },
        mask: isWorn ? cloth : undefined,
      }) as Appearance;
    const { image, positions } = draw(0, 3, { look, lighting });
    const marks = valuesAt(landmarks, positions);
    const at = (l: number) => {
      const [x, y] = pointAt(marks, l);
      const k = 3 * (Math.floor(y) * SIZE + Math.floor(x));
      return (image.rgb[k]! + image.rgb[k + 1]! + image.rgb[k + 2]!) / 3;
    };
    const beneath = [30, 31, 32, 33, 34, 35, 50, 51, 52, 56, 57, 58].map(at);
    return Math.max(...beneath) / Math.min(...beneath);
  };
  const aside: Lighting = { ...lamp, lamps: [{ direction: [0.64, -0.48, 0.6], color: [0.8, 0.8, 0.8] }] };
  const [bare, soft, hard] = [
    spread(false, aside),
    spread(true, aside),
    spread(true, { ...aside, isHard: true }), // a nose's shadow is not on the sheet
  ] as [number, number, number];
  assert(soft < 0.5 * bare && hard < 1.2 * soft, `${[bare, soft, hard]}`);
});

Deno.test("FacePainter gives a mask no shine, nor teeth that show through it, and straps around the ears", () => {
  const faces = new FacePainter(atlas), { mask: field, maskVertices } = faces.fields;
  const cloth: Vec3 = [0.1, 0.2, 0.7], shiny = randomAppearance(new Random(1), 30);
  const look = { ...shiny, skin: { ...shiny.skin, gloss: 0.3 }, lips: { ...shiny.lips, gloss: 0.6 } };
  const glossOf = (look: Appearance) => {
    const { gloss } = faces.paint(look, bald);
    return maskVertices.reduce((most, share, v) => share === 1 ? Math.max(most, gloss[v]!) : most, 0);
  };
  assert(glossOf(look) > 0.3);
  assertClose(glossOf({ ...look, mask: cloth }), 0, 1e-6);
  const start = atlas.textureSize ** 2, { albedo } = faces.paint({ ...look, mask: cloth }, bald);
  const teeth = [...atlas.vertexMaterials.keys()].filter((v) => materialNames[atlas.vertexMaterials[v]!] === "teeth");
  assert(teeth.length > 0);
  for (const v of teeth) pointAt(albedo, start + v).forEach((value, c) => assertClose(value, cloth[c]!, 1e-6));
  const ear = pointAt(atlas.landmarks, keyLandmarks.leftJawEnd), rear = ear[2] + 0.1; // the sheet ends before that
  const heights = [...field.points].flatMap((point, k) => {
    const [, y, z] = pointAt(atlas.points, point);
    return point < start && field.values[k]! > 0.5 && z < rear ? [y - ear[1]] : [];
  });
  assert(Math.max(...heights) > 0 && Math.min(...heights) < -0.2, `${heights}`);
  maskVertices.forEach((share, v) => assert(share === 0 || pointAt(atlas.points, start + v)[2] > rear));
});

Deno.test("faceFields() has beards grow from the mouth's corners up to before the ears, and leave the cheeks free", () => {
  const { jaw } = faceFields(atlas), mark = (l: number) => pointAt(atlas.landmarks, l);
  const [ear, corner, nose] = [keyLandmarks.leftJawEnd, keyLandmarks.leftMouthCorner, keyLandmarks.noseBase].map(mark);
  const grown = [...jaw.points].filter((_, k) => jaw.values[k]! > 0.5).map((point) => pointAt(atlas.points, point));
  const topAt = (from: number, to: number) =>
    grown.reduce((top, [x, y]) => Math.abs(x) >= from && Math.abs(x) < to ? Math.max(top, y) : top, -Infinity);
  assert(topAt(0.78, 1) > ear![1] - 0.25, `${topAt(0.78, 1)}`);
  assert(topAt(0, corner![0] + 0.1) < nose![1] - 0.15, `${topAt(0, corner![0] + 0.1)}`);
  const tops = [0.35, 0.45, 0.55, 0.65, 0.75].map((side) => topAt(side - 0.05, side + 0.05));
  assert(tops.every((top, k) => k === 0 || top > tops[k - 1]!), `${tops}`);
});

Deno.test("FacePainter gives cloth below the collar none of the skin's relief", () => {
  const faces = new FacePainter(atlas), look = randomAppearance(new Random(1), 30);
  const { relief } = faces.paint({ ...look, skin: { ...look.skin, relief: 0.1 } }, bald);
  const { points, values } = faces.fields.belowCollar;
  const texels = [...points.keys()].filter((k) => points[k]! < relief.length);
  const roughness = (isCloth: boolean) =>
    Math.max(...texels.filter((k) => values[k]! > 0.02 === isCloth).map((k) => Math.abs(relief[points[k]!]!)));
  assert(roughness(true) === 0 && roughness(false) > 0.05, `${roughness(true)}, ${roughness(false)}`);
});

Deno.test("randomAppearance() gives the young smooth skin and the old rougher", () => {
  const roughest = (years: number) =>
    Math.max(...Array.from({ length: 200 }, (_, seed) => randomAppearance(new Random(seed), years).skin.relief));
  assert(roughest(8) < roughest(25) && roughest(25) <= 0.04 && roughest(80) > 0.08);
});

Deno.test("PortraitPainter closes an open mouth by a mask of the mask's color", () => {
  const open = model.mean.slice(), jaw = model.expressionNames.indexOf("jawOpen");
  addModes(open, model.expressionModes, model.expressionNames.map((_, m) => m === jaw ? 1 : 0));
  const colorInMouth = (mask?: Vec3) => {
    const look = (look: Appearance) => ({ ...look, ...mask ? { mask } : { mask: undefined } }) as Appearance;
    const { image, positions } = draw(0, 3, { vertices: open, look, lighting: lamp });
    const lips = [62, 66].map((l) => pointAt(valuesAt(landmarks, positions), l));
    const [x, y] = [0, 1].map((axis) => Math.floor((lips[0]![axis as 0] + lips[1]![axis as 0]) / 2)) as [
      number,
      number,
    ];
    return [...image.rgb.subarray(3 * (y * SIZE + x), 3 * (y * SIZE + x) + 3)];
  };
  const [red, green, blue] = colorInMouth([0, 0, 0.9]) as [number, number, number];
  assert(blue > 0.1 && red < 0.05 * blue && green < 0.05 * blue, `${[red, green, blue]}`);
  const inside = colorInMouth() as [number, number, number];
  assert(inside[2] < 0.5 * blue, `${inside}`);
});
