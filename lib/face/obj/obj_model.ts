import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { sidedNames } from "@/lib/face/expression_names.ts";
import {
  LANDMARK_COUNT,
  landmarkEntries,
  type MeshPoints,
  outlineOf,
  type SurfaceLandmarks,
  valuesAt,
} from "@/lib/face/landmarks.ts";
import {
  checkModel,
  type FaceSurface,
  type MaterialName,
  materialNames,
  type MorphableModel,
} from "@/lib/face/morphable_model.ts";
import type { ObjMesh, ObjPolygon } from "@/lib/face/obj/obj.ts";
import { checkFacing, flipped, noseFacesViewer } from "@/lib/face/orientation.ts";
import { layOut, surfaceOf, triangulate } from "@/lib/face/obj/obj_surface.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";
import { uvMesh } from "@/lib/geometry/uv_mesh.ts";
import { boundsOf, distanceBetween, meanPoint } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";

/** The file's axes, or their opposites, that point right (as the viewer sees the face), up and to the viewer. */
export type ObjAxes = readonly [ObjAxis, ObjAxis, ObjAxis];
export type ObjAxis = "x" | "y" | "z" | "-x" | "-y" | "-z";

export interface ObjModelParts {
  /** The mesh's file, which is the model's name and stands in messages. */
  readonly path: string;
  /** From `parseObj`. */
  readonly mesh: ObjMesh;
  /** 68 points between the mesh's vertices, in Multi-PIE order. */
  readonly landmarks: SurfaceLandmarks;
  /** The OBJ's materials that the position map covers: all that are skin unless given. */
  readonly surface?: readonly string[] | undefined;
  /** What the OBJ's materials are made of, where their names do not tell. */
  readonly materials?: Readonly<Record<string, MaterialName | "hidden">> | undefined;
  /** The file's own, x right, y up and z to the viewer, unless given. */
  readonly axes?: ObjAxes | undefined;
  /** Vertices of other shapes of the mesh, each [vertexCount, 3]: one standard deviation of a mode from it. */
  readonly identity?: readonly Float64Array[];
  /** Likewise, each an expression fully made, by its name; see {@linkcode sidedNames}. */
  readonly expression?: Readonly<Record<string, Float64Array>>;
}

/**
 * A face model of any mesh with texture coordinates and 68 landmarks; one shape, unless others are given. Its unit does
 * not matter; polygons may be wound either way, and those without an own material of another name are skin. Texture
 * coordinates that leave [0, 1] are stretched to fill it.
 *
 * Throws an InputError where the mesh cannot be the surface of a position map.
 */
export function objModel(parts: ObjModelParts): MorphableModel {
  const { path, landmarks, identity = [], expression = {} } = parts;
  checkLandmarks(parts.mesh, landmarks, path);
  const turned = turn(parts.axes ?? ["x", "y", "z"], path);
  const origin = originOf(turned(parts.mesh.positions), outlineOf(landmarks));
  const placed = (positions: Float64Array) => turned(positions).map((value, i) => value - origin[i % 3]!);
  const mesh = { ...parts.mesh, positions: placed(parts.mesh.positions) };
  const mean = Float32Array.from(mesh.positions);
  const { materialOf, polygons, covered } = choosePolygons(parts);
  const cornerVertices = new Set(covered.flatMap(({ vertices }) => vertices));
  for (const [, { vertices, weights }] of landmarkEntries(landmarks)) {
    const outside = vertices.findIndex((vertex, k) => weights[k]! > 0 && !cornerVertices.has(vertex));
    if (outside < 0) continue;
    const landmark = Math.floor(outside / 3);
    refuse(path, `landmark ${landmark} is vertex ${vertices[outside]}, wanted a corner of the surface's polygons`);
  }
  const outline = outlineOf(landmarks);
  checkFacing(valuesAt(outline, mean), (found) => refuse(path, `${found} ("axes" turns it) and landmarks in order`));
  const surfaceParts = surfaceOf(covered, mesh, { path, landmarks, stretch: leavesSquare(covered, mesh) });
  checkFolds(surfaceParts.surface, covered, path);
  const drawn = polygons.flatMap((polygon) =>
    triangulate(polygon.vertices).map((corners) => ({ corners, material: materialOf(polygon.material) }))
  );
  const triangles = Uint32Array.from(drawn.flatMap(({ corners }) => corners));
  const isOutward = noseFacesViewer(mean, triangles, outline);
  const { surface } = surfaceParts;
  const mode = (shape: Float64Array) => Float32Array.from(placed(shape), (value, i) => value - mesh.positions[i]!);
  const model: MorphableModel = {
    name: path,
    mean,
    identityModes: identity.map(mode),
    expressionModes: Object.values(expression).map(mode),
    expressionNames: sidedNames(Object.keys(expression)),
    triangles: isOutward ? triangles : flipped(triangles),
    materials: Uint8Array.from(drawn, ({ material }) => materialNames.indexOf(material as MaterialName)),
    surface: isOutward ? surface : { ...surface, triangles: flipped(surface.triangles) },
    surfaceVertices: surfaceParts.surfaceVertices,
  };
  checkModel(model);
  return model;
}

