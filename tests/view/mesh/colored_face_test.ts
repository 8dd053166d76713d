import fc from "@/tests/fast_check.ts";
import { linearToSrgb, srgbToLinear } from "@/lib/geometry/color.ts";
import type { Mesh, Photo } from "@/lib/types.ts";
import { cropToImage, imageToCrop } from "@/lib/data/maps/crop.ts";
import { readVertices } from "@/lib/data/maps/position_map.ts";
import { trackedFace } from "@/lib/track/tracked_face.ts";
import { colorFace, colorsFromPhoto, colorTrackedFace, FaceColoring } from "@/lib/view/mesh/colored_face.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";
import { builtInFaceSample } from "@/tests/view/faces.ts";

/** Red grows to the right, green downwards: the color tells the place. */
const photo: Photo = {
  width: 100,
  height: 80,
  rgb: Uint8Array.from({ length: 3 * 100 * 80 }, (_, i) => {
    const [row, column] = [Math.floor(i / 300), Math.floor(i / 3) % 100];
    return [2 * column + 1, 2 * row + 1, 77][i % 3]!; // twice the pixel's center
  }),
};

/** The darkest place that is looked at has this level. */
const DARKEST = 40;

/**
 * A byte is off by half a level, and by half of one of the 4,095 steps of light's root that `linearToPhoto` looks it up by,
 * which are widest in the dark. Catmull-Rom between the levels of a ramp, in linear light and single precision, is off by
 * less than 1e-4.
 */
const ROUNDED = 0.5 + DARKEST - 255 * linearToSrgb((Math.sqrt(srgbToLinear(DARKEST / 255)) - 0.5 / 4095) ** 2) + 1e-4;

/** A flat square that faces the viewer, at this depth. */
function square({ left, top, side, z }: Record<"left" | "top" | "side" | "z", number>): Mesh {
  const [right, bottom] = [left + side, top + side];
  return {
    positions: new Float32Array([left, top, z, right, top, z, right, bottom, z, left, bottom, z]),
    triangles: new Uint32Array([0, 2, 1, 0, 3, 2]),
  };
}

function join(...meshes: readonly Mesh[]): Mesh {
  let offset = 0;
  const triangles = meshes.flatMap(({ positions, triangles }) => {
    const moved = Array.from(triangles, (vertex) => vertex + offset);
    offset += positions.length / 3;
    return moved;
  });
  return {
    positions: new Float32Array(meshes.flatMap(({ positions }) => [...positions])),
    triangles: new Uint32Array(triangles),
  };
}

Deno.test("colorsFromPhoto() takes the photo's color where a vertex lies, between pixels too", () => {
  const place = (most: number) => fc.double({ min: DARKEST / 2, max: most, noNaN: true });
  fc.assert(
    fc.property(place(70), place(50), (left, top) => {
      const mesh = square({ left, top, side: 25, z: 3 });
      const colors = colorsFromPhoto(mesh, photo);
      for (let i = 0; i < colors.length; i += 3) {
        assertClose(colors[i]!, 2 * mesh.positions[i]!, ROUNDED);
        assertClose(colors[i + 1]!, 2 * mesh.positions[i + 1]!, ROUNDED);
        assertEquals(colors[i + 2], 77);
      }
    }),
    { examples: [[33.23310089111328, 20]] },
  ); // off by 0.534, the most of all places
});

Deno.test("colorsFromPhoto() colors what is hidden, outside, or turned away like what is next to it", () => {
  const near = square({ left: 30, top: 20, side: 30, z: 20 });
  const behind = square({ left: 35, top: 25, side: 10, z: -20 }); // all of it hidden
  const outside = square({ left: 150, top: 20, side: 10, z: 20 });
  const mesh = join(near, behind, outside);
  const bridges = [4, 8].flatMap((other) => [0, 1, other]); // from the near square's upper corners
  const colors = colorsFromPhoto({ ...mesh, triangles: new Uint32Array([...mesh.triangles, ...bridges]) }, photo);
  for (let v = 4; v < 12; v++) {
    assertClose(colors[3 * v]!, 90, 31); // between 2 · 30 and 2 · 60
    assertClose(colors[3 * v + 1]!, 40, 2);
  }
});

Deno.test("colorsFromPhoto() of a mesh of which the photo shows nothing is black; of an empty one, nothing", () => {
  const away = square({ left: 200, top: 0, side: 9, z: 0 });
  assertEquals([...colorsFromPhoto(away, photo)], Array(12).fill(0));
  assertEquals(colorsFromPhoto({ positions: new Float32Array(), triangles: new Uint32Array() }, photo).length, 0);
});

