import { ambientHarmonics } from "@/lib/geometry/shading.ts";
import { lightHead, lightSlopes } from "@/lib/portrait/head_light.ts";
import { assert, assertAllClose, assertClose, assertEquals, FLOAT32_TOLERANCE } from "@/tests/support.ts";

const AROUND = 0.2;
const LAMP = [0.8, 0.4, 0.2] as const;

/** The light and the shine on one vertex of skin or hair, whose normal is this; the lamp stands behind the viewer. */
function lit(
  normal: readonly number[],
  { visibility = 1, isHair = false, openness = 1 }: { visibility?: number; isHair?: boolean; openness?: number } = {},
) {
  const floats = (...values: number[]) => Float32Array.from(values);
  const buffers = { light: floats(0, 0, 0), shine: floats(9, 9, 9), white: floats(1, 1, 1) };
  lightHead(
    {
      bodyCount: isHair ? 0 : 1,
      normals: floats(...normal),
      tangents: floats(1, 0, 0),
      openness: floats(openness),
      visibility: floats(visibility),
      gloss: floats(0.5),
    },
    {
      around: ambientHarmonics([AROUND, AROUND, AROUND]),
      lamps: [{ direction: [0, 0, 1], color: LAMP }],
    },
    {
      ...buffers,
      seen: { isSeen: Uint8Array.of(1), list: Uint32Array.of(0) },
    },
  );
  return { light: [...buffers.light], shine: [...buffers.shine] };
}

Deno.test("lightHead() adds a lamp's light in full where a surface faces it, and none of it in its shadow", () => {
  assertAllClose(lit([0, 0, 1]).light, LAMP.map((value) => value + AROUND), FLOAT32_TOLERANCE);
  const shadowed = lit([0, 0, 1], { visibility: 0 });
  assertAllClose(shadowed.light, [AROUND, AROUND, AROUND], FLOAT32_TOLERANCE);
  assertEquals(shadowed.shine, [0, 0, 0]);
  assert(lit([0, 0, 1]).shine.every((value) => value > 0));
  const half = lit([0, 0, 1], { visibility: 0.5 }).light;
  assertAllClose(half, LAMP.map((value) => 0.5 * value + AROUND), FLOAT32_TOLERANCE);
});

Deno.test("lightHead() lets red light reach farthest around skin, and none come through it", () => {
  const [red, green, blue] = lit([0.9987, 0, -0.05]).light.map((value, c) => (value - AROUND) / LAMP[c]!);
  assert(red! > green! && green! > blue! && blue! > 0, `${red}, ${green}, ${blue}`);
  assertAllClose(lit([0, 0, -1]).light, [AROUND, AROUND, AROUND], FLOAT32_TOLERANCE);
});

Deno.test("lightHead() leaves hair in a lamp's shadow a quarter of its light, and light from around its share", () => {
  const [open, shadowed] = [1, 0].map((visibility) => lit([0, 0, 1], { visibility, isHair: true }).light[0]! - AROUND);
  assertClose(shadowed! / open!, 0.25, FLOAT32_TOLERANCE);
  const folded = lit([0, 0, 1], { visibility: 0, openness: 0.5 }).light;
  assertAllClose(folded, [AROUND / 2, AROUND / 2, AROUND / 2], FLOAT32_TOLERANCE);
});

Deno.test("lightSlopes() brightens what slopes towards a lamp, by as much as Lambert's law does, and nothing in shadow", () => {
  const floats = (...values: number[]) => Float32Array.from(values);
  const slopes = (direction: readonly [number, number, number], visibility = 1) => {
    const out = floats(9, 9, 9);
    const seen = { isSeen: Uint8Array.of(1), list: Uint32Array.of(0) };
    const skin = { tangents: floats(1, 0, 0, 0, 1, 0), normals: floats(0, 0, 1), visibility: floats(visibility), seen };
    lightSlopes(skin, { direction, inHead: direction }, out);
    return [...out];
  };
  const lamp = [0.6, 0, 0.8] as const, steep = 0.01;
  const lambert = (lamp[2] - steep * lamp[0]) / Math.hypot(1, steep) - lamp[2]; // rising along u, it turns away
  const [alongU, alongV, even] = slopes(lamp) as [number, number, number];
  assertAllClose([steep * alongU, steep * alongV, even], [lambert, 0, lamp[2]], 1e-4);
  assertAllClose(slopes([0, -0.6, 0.8]), [0, 0.6, 0.8], FLOAT32_TOLERANCE);
  assertAllClose(slopes(lamp, 0), [0, 0, 0], 0);
  assertAllClose(slopes([0.6, 0, -0.8]), [0, 0, 0], 0);
});