/**
 * Throws an InputError where the polygons that the position map is to cover have no texture coordinates, or such as overlap:
 * wherever the landmarks are, they are no surface.
 */
export function checkLayout(parts: Omit<ObjModelParts, "landmarks">): void {
  const { mesh, path } = parts, { covered } = choosePolygons(parts);
  checkFolds(layOut(covered, mesh, { path, stretch: leavesSquare(covered, mesh) }), covered, path);
}

/** Whether some texture coordinates are outside of [0, 1]². */
function leavesSquare(polygons: readonly ObjPolygon[], { uv }: ObjMesh): boolean {
  return polygons.some(({ uvs }) =>
    uvs.some((t) => [uv[2 * t]!, uv[2 * t + 1]!].some((value) => !(value >= 0 && value <= 1)))
  );
}

function refuse(path: string, what: string): never {
  throw new InputError(`Cannot use ${path} as a face: ${what}`);
}

/** Takes [n, 3] from the file's axes to the model's. */
export function turn(axes: ObjAxes, path: string): (positions: Float64Array) => Float64Array {
  const columns = axes.map((axis) => ({ from: "xyz".indexOf(axis.at(-1)!), sign: axis.startsWith("-") ? -1 : 1 }));
  const [a, b, c] = columns.map(({ from }) => from) as [number, number, number];
  const parity = Math.sign((b - a) * (c - a) * (c - b)) * columns.reduce((product, { sign }) => product * sign, 1);
  if (parity !== 1) {
    refuse(path, `its axes ${axes.join(", ")} mirror it, wanted three that a turn makes of x, y, z`);
  }
  return (positions) => positions.map((_, i) => columns[i % 3]!.sign * positions[i - i % 3 + columns[i % 3]!.from]!);
}

/** Farther from 0 than this many times the landmarks' box is wide, single precision would move vertices. */
const FAR = 30;

/** What is 0 in the model: as in the file, or the middle of the face where it is so far off, as in a map of a country. */
function originOf(positions: Float64Array, outline: MeshPoints): Vec3 {
  const { low, high } = boundsOf(positions, outline.vertices);
  const middle = meanPoint([low, high]);
  return Math.hypot(...middle) > FAR * distanceBetween(low, high) ? middle : [0, 0, 0];
}

function checkLandmarks({ positions }: ObjMesh, landmarks: SurfaceLandmarks, path: string): void {
  const count = positions.length / 3;
  if (count === 0) refuse(path, "it has no vertices");
  for (const [, { vertices }] of landmarkEntries(landmarks)) {
    const found = vertices.length / 3;
    if (found !== LANDMARK_COUNT) refuse(path, `it has ${counted(found, "landmark")}, wanted 68, in Multi-PIE order`);
    const wrong = vertices.findIndex((vertex) => vertex >= count);
    if (wrong < 0) continue;
    refuse(path, `landmark ${Math.floor(wrong / 3)} is vertex ${vertices[wrong]}, wanted one from 0 to ${count - 1}`);
  }
}