/** A strip of squares from u = 0 to 1, turned away from the viewer right of a column as a folded sheet of paper is. */
function foldedStrip(fold = 10): { mesh: Mesh; uv: Float32Array } {
  const columns = 21;
  const positions: number[] = [];
  const uv: number[] = [];
  const triangles: number[] = [];
  for (let column = 0; column < columns; column++) {
    for (const row of [0, 1]) {
      positions.push(20 + 3 * Math.min(column, fold), 20 + 20 * row, -3 * Math.max(0, column - fold));
      uv.push(column / (columns - 1), 0.25 + 0.5 * row);
    }
    const a = 2 * column;
    if (column < columns - 1) triangles.push(a, a + 1, a + 2, a + 2, a + 1, a + 3);
  }
  return {
    mesh: { positions: Float32Array.from(positions), triangles: Uint32Array.from(triangles) },
    uv: Float32Array.from(uv),
  };
}

Deno.test("colorsFromPhoto() takes the other side's colors for what is hidden, where UVs tell the sides", () => {
  const { mesh, uv } = foldedStrip();
  const [spread, mirrored] = [colorsFromPhoto(mesh, photo), colorsFromPhoto(mesh, photo, { mirrorUv: uv })];
  for (let column = 0; column < 21; column++) {
    for (const row of [0, 1]) {
      const [v, other] = [2 * column + row, 2 * (20 - column) + row];
      if (column > 11) {
        assertClose(mirrored[3 * v]!, spread[3 * other]!, 2, `red in column ${column}`); // of the seen side
        assertClose(mirrored[3 * v + 1]!, spread[3 * other + 1]!, 2);
      }
      if (column < 9) assertEquals([...mirrored.subarray(3 * v, 3 * v + 3)], [...spread.subarray(3 * v, 3 * v + 3)]);
    }
  }
});

Deno.test("colorsFromPhoto() leaves no seam where the other side is darker, and changes as that does", () => {
  const { mesh, uv } = foldedStrip(14);
  const colors = colorsFromPhoto(mesh, photo, { mirrorUv: uv });
  const red = (column: number) => colors[6 * column]!;
  const difference = red(14) - red(6);
  for (let column = 15; column < 21; column++) {
    const step = red(column) - red(column - 1);
    const where = `red goes from ${red(column - 1)} to ${red(column)} in column ${column}`;
    assert(step < 0 && step > -difference / 2, where); // all at once where the other side's colors are taken as they are
  }
});

Deno.test("a FaceColoring goes on from the frame before to nearly the colors that it finds alone, and forgets when told", async () => {
  const { photo, map, surface } = await builtInFaceSample();
  const positions = readVertices(map, surface), middle = photo.width / 2;
  /** As the face a little later, which has turned, in a picture that is brighter. */
  const later = {
    positions: positions.map((value, i) => i % 3 === 0 ? middle + 0.97 * (value - middle) + 2 : value),
    photo: { ...photo, rgb: photo.rgb.map((value) => Math.min(255, 1.1 * value)) },
  };
  const coloring = new FaceColoring(surface);
  coloring.color(photo, positions);
  const { colors } = coloring.color(later.photo, later.positions);
  const alone = colorFace(later.photo, { positions: later.positions, surface }).colors;
  const off = Array.from(colors, (value, i) => Math.abs(value - alone[i]!)).sort((a, b) => a - b);
  const mean = off.reduce((sum, value) => sum + value, 0) / off.length, most = off[Math.floor(0.99 * off.length)]!;
  assert(mean > 0 && mean < 2 && most < 30, `${mean} levels, 1 % more than ${most}`);
  coloring.reset();
  assertEquals(coloring.color(later.photo, later.positions).colors, alone);
});

Deno.test("colorTrackedFace() takes colors from all of the photo that the crop was cut from, and none from beyond its edges", async () => {
  const { photo, map, surface } = await builtInFaceSample();
  const size = photo.width, half = size / 2;
  const whole = colorTrackedFace({ photo, map, surface });

  // a crop around one eye: what lies beyond it is in the photo
  const crop = { left: 20, top: 16, side: half };
  const inCrop = imageToCrop(map.positions, { crop, size });
  const near = colorTrackedFace(trackedFace(photo, { crop, map: inCrop }, { imageSize: size, surface }));
  assertAllClose(near.colors, whole.colors, 1);
  assertAllClose(cropToImage(near.mesh.positions, { crop, size }), whole.mesh.positions, 1e-3);

  // the photo's right half: the crop is black where the other was
  const rgb = photo.rgb.filter((_, i) => Math.floor(i / 3) % size >= half);
  const cut = { crop: { left: -half, top: 0, side: size }, map: map.positions };
  const face = trackedFace({ width: half, height: size, rgb }, cut, { imageSize: size, surface });
  const missing = whole.trust.keys().filter((v) => whole.mesh.positions[3 * v]! < half - 2).toArray();
  const brightness = ({ colors }: { readonly colors: Uint8Array }) =>
    missing.reduce((sum, v) => sum + colors[3 * v]! + colors[3 * v + 1]! + colors[3 * v + 2]!, 0) / missing.length / 3;
  const levels = [whole, colorTrackedFace(face), colorTrackedFace({ photo: face.photo, map, surface })].map(brightness);
  assert(levels[1]! > 0.7 * levels[0]! && levels[2]! < 0.2 * levels[0]!, `${levels}`);
});
