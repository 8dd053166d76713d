import { blur, BlurScratch } from "@/lib/portrait/blur.ts";
import { Camera, type CameraSettings, randomCamera } from "@/lib/portrait/camera.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

const SIZE = 48;
const neutral: CameraSettings = {
  ...randomCamera(new Random(1), { isWild: false }),
  exposure: 0.2,
  whiteBalance: [1, 1, 1],
  blur: 0,
  motion: 0,
  reduction: 1,
  gamma: 1,
  contrast: 1,
  lift: 0,
  gains: [1, 1, 1],
  saturation: 1,
  tone: [1, 1, 1],
  noise: 0,
  flicker: undefined,
  compressions: [],
  sharpening: 0,
  vignette: 0,
  bars: [0, 0, 0, 0],
  barColor: 0,
};

function gradient(): { width: number; height: number; rgb: Float32Array } {
  const rgb = Float32Array.from({ length: 3 * SIZE * SIZE }, (_, i) => (Math.floor(i / 3) % SIZE) / SIZE * 0.5);
  return { width: SIZE, height: SIZE, rgb };
}

function photograph(settings: Partial<CameraSettings>, image = gradient(), subject = 0.2): Uint8Array {
  return new Camera(SIZE).takePhoto(image, { settings: { ...neutral, ...settings }, subject }).rgb;
}

Deno.test("Camera makes more light brighter, and twice the exposure too", () => {
  const [once, twice] = [photograph({}), photograph({ exposure: 0.4 })];
  for (let x = 1; x < SIZE; x++) {
    assert(once[3 * x]! >= once[3 * x - 3]!);
    assert(twice[3 * x]! >= once[3 * x]!);
  }
  assert(once[3 * SIZE - 3]! - once[0]! > 150);
});

Deno.test("Camera shows 0.2 of light, exposed as such, as sRGB does", () => {
  const flat = { ...gradient(), rgb: new Float32Array(3 * SIZE * SIZE).fill(0.2) };
  assertClose(photograph({}, flat)[0]!, 124, 2);
});

Deno.test("Camera's white balance is as light of that color", () => {
  const colored = gradient();
  colored.rgb.forEach((value, i) => colored.rgb[i] = value * [1.2, 1, 0.8][i % 3]!);
  assertEquals(photograph({ whiteBalance: [1.2, 1, 0.8] }), photograph({}, colored));
});

Deno.test("Camera makes up for dark subjects, though not wholly", () => {
  const gray = (light: number, subject: number) =>
    photograph({}, { ...gradient(), rgb: new Float32Array(3 * SIZE * SIZE).fill(light) }, subject)[0]!;
  assert(gray(0.05, 0.05) > gray(0.05, 0.2) + 20);
  assert(gray(0.05, 0.05) < gray(0.2, 0.2) - 20);
});

Deno.test("Camera without saturation gives gray, whatever the light", () => {
  const random = new Random(3);
  const image = { ...gradient(), rgb: Float32Array.from({ length: 3 * SIZE * SIZE }, () => random.next()) };
  const rgb = photograph({ saturation: 0 }, image);
  for (let i = 0; i < rgb.length; i += 3) assertEquals([rgb[i], rgb[i]], [rgb[i + 1], rgb[i + 2]]);
});

Deno.test("Camera adds noise of the deviation that is set, more in the dark, without patterns from row to row", () => {
  const noiseOn = (light: number) => {
    const flat = () => ({ ...gradient(), rgb: new Float32Array(3 * SIZE * SIZE).fill(light) });
    const [clean, noisy] = [photograph({}, flat()), photograph({ noise: 0.04, noiseSeed: 12345 }, flat())];
    return Array.from(noisy, (value, i) => value - clean[i]!);
  };
  const deviationOf = (off: readonly number[]) =>
    Math.sqrt(off.reduce((sum, value) => sum + value * value, 0) / off.length);
  const off = noiseOn(0.2), deviation = deviationOf(off);
  assertClose(deviation, 0.04 * 255 * Math.hypot(1, 0.7), 1.5);
  assertClose(deviationOf(noiseOn(0.05)) / deviationOf(noiseOn(0.4)), (1.5 - 63 / 255) / (1.5 - 170 / 255), 0.12);
  const alike = off.reduce((sum, value, i) => sum + value * (off[i + 3 * SIZE] ?? 0), 0) / off.length;
  assert(Math.abs(alike) < 0.1 * deviation ** 2);
});

Deno.test("Camera takes photos of every kind that randomCamera() asks for", () => {
  for (let seed = 0; seed < 60; seed++) {
    const settings = {
      ...randomCamera(new Random(seed), { isWild: true }),
      flicker: undefined,
      noise: 0,
      vignette: 0,
      bars: neutral.bars,
    };
    const bytes = photograph(settings);
    assertEquals(bytes.length, 3 * SIZE * SIZE);
    const rows = [0, SIZE / 2, SIZE - 1].map((row) => bytes.subarray(3 * SIZE * row, 3 * SIZE * (row + 1)));
    const mean = (row: Uint8Array) => row.reduce((sum, byte) => sum + byte, 0) / row.length;
    for (const row of rows) assertClose(mean(row), mean(rows[1]!), 12); // nothing is cut off
  }
});