/** What of a mesh is drawn, and of this what the position map covers. Throws an InputError where that is nothing. */
export function choosePolygons({ mesh, path, surface, materials = {} }: Omit<ObjModelParts, "landmarks">): {
  readonly materialOf: (name: string) => MaterialName | "hidden";
  readonly polygons: readonly ObjPolygon[];
  readonly covered: readonly ObjPolygon[];
} {
  const names = new Set(mesh.polygons.map(({ material }) => material));
  const unknown = [...surface ?? [], ...Object.keys(materials)].find((name) => !names.has(name));
  if (unknown !== undefined) {
    const known = [...names].slice(0, 20).map((name) => `"${name}"`).join(", ");
    refuse(path, `no polygon has the material "${unknown}", wanted one of ${known}`);
  }
  const materialOf = (name: string) => Object.hasOwn(materials, name) ? materials[name]! : materialByName(name);
  const covers = new Set(surface ?? [...names].filter((name) => materialOf(name) === "skin"));
  const polygons = mesh.polygons.filter(({ material }) => materialOf(material) !== "hidden");
  const covered = polygons.filter(({ material }) => covers.has(material));
  if (covered.length === 0) refuse(path, "no polygon belongs to its surface, wanted some of skin");
  return { materialOf, polygons, covered };
}

/** What names like "M_Teeth" tell; skin where they tell nothing. */
function materialByName(name: string): MaterialName {
  const words: readonly (readonly [RegExp, MaterialName])[] = [
    [/lash/i, "lashes"],
    [/tooth|teeth/i, "teeth"],
    [/gum|tongue/i, "gums"],
    [/pupil/i, "pupil"],
    [/iris/i, "iris"],
    [/sclera|eye_?ball/i, "sclera"],
    [/scalp/i, "scalp"],
  ];
  return words.find(([word]) => word.test(name))?.[1] ?? "skin";
}

/** Texels a side at which overlaps are looked for, and the share that may be: folds in nostrils and lids are small. */
const FOLD_SIZE = 512;
const MOST_FOLDED = 0.02;

/** Throws where a point of the map would stand for several points of the face. */
function checkFolds(
  surface: Pick<FaceSurface, "uv" | "triangles">,
  polygons: readonly ObjPolygon[],
  path: string,
): void {
  const flat = uvMesh(surface, FOLD_SIZE), { positions, triangles } = flat;
  let area = 0;
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [3 * triangles[t]!, 3 * triangles[t + 1]!, 3 * triangles[t + 2]!];
    const [ux, uy] = [positions[b]! - positions[a]!, positions[b + 1]! - positions[a + 1]!];
    const [wx, wy] = [positions[c]! - positions[a]!, positions[c + 1]! - positions[a + 1]!];
    area += Math.abs(ux * wy - uy * wx) / 2;
  }
  if (!(area >= 1)) refuse(path, "its texture coordinates span no area, wanted a UV layout of the whole surface");
  const { triangle } = rasterize(flat, { width: FOLD_SIZE, height: FOLD_SIZE });
  const covered = triangle.reduce((count, t) => count + (t >= 0 ? 1 : 0), 0);
  const folded = 1 - covered / area;
  if (folded <= MOST_FOLDED) return;
  const materials = [...new Set(polygons.map(({ material }) => material))];
  refuse(
    path,
    `${(100 * folded).toFixed(0)} % of its surface lies over other parts of it in UV space, wanted a layout that ` +
      `nowhere overlaps ("surface" names the materials to cover, which were ${materials.slice(0, 20).join(", ")})`,
  );
}
