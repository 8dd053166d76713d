import { InputError } from "@/lib/errors.ts";
import { ArrayReader, rowsOf } from "@/lib/face/heads/array_reader.ts";
import type { Head } from "@/lib/face/heads/head.ts";
import { LANDMARK_COUNT, type SurfaceLandmarks, vertexPoints } from "@/lib/face/landmarks.ts";
import { type MaterialName, materialNames } from "@/lib/face/morphable_model.ts";
import type { ObjMesh } from "@/lib/face/obj/obj.ts";
import { takesTooMuch, TRIANGLE_BYTES } from "@/lib/face/heads/memory.ts";
import type { Npz } from "@/lib/formats/npz.ts";

/**
 * Any linear model of faces, as an NPZ of these arrays, all numbers of any type, vertices counted from 0:
 *
 *     mean              [n, 3]     vertices: x to the image's right, y up, z to the viewer, in any unit
 *     triangles         [t, 3]
 *     uv                [n, 2]     u right and v up, in [0, 1]; or [m, 2], with
 *     uv_triangles      [t, 3]       the texture coordinates of each triangle's corners
 *     identity          [i, n, 3]  modes: the change of one standard deviation
 *     expression        [e, n, 3]  modes: the change from rest to fully made
 *     expression_names  [e]        texts, as ARKit has them where it does: "jawOpen", "eyeBlinkLeft" or "eyeBlink_L"
 *     landmarks         [68]       vertices in Multi-PIE's order, on outlines as seen from the front; or [68, 3], with
 *     landmark_weights  [68, 3]      the shares of these three vertices of a triangle
 *     landmarks_300w_lp, landmark_weights_300w_lp   the same as `pt3d_68` of 300W-LP has them
 *     materials         [t]        texts: "skin", "sclera", "iris", "pupil", "lashes", "teeth", "gums", "scalp"
 *     surface           [t]        true for triangles that the position map covers: those of skin, unless given
 *     license           a text, which models that learned from these faces tell of
 *
 * Only `mean`, `triangles` and `uv` must be there. Throws an InputError where one of them is missing, or an array does not have
 * the shape that it must have, or numbers that are none.
 */
export function npzHead(npz: Npz): Omit<Head, "axes"> {
  if (npz.names.includes("v_template")) {
    throw new InputError(
      `Cannot read ${npz.path} as a head: it is of FLAME's kind, which \`deno task prepare flame\` takes`,
    );
  }
  const arrays = new ArrayReader(npz);
  const mean = arrays.numbers("mean", ["n", 3]);
  const triangles = arrays.indices("triangles", ["t", 3], "n");
  if (takesTooMuch(TRIANGLE_BYTES * arrays.length("t"), npz.size)) {
    arrays.refuse("triangles", `${arrays.length("t")} in a file of ${npz.size} bytes`, "fewer");
  }
  const isSeamed = arrays.has("uv_triangles");
  const uv = arrays.numbers("uv", [isSeamed ? "m" : "n", 2]);
  const uvTriangles = isSeamed ? arrays.indices("uv_triangles", ["t", 3], "m") : triangles;
  const materials = arrays.has("materials") ? materialsOf(arrays) : undefined;
  const covered = arrays.has("surface") ? arrays.numbers("surface", ["t"]) : undefined;
  const polygons = Array.from({ length: triangles.length / 3 }, (_, t) => ({
    material: (covered?.[t] ? COVERED : "") + (materials?.[t] ?? "skin"),
    vertices: [...triangles.subarray(3 * t, 3 * t + 3)],
    uvs: [...uvTriangles.subarray(3 * t, 3 * t + 3)],
  }));
  const used = [...new Set(polygons.map(({ material }) => material))];
  const mesh: ObjMesh = { positions: mean, uv, polygons };
  const shapes = (modes: Float64Array[]) => modes.map((mode) => mode.map((value, i) => value + mean[i]!));
  const identity = arrays.has("identity") ? rowsOf(arrays.numbers("identity", ["i", "n", 3]), mean.length) : [];
  const expression = arrays.has("expression") ? rowsOf(arrays.numbers("expression", ["e", "n", 3]), mean.length) : [];
  const names = arrays.has("expression_names")
    ? arrays.texts("expression_names", expression.length)
    : expression.map((_, mode) => `expression ${mode}`);
  if (new Set(names).size < names.length) arrays.refuse("expression_names", "one of them twice", "each once");
  const landmarks = landmarksIn(arrays);
  return {
    path: npz.path,
    mesh,
    ...covered && { surface: used.filter((name) => name.startsWith(COVERED)) },
    materials: Object.fromEntries(used.map((name) => [name, name.replace(COVERED, "") as MaterialName])),
    identity: shapes(identity),
    expression: Object.fromEntries(shapes(expression).map((shape, mode) => [names[mode]!, shape])),
    ...Object.keys(landmarks).length > 0 && { landmarks },
    ...arrays.has("license") && { license: arrays.texts("license", 1)[0]! },
  };
}

/** Before the material of what the map covers, where the file says what that is. */
const COVERED = "covered ";

function materialsOf(arrays: ArrayReader): string[] {
  const materials = arrays.texts("materials", arrays.length("t"));
  const wrong = materials.find((name) => !materialNames.includes(name as MaterialName));
  return wrong === undefined ? materials : arrays.refuse("materials", `"${wrong}"`, materialNames.join(", "));
}

function landmarksIn(arrays: ArrayReader): SurfaceLandmarks {
  const conventions = [["outline", ""], ["300w-lp", "_300w_lp"]] as const;
  return Object.fromEntries(conventions.flatMap(([convention, suffix]) => {
    const [name, weightsName] = [`landmarks${suffix}`, `landmark_weights${suffix}`];
    if (!arrays.has(name)) return [];
    if (!arrays.has(weightsName)) return [[convention, vertexPoints(arrays.indices(name, [LANDMARK_COUNT], "n"))]];
    const shape = [LANDMARK_COUNT, 3];
    return [[convention, { vertices: arrays.indices(name, shape, "n"), weights: arrays.weights(weightsName, shape) }]];
  }));
}