Deno.test("Camera under a lamp that flickers colors whole rows, in as many waves as are set", () => {
  const flat = { ...gradient(), rgb: new Float32Array(3 * SIZE * SIZE).fill(0.2) };
  const rgb = photograph({ flicker: { waves: 3, phase: 0, amounts: [0.3, 0, 0] } }, flat);
  const plain = photograph({}, flat)[0]!;
  const reds = Array.from({ length: SIZE }, (_, row) => rgb[3 * SIZE * row]! - plain);
  for (let i = 0; i < rgb.length; i += 3) {
    assertEquals([rgb[i]! - plain, rgb[i + 1], rgb[i + 2]], [reds[Math.floor(i / (3 * SIZE))], plain, plain]);
  }
  const crossings = reds.filter((red, row) => row > 0 && red > 0 !== reds[row - 1]! > 0).length;
  assertEquals(crossings, 5);
  assert(Math.max(...reds) > 8 && Math.min(...reds) < -8);
});

Deno.test("Camera's motion spreads a dot along a line and leaves its middle in place", () => {
  for (const motionAngle of [0, 0.7, Math.PI / 2, 2.4]) {
    const middle = SIZE / 2;
    const rgb = new Float32Array(3 * SIZE * SIZE);
    rgb[3 * (middle * SIZE + middle)] = 1;
    const bytes = photograph({ motion: 60, motionAngle }, { width: SIZE, height: SIZE, rgb });
    let [mass, x, y, along] = [0, 0, 0, 0];
    for (let p = 0; p < SIZE * SIZE; p++) {
      const value = bytes[3 * p]! > 0 ? 1 : 0;
      const [dx, dy] = [p % SIZE - middle, Math.floor(p / SIZE) - middle];
      mass += value;
      x += value * dx;
      y += value * dy;
      along = Math.max(along, value * (dx * Math.cos(motionAngle) + dy * Math.sin(motionAngle)));
    }
    assert(mass > 2);
    assertClose(x / mass, 0, 1e-6);
    assertClose(y / mass, 0, 1e-6);
    assertClose(along, 60 * SIZE / 256 / 2, 2.1);
  }
});

Deno.test("blur() keeps a plain image, and spreads a dot as a Gaussian of its deviation", () => {
  for (const sigma of [0.3, 0.8, 1.2, 2, 4]) {
    const kernels = new Kernels(200_000);
    const scratch = new BlurScratch(kernels, SIZE);
    const plain = kernels.floats(3 * SIZE * SIZE).fill(0.7);
    blur(plain, { size: SIZE, sigma, scratch });
    assert(plain.every((value) => Math.abs(value - 0.7) < 1e-5));
    const dot = kernels.floats(3 * SIZE * SIZE);
    const middle = SIZE / 2;
    dot[3 * (middle * SIZE + middle)] = 1;
    blur(dot, { size: SIZE, sigma, scratch });
    let [mass, spread] = [0, 0];
    for (let p = 0; p < SIZE * SIZE; p++) {
      mass += dot[3 * p]!;
      spread += dot[3 * p]! * (p % SIZE - middle) ** 2;
    }
    assertClose(mass, 1, 1e-4);
    assertClose(Math.sqrt(spread), sigma, 0.12 * sigma + 0.15);
  }
});

Deno.test("Camera sharpens edges and leaves what is even alone", () => {
  const image = gradient();
  image.rgb.forEach((_, i) => image.rgb[i] = Math.floor(i / 3) % SIZE < SIZE / 2 ? 0.1 : 0.3);
  const soft = photograph({}, { ...image, rgb: image.rgb.slice() });
  const sharp = photograph({ sharpening: 1 }, image);
  const [dark, bright] = [3 * (SIZE * 20 + SIZE / 2 - 1), 3 * (SIZE * 20 + SIZE / 2)];
  assert(sharp[dark]! < soft[dark]! && sharp[bright]! > soft[bright]!);
  assertEquals(sharp[3 * (SIZE * 20 + 5)], soft[3 * (SIZE * 20 + 5)]);
});

Deno.test("Camera darkens the corners, and shows nothing where bars are", () => {
  const flat = { ...gradient(), rgb: new Float32Array(3 * SIZE * SIZE).fill(0.2) };
  const rgb = photograph({ vignette: 0.7, bars: [0.25, 0, 0, 0.5], barColor: 9 }, flat);
  const at = (column: number, row: number) => rgb[3 * (SIZE * row + column)]!;
  assert(at(SIZE - 1, 0) < at(SIZE / 2, SIZE / 2 - 1) - 20);
  assertEquals([at(SIZE / 4 - 1, 3), at(SIZE - 1, SIZE / 2), at(SIZE - 1, SIZE - 1)], [9, 9, 9]);
  assert(at(SIZE / 4, 3) !== 9 && at(SIZE - 1, SIZE / 2 - 1) !== 9);
});
