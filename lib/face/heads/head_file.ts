import { InputError, reasonOf } from "@/lib/errors.ts";
import { findLandmarks } from "@/lib/face/find_landmarks.ts";
import { readGltf } from "@/lib/face/gltf/gltf.ts";
import { renumberPoints, type SurfaceLandmarks } from "@/lib/face/landmarks.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { parseObj } from "@/lib/face/obj/obj.ts";
import { landmarkLists, parseLandmarks } from "@/lib/face/obj/obj_files.ts";
import { type ObjAxes, objModel, turn } from "@/lib/face/obj/obj_model.ts";
import { triangulate } from "@/lib/face/obj/obj_surface.ts";

export interface HeadFileOptions {
  /** Of a glTF: the face's mesh; unless given, that with the most morph targets. */
  readonly mesh?: string | undefined;
  /** See `ObjModelParts`. */
  readonly surface?: readonly string[] | undefined;
  readonly axes?: ObjAxes | undefined;
  /** A JSON file: a list as face.json has it. Unless given, they are looked for. */
  readonly landmarks?: string | undefined;
  /** Whose landmarks are looked for. */
  readonly template: () => Promise<MorphableModel>;
}

export interface HeadFile {
  readonly model: MorphableModel;
  /** Where landmarks were looked for: how far the template is from the mesh, in distances between the eyes. */
  readonly error?: number | undefined;
}

/**
 * The face model of a head in an OBJ or a binary glTF file, whose morph targets are its expressions. Throws an InputError where
 * a file is damaged, or the mesh cannot be the surface of a position map.
 */
export async function readHeadFile(path: string, options: HeadFileOptions): Promise<HeadFile> {
  const { surface, axes = ["x", "y", "z"] } = options;
  const bytes = await Deno.readFile(path).catch((error) => refuse(path, reasonOf(error)));
  const isObj = /\.obj$/i.test(path);
  if (isObj && options.mesh !== undefined) refuse(path, "--mesh names a mesh of a glTF file, this is an OBJ");
  const head = isObj
    ? { mesh: parseObj(new TextDecoder().decode(bytes), path), expression: {}, vertices: undefined }
    : await readGltf(bytes, { path, mesh: options.mesh });
  let landmarks: SurfaceLandmarks, error: number | undefined;
  if (options.landmarks !== undefined) {
    const listed = await readLandmarks(options.landmarks);
    const { vertices } = head;
    landmarks = vertices ? renumbered(listed, vertices, options.landmarks) : listed;
  } else {
    const polygons = head.mesh.polygons.filter(({ material }) => surface?.includes(material) ?? true);
    const positions = Float32Array.from(turn(axes, path)(head.mesh.positions));
    const triangles = Uint32Array.from(polygons.flatMap(({ vertices }) => triangulate(vertices).flat()));
    ({ landmarks, error } = findLandmarks({ positions, triangles }, await options.template()));
  }
  const model = objModel({
    path,
    mesh: head.mesh,
    landmarks,
    axes,
    expression: head.expression,
    ...surface && { surface },
  });
  return { model, error };
}

async function readLandmarks(path: string): Promise<SurfaceLandmarks> {
  const text = await Deno.readTextFile(path).catch((error) => refuse(path, reasonOf(error)));
  let json;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refuse(path, reasonOf(error));
  }
  const { data, error } = landmarkLists.safeParse(json);
  return data ? parseLandmarks(data, path) : refuse(path, error!.issues[0]!.message);
}

/** Landmarks on vertices as a glTF has them, on those that are left. */
function renumbered(landmarks: SurfaceLandmarks, vertices: Uint32Array, path: string): SurfaceLandmarks {
  return Object.fromEntries(
    Object.entries(landmarks).map(([name, points]) => {
      const past = points!.vertices.find((vertex) => vertex >= vertices.length);
      if (past !== undefined) refuse(path, `it names vertex ${past}, but the mesh has ${vertices.length}`);
      return [name, renumberPoints(points!, vertices)];
    }),
  );
}

function refuse(path: string, what: string): never {
  throw new InputError(`Cannot read ${path}: ${what}`);
}
