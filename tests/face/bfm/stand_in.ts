import { builtInFace } from "@/tests/face/built_in_face.ts";
import { landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";
import { onceEach } from "@/lib/once_each.ts";
import { Random } from "@/lib/random.ts";
import { join, matFile, matHeader, matStruct, type Variable } from "@/tests/formats/mat_writer.ts";

/** Of the Basel Face Model's 53,215 vertices. */
const [COLUMNS, ROWS] = [145, 367];
const VERTEX_COUNT = COLUMNS * ROWS;
const WHOLE_COUNT = 53_490;
/** Micrometers of a centimeter. */
const MICROMETERS = 1e4;

/** What stands for the Basel Face Model in tests: its shapes, the built-in face's form, and waves as its modes. */
export interface BfmStandIn {
  /** [53215, 3], in micrometers. */
  readonly mean: Float32Array;
  /** [53215 × 3] each after the other: 199, and 29. */
  readonly identity: Float32Array;
  readonly expression: Float32Array;
  readonly identityDeviations: Float32Array;
  readonly expressionDeviations: Float32Array;
  /** [triangleCount, 3] and [68], from 0. */
  readonly triangles: readonly number[];
  readonly landmarks: readonly number[];
  /** [53215, 2], v up. */
  readonly uv: Float32Array;
}

/** A stand-in with so many modes that are not 0, the first ones, as making waves takes time. */
export function bfmStandIn({ waves = 199 }: { readonly waves?: number } = {}): BfmStandIn {
  const { mean, landmarks } = gridFace();
  const random = new Random("stand-in for BFM");
  const modes = (count: number, rough: number) => {
    const all = new Float32Array(3 * VERTEX_COUNT * count);
    for (let k = 0; k < Math.min(count, waves); k++) {
      const frequencies = [0, 1, 2].map(() => (rough + 0.006 * k) / MICROMETERS * random.normal());
      const towards = [0, 1, 2].map(() => random.normal() / Math.sqrt(3 * VERTEX_COUNT));
      const phase = random.uniform(0, 2 * Math.PI);
      const mode = all.subarray(3 * VERTEX_COUNT * k);
      for (let v = 0; v < VERTEX_COUNT; v++) {
        let angle = phase;
        for (let axis = 0; axis < 3; axis++) angle += frequencies[axis]! * mean[3 * v + axis]!;
        const height = Math.sin(angle);
        for (let axis = 0; axis < 3; axis++) mode[3 * v + axis] = height * towards[axis]!;
      }
    }
    return all;
  };
  return {
    mean,
    landmarks,
    identity: modes(199, 0.2),
    expression: modes(29, 0.4),
    identityDeviations: Float32Array.from({ length: 199 }, (_, k) => 5e5 / (1 + k / 4)),
    expressionDeviations: Float32Array.from({ length: 29 }, (_, k) => 2e5 / (1 + k / 4)),
    triangles: gridTriangles(),
    uv: Float32Array.from(
      { length: 2 * VERTEX_COUNT },
      (_, i) => i % 2 === 0 ? ((i >> 1) % COLUMNS) / (COLUMNS - 1) : 1 - Math.floor((i >> 1) / COLUMNS) / (ROWS - 1),
    ),
  };
}

/** The built-in face's surface at the texels of a grid over its texture coordinates, holes filled from beside. */
function gridFace() {
  const { mean, surface, surfaceVertices } = builtInFace();
  const places = Float32Array.from(
    { length: 3 * surfaceVertices.length },
    (_, i) => i % 3 === 2 ? 0 : surface.uv[2 * Math.floor(i / 3) + i % 3]! * (i % 3 === 0 ? COLUMNS : ROWS),
  );
  const { triangle, weights } = rasterize(
    { positions: places, triangles: surface.triangles },
    { width: COLUMNS, height: ROWS },
  );
  const grid = new Float32Array(3 * VERTEX_COUNT);
  for (let v = 0; v < VERTEX_COUNT; v++) {
    const nearest = nearestCovered(triangle, v);
    for (let axis = 0; axis < 3; axis++) {
      for (let k = 0; k < 3; k++) {
        const vertex = surfaceVertices[surface.triangles[3 * triangle[nearest]! + k]!]!;
        grid[3 * v + axis]! += MICROMETERS * weights[3 * nearest + k]! * mean[3 * vertex + axis]!;
      }
    }
  }
  const uv = valuesAt(landmarksOf(surface.landmarks), surface.uv, { dimensions: 2 });
  const landmarks = Array.from({ length: 68 }, (_, l) => {
    const [column, row] = [uv[2 * l]! * COLUMNS, uv[2 * l + 1]! * ROWS].map(Math.floor) as [number, number];
    return row * COLUMNS + column;
  });
  return { mean: grid, landmarks };
}

/** In the same row of the grid, or in the nearest one that has any. */
function nearestCovered(triangle: Int32Array, v: number): number {
  const [column, row] = [v % COLUMNS, Math.floor(v / COLUMNS)];
  for (let rows = 0; rows < ROWS; rows++) {
    for (const at of [row - rows, row + rows]) {
      for (let away = 0; at >= 0 && at < ROWS && away < COLUMNS; away++) {
        for (const beside of [column - away, column + away]) {
          const place = at * COLUMNS + beside;
          if (beside >= 0 && beside < COLUMNS && triangle[place]! >= 0) return place;
        }
      }
    }
  }
  throw new Error("The built-in surface covers no texel");
}

function gridTriangles(): number[] {
  const triangles: number[] = [];
  for (let row = 0; row + 1 < ROWS; row++) {
    for (let column = 0; column + 1 < COLUMNS; column++) {
      const a = row * COLUMNS + column, c = a + COLUMNS;
      triangles.push(a, a + 1, c, a + 1, c + 1, c);
    }
  }
  return triangles;
}

const [DOUBLE, SINGLE] = [{ classNumber: 6, dataType: 9 }, { classNumber: 7, dataType: 7 }];

const single = (name: string, shape: readonly number[], values: Float32Array): Variable => ({
  name,
  shape,
  values,
  ...SINGLE,
});
const double = (name: string, shape: readonly number[], values: readonly number[]): Variable => ({
  name,
  shape,
  values,
  ...DOUBLE,
});
const fromOne = (values: readonly number[]) => values.map((value) => value + 1);

/** What of the whole model's 53,490 vertices is kept: all but one in a while. */
const trimmed = Array.from({ length: WHOLE_COUNT }, (_, v) => v).filter((v) => v % 194 !== 193)
  .slice(0, VERTEX_COUNT);

function wholeOf(values: Float32Array, columns: number): Float32Array {
  const whole = new Float32Array(3 * WHOLE_COUNT * columns).fill(0.001);
  for (let column = 0; column < columns; column++) {
    trimmed.forEach((place, v) => {
      for (let axis = 0; axis < 3; axis++) {
        whole[3 * (column * WHOLE_COUNT + place) + axis] = values[3 * (column * VERTEX_COUNT + v) + axis]!;
      }
    });
  }
  return whole;
}

/** A file of MATLAB's numbers by column from points by row. */
function byColumn(points: ArrayLike<number>, dimensions: number): number[] {
  const count = points.length / dimensions;
  return Array.from({ length: points.length }, (_, i) => points[dimensions * (i % count) + Math.floor(i / count)]!);
}

const half = (values: Float32Array) => values.map((value) => value / 2);
const FLAT = { little: true, compressed: false };

/** The stand-in's mean comes in halves: of identities, and of expressions. */
export const standInFiles: Readonly<Record<string, (face: BfmStandIn) => Uint8Array>> = {
  "Model_Shape.mat": (face) =>
    matFile([
      single("mu_shape", [3 * VERTEX_COUNT, 1], half(face.mean)),
      single("w", [3 * VERTEX_COUNT, 199], face.identity),
      single("sigma", [199, 1], face.identityDeviations),
      double("tri", [3, face.triangles.length / 3], fromOne(face.triangles)),
      double("keypoints", [1, 68], fromOne(face.landmarks)),
    ], FLAT),
  "Model_Exp.mat": (face) =>
    matFile([
      double("mu_exp", [3 * VERTEX_COUNT, 1], [...half(face.mean)]),
      single("w_exp", [3 * VERTEX_COUNT, 29], face.expression),
      double("sigma_exp", [29, 1], [...face.expressionDeviations]),
    ], FLAT),
  "BFM_UV.mat": ({ uv }) => matFile([double("UV", [VERTEX_COUNT, 2], byColumn(uv, 2))], FLAT),
  "01_MorphableModel.mat": onceEach((face) =>
    matFile([
      single("shapeMU", [3 * WHOLE_COUNT, 1], wholeOf(half(face.mean), 1)),
      single("shapePC", [3 * WHOLE_COUNT, 199], wholeOf(face.identity, 199)),
      single("shapeEV", [199, 1], face.identityDeviations),
      double("tl", [1, 3], [1, 2, 3]),
    ], FLAT)
  ),
  "model_info.mat": (face) =>
    matFile([
      double("trimIndex", [VERTEX_COUNT, 1], fromOne(trimmed)),
      double("tri", [3, face.triangles.length / 3], fromOne(face.triangles)),
      double("keypoints", [1, 68], fromOne(face.landmarks)),
    ], FLAT),
  "BFM.mat": (face) =>
    join([
      matHeader(FLAT),
      matStruct("model", [
        single("shapeMU", [3 * VERTEX_COUNT, 1], half(face.mean)),
        single("shapePC", [3 * VERTEX_COUNT, 199], face.identity),
        single("shapeEV", [199, 1], face.identityDeviations),
        single("texMU", [3, 1], Float32Array.of(1, 2, 3)),
        double("tri", [3, face.triangles.length / 3], fromOne(face.triangles)),
        double("kpt_ind", [1, 68], fromOne(face.landmarks)),
        double("expMU", [3 * VERTEX_COUNT, 1], [...half(face.mean)]),
        single("expPC", [3 * VERTEX_COUNT, 29], face.expression),
        double("expEV", [29, 1], [...face.expressionDeviations]),
      ], FLAT),
    ]),
  "whole/BFM_UV.mat": ({ uv }) => {
    const whole = new Float32Array(2 * WHOLE_COUNT).fill(0.5);
    trimmed.forEach((place, v) => whole.set(uv.subarray(2 * v, 2 * v + 2), 2 * place));
    return matFile([double("UV", [WHOLE_COUNT, 2], byColumn(whole, 2))], FLAT);
  },
  "Exp_Pca.bin": ({ expression }) => {
    const bytes = new Uint8Array(4 + 4 * 3 * VERTEX_COUNT * 80);
    new DataView(bytes.buffer).setInt32(0, 79, true);
    bytes.set(new Uint8Array(expression.buffer), 4 + 4 * 3 * VERTEX_COUNT);
    return bytes;
  },
  "std_exp.txt": () => new TextEncoder().encode(Array.from({ length: 79 }, (_, k) => `${1000 + k} `).join("")),
};

/** Writes some of the stand-in's files as people have them. Those of "whole/" lose it. */
export async function writeStandIn(folder: string, face: BfmStandIn, names: readonly string[]): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const name of names) {
    await Deno.writeFile(`${folder}/${name.split("/").at(-1)}`, standInFiles[name]!(face));
  }
}
