import { dirname, isAbsolute, relative } from "node:path";
import * as z from "zod";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { cacheFolder, type FileFacts, fileFacts, parseJson, readText, refuseFile } from "@/lib/files.ts";
import { fingerprint, keptModel } from "@/lib/face/model_file.ts";
import { landmarkEntries, renumberPoints } from "@/lib/face/landmarks.ts";
import { materialNames, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { landmarkLists, listLandmarks, parseLandmarks } from "@/lib/face/obj/landmark_lists.ts";
import { parseObj } from "@/lib/face/obj/obj.ts";
import { objModel } from "@/lib/face/obj/obj_model.ts";
import { drawnModel } from "@/lib/face/openness.ts";

const axis = z.enum(["x", "y", "z", "-x", "-y", "-z"]);

/** What a face's JSON file says; files are named relative to it, in its folder or below. See `ObjModelParts` for what each means. */
const manifestSchema = z.strictObject({
  mesh: z.string(),
  landmarks: landmarkLists,
  surface: z.array(z.string()).optional(),
  materials: z.record(z.string(), z.enum([...materialNames, "hidden"])).optional(),
  axes: z.tuple([axis, axis, axis]).optional(),
  identity: z.array(z.string()).optional(),
  expression: z.record(z.string(), z.string()).optional(),
});

/** The content of a `face.json`; see {@linkcode loadObjModel}. */
export type ObjManifest = z.infer<typeof manifestSchema>;

/** A folder's manifest, where the folder and not the manifest is named. */
const MANIFEST = "face.json";

export interface ObjFilesOptions {
  /** Where the converted model is kept; posmap's cache folder unless given. */
  readonly cacheFolder?: string;
}

/**
 * The face model of any OBJ with texture coordinates, by its JSON manifest or the folder that holds it as face.json:
 * `{ "mesh": "head.obj", "landmarks": [68 vertices from 0], "identity": ["wide.obj"], "expression": { "jawOpen":
 * "open.obj" } }`, the last two optional, further shapes of the same mesh. A landmark may also be a point between three
 * vertices, `[a, b, c, share of a, share of b, share of c]`, and `landmarks` an object of such lists by convention. The model
 * is converted once and kept.
 *
 * Throws an InputError where a file is missing or damaged, or the mesh cannot be the surface of a position map.
 */
export async function loadObjModel(given: string, options: ObjFilesOptions = {}): Promise<MorphableModel> {
  const { isDirectory: isFolder } = await Deno.stat(given).catch((error) => {
    throw new InputError(`Cannot read ${given}: ${reasonOf(error)}; a folder with a ${MANIFEST} is wanted`);
  });
  const path = isFolder ? `${given}/${MANIFEST}` : given;
  const text = await readText(path);
  const manifest = parseJson(text, { path, schema: manifestSchema });
  const folder = dirname(path);
  const names = [manifest.mesh, ...manifest.identity ?? [], ...Object.values(manifest.expression ?? {})];
  const facts: FileFacts[] = [];
  for (const name of names) {
    const real = await Deno.realPath(`${folder}/${name}`).catch((error) => refuseFile(`${folder}/${name}`, error));
    const inside = relative(await Deno.realPath(folder), real);
    if (isAbsolute(inside) || /^\.\.(?:[/\\]|$)/.test(inside)) {
      throw new InputError(`Cannot read ${path}: it names ${name}, which lies outside of its folder`);
    }
    facts.push(await fileFacts(real));
  }
  const cache = options.cacheFolder ?? await cacheFolder();
  return await keptModel(`${cache}/obj-${fingerprint(await Deno.realPath(path))}.model`, {
    stamp: fingerprint(text + JSON.stringify(facts)),
    make: () => convert(manifest, folder),
  });
}

async function convert({ mesh: name, landmarks, identity, expression, ...rest }: ObjManifest, folder: string) {
  const read = async (file: string) => parseObj(await readText(`${folder}/${file}`), `${folder}/${file}`);
  const path = `${folder}/${name}`;
  const mesh = await read(name);
  const faces = JSON.stringify(mesh.polygons.map(({ vertices }) => vertices));
  const readShape = async (file: string) => {
    const { positions, polygons } = await read(file);
    if (positions.length !== mesh.positions.length) {
      throw new InputError(
        `Cannot use ${folder}/${file}: it has ${positions.length / 3} vertices, wanted ${mesh.positions.length / 3} ` +
          `as in ${path}`,
      );
    }
    if (JSON.stringify(polygons.map(({ vertices }) => vertices)) === faces) return positions;
    throw new InputError(`Cannot use ${folder}/${file}: its polygons are not those of ${path}`);
  };
  const expressions: Record<string, Float64Array> = {};
  for (const [key, file] of Object.entries(expression ?? {})) expressions[key] = await readShape(file);
  return drawnModel(
    objModel({
      ...rest,
      landmarks: parseLandmarks(landmarks, path),
      path,
      mesh,
      identity: await Array.fromAsync(identity ?? [], readShape),
      expression: expressions,
    }),
  );
}

/**
 * Undoes {@linkcode loadObjModel}: writes a model to a new or empty folder, as face.json, head.obj and an OBJ for each
 * of its modes, to be changed in any program for meshes.
 */
export async function writeObjModel(model: MorphableModel, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const shape = (mode?: Float32Array) => formatObj(model, mode);
  const identity = model.identityModes.map((_, m) => `identity${String(m).padStart(3, "0")}.obj`);
  const expression = Object.fromEntries(model.expressionNames.map((name) => [name, `${name}.obj`]));
  await Deno.writeTextFile(`${folder}/head.obj`, shape());
  for (const [m, file] of identity.entries()) {
    await Deno.writeTextFile(`${folder}/${file}`, shape(model.identityModes[m]));
  }
  for (const [m, file] of Object.values(expression).entries()) {
    await Deno.writeTextFile(`${folder}/${file}`, shape(model.expressionModes[m]));
  }
  const landmarks = listLandmarks(
    Object.fromEntries(
      landmarkEntries(model.surface.landmarks).map(([name, points]) => [
        name,
        renumberPoints(points, model.surfaceVertices),
      ]),
    ),
  );
  const manifest: ObjManifest = { mesh: "head.obj", landmarks, surface: [SURFACE], identity, expression };
  await Deno.writeTextFile(`${folder}/${MANIFEST}`, JSON.stringify(manifest, undefined, 2) + "\n");
}

/** The material of what the position map covers. */
const SURFACE = "face";

/** Vertices one unit of a mode from the mean; what is not of the surface has its first texture coordinates. */
function formatObj(
  { mean, triangles, materials, surface, surfaceVertices }: MorphableModel,
  mode?: Float32Array,
): string {
  const vertexOf = (corner: number) => surfaceVertices[corner]!;
  const isCovered = new Set(rows(surface.triangles).map((corners) => corners.map(vertexOf).sort().join()));
  const rest = rows(triangles)
    .map((corners, t) => ({ corners, material: materialNames[materials[t]!]! }))
    .filter(({ corners }) => !isCovered.has([...corners].sort().join()));
  const byMaterial = Map.groupBy(rest, ({ material }) => material);
  const face = (corners: readonly (readonly [number, number])[]) =>
    `f ${corners.map(([vertex, uv]) => `${vertex + 1}/${uv + 1}`).join(" ")}`;
  return [
    ...rows(mean.map((value, i) => value + (mode ? mode[i]! : 0))).map((point) => `v ${point.map(plain).join(" ")}`),
    ...Array.from(
      { length: surface.uv.length / 2 },
      (_, v) => `vt ${plain(surface.uv[2 * v]!)} ${plain(1 - surface.uv[2 * v + 1]!)}`,
    ),
    `usemtl ${SURFACE}`,
    ...rows(surface.triangles).map((corners) => face(corners.map((corner) => [vertexOf(corner), corner]))),
    ...[...byMaterial].flatMap(([material, of]) => [
      `usemtl ${material}`,
      ...of.map(({ corners }) => face(corners.map((vertex) => [vertex, 0]))),
    ]),
    "",
  ].join("\n");
}

function rows(values: Float32Array | Uint32Array): number[][] {
  return Array.from({ length: values.length / 3 }, (_, i) => [values[3 * i]!, values[3 * i + 1]!, values[3 * i + 2]!]);
}

/** As few digits as single precision has. */
function plain(value: number): string {
  return String(Number(value.toPrecision(9)));
}
