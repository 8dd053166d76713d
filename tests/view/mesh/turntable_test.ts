import fc from "@/tests/fast_check.ts";
import { readLandmarks, readVertices } from "@/lib/data/maps/position_map.ts";
import { poseRotation, rotatePoints } from "@/lib/geometry/transforms.ts";
import type { Mesh, Photo } from "@/lib/types.ts";
import { colorFace } from "@/lib/view/mesh/colored_face.ts";
import { Turntable } from "@/lib/view/mesh/turntable.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { builtInFaceSample } from "@/tests/view/faces.ts";

const BACKGROUND = [244, 245, 247];
const angle = fc.double({ min: -0.9, max: 0.9, noNaN: true });
const coordinate = fc.double({ min: -500, max: 500, noNaN: true });

function pixel({ width, rgb }: Photo, column: number, row: number): number[] {
  return [...rgb.subarray(3 * (row * width + column), 3 * (row * width + column) + 3)];
}

function isBackground(photo: Photo, column: number, row: number): boolean {
  return pixel(photo, column, row).every((value, c) => value === BACKGROUND[c]);
}

Deno.test("a Turntable keeps every mesh within its pictures, at any angle", () => {
  fc.assert(
    fc.property(fc.array(coordinate, { minLength: 12, maxLength: 12 }), angle, (values, turn) => {
      const positions = Float32Array.from(values);
      const mesh: Mesh = { positions, triangles: new Uint32Array([0, 1, 2, 1, 2, 3]) };
      const photo = new Turntable(mesh, { colors: new Uint8Array(12), size: 40, reach: 0.9 }).draw(turn);
      assertEquals([photo.width, photo.height], [40, 40]);
      for (let k = 0; k < 40; k++) {
        assert(
          isBackground(photo, k, 0) && isBackground(photo, k, 39) && isBackground(photo, 0, k) &&
            isBackground(photo, 39, k),
        );
      }
    }),
    { numRuns: 40, examples: [[[0, -5, 99, 0, 5, 99, 0, -5, -99, 0, 5, -99], 0.9]] }, // its edge to the viewer at 0
  );
});

/** Two squares that face the viewer, about the y axis: red before, green behind. */
function twoSquares(): { mesh: Mesh; colors: Uint8Array } {
  const square = (z: number) => [-10, -10, z, 10, -10, z, 10, 10, z, -10, 10, z];
  return {
    mesh: {
      positions: Float32Array.from([...square(8), ...square(-8)]),
      triangles: Uint32Array.from([0, 2, 1, 0, 3, 2, 4, 6, 5, 4, 7, 6]),
    },
    colors: Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7].flatMap((v) => v < 4 ? [200, 0, 0] : [0, 200, 0])),
  };
}

Deno.test("a Turntable shows what is in front, and at a positive angle moves it to the left", () => {
  const { mesh, colors } = twoSquares();
  const table = new Turntable(mesh, { colors, size: 60 });
  const greenPixels = ({ rgb }: Photo) =>
    rgb.filter((value, i) => i % 3 === 1 && value > 100 && rgb[i - 1]! < 50).length;
  assertEquals(greenPixels(table.draw(0)), 0); // hidden
  const turned = table.draw(0.6);
  assert(greenPixels(turned) > 20, "the green one shows");
  const columns = (channel: number) =>
    [...Array(60).keys()].filter((column) =>
      pixel(turned, column, 30)[channel]! > 100 && !isBackground(turned, column, 30)
    );
  assert(Math.min(...columns(0)) < Math.min(...columns(1)), "the red one, in front, is farther left");
});

Deno.test("a Turntable's frames turn to both sides and back, without a jump where they begin again", () => {
  const { mesh, colors } = twoSquares();
  const table = new Turntable(mesh, { colors, size: 30, reach: 0.5 });
  const frames = [...table.frames(12)];
  assertEquals(frames.length, 12);
  assertEquals(frames[0], table.draw(0));
  assertEquals([frames[3], frames[9]], [table.draw(0.5), table.draw(-0.5)]);
  assertEquals(frames[1], frames[5]); // there and back
});

Deno.test("a Turntable with landmarks shows a face from its front, however it was turned", async () => {
  const { photo, map, surface } = await builtInFaceSample();
  const { mesh, colors } = colorFace(photo, { positions: readVertices(map, surface), surface });
  const landmarks = readLandmarks(map, surface);
  const front = new Turntable(mesh, { colors, landmarks, size: 64 }).draw(0);
  const rotation = poseRotation({ pitch: 0.3, yaw: -0.8, roll: 0.5 });
  const turned = { ...mesh, positions: rotatePoints(mesh.positions, rotation) };
  const again = new Turntable(turned, { colors, landmarks: rotatePoints(landmarks, rotation), size: 64 }).draw(0);
  const off = front.rgb.filter((value, i) => Math.abs(value - again.rgb[i]!) > 8).length;
  assert(off < 0.005 * front.rgb.length, `${off} of ${front.rgb.length} values differ`);
});

Deno.test("a Turntable that another mesh is put on draws it as if it had been there first, and in little time nearly so", async () => {
  const { mesh, colors } = twoSquares();
  const taller = mesh.positions.map((value, i) => i % 3 === 1 ? 1.7 * value : value);
  const others = colors.map((value) => 255 - value);
  const table = new Turntable(mesh, { colors, size: 60 });
  table.draw(0.6);
  table.put(taller, { colors: others });
  const fresh = new Turntable({ ...mesh, positions: taller }, { colors: others, size: 60 }).draw(0.3);
  assertEquals(table.draw(0.3), fresh);
  const quick = new Turntable({ ...mesh, positions: taller }, { colors: others, size: 60, isQuick: true }).draw(0.3);
  const off = quick.rgb.map((value, i) => Math.abs(value - fresh.rgb[i]!));
  assert(off.filter((value) => value > 2).length < 0.06 * off.length, "all but pixels at edges");
  const levels = Array.from(
    { length: 60 * 60 },
    (_, k) => quick.rgb.subarray(3 * k, 3 * k + 3).reduce((a, b) => a + b),
  );
  const steps = levels.map((level, k) => k % 60 > 0 ? Math.abs(level - levels[k - 1]!) : 0);
  const [most, all] = [Math.max(...steps), Math.max(...levels) - Math.min(...levels)];
  assert(most < 0.8 * all, `the outline is a step of ${most} from ground to mesh, which are ${all} apart`);
  for (const [positions, given] of [[taller.subarray(3), others], [taller, others.subarray(3)]] as const) {
    await assertThrows(() => table.put(positions, { colors: given }), TypeError, /8 vertices with/);
  }
});

Deno.test("a Turntable without a mesh is empty; colors of another mesh are a TypeError", async () => {
  const empty = { positions: new Float32Array(), triangles: new Uint32Array() };
  const photo = new Turntable(empty, { colors: new Uint8Array(), size: 8 }).draw(0.2);
  assert([...Array(64).keys()].every((k) => isBackground(photo, k % 8, k >> 3)));
  await assertThrows(
    () => new Turntable(empty, { colors: new Uint8Array(3) }),
    TypeError,
    /0 vertices with 0 positions and 1 vertex/,
  );
});
