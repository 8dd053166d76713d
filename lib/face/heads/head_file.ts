import { InputError } from "@/lib/errors.ts";
import { readGltf } from "@/lib/face/gltf/gltf.ts";
import type { Head } from "@/lib/face/heads/head.ts";
import { npzHead } from "@/lib/face/heads/npz_head.ts";
import { renumberPoints, type SurfaceLandmarks } from "@/lib/face/landmarks.ts";
import { parseObj } from "@/lib/face/obj/obj.ts";
import { landmarkLists, parseLandmarks } from "@/lib/face/obj/landmark_lists.ts";
import type { ObjAxes } from "@/lib/face/obj/obj_model.ts";
import { parseJson, readBytes, readText } from "@/lib/files.ts";
import { openNpz } from "@/lib/formats/npz.ts";

export interface HeadFileOptions {
  /** Name of the face's mesh in a glTF; unless given, the one with the most morph targets. */
  readonly mesh?: string | undefined;
  /** See `ObjModelParts`. */
  readonly surface?: readonly string[] | undefined;
  readonly axes?: ObjAxes | undefined;
  /** A JSON file: a list as face.json has it. Unless given, they are the file's own, where it has any. */
  readonly landmarks?: string | undefined;
}

/**
 * The head in an OBJ, in a binary glTF, whose morph targets are its expressions, or in an NPZ; see {@linkcode npzHead}. Throws
 * an InputError where a file is damaged.
 */
export async function readHead(path: string, options: HeadFileOptions): Promise<Head> {
  const { surface, mesh, axes = ["x", "y", "z"] } = options;
  const kind = /\.(obj|npz)$/i.exec(path)?.[1]?.toLowerCase() ?? "glb";
  if (kind !== "glb" && mesh !== undefined) {
    refuse(path, `--mesh names a mesh of a glTF file, this is an ${kind.toUpperCase()}`);
  }
  const { vertices, ...head } = kind === "npz"
    ? { ...npzHead(await openNpz(path)), vertices: undefined }
    : await readMesh(path, { isObj: kind === "obj", mesh });
  return {
    path,
    axes,
    ...head,
    ...vertices && { fileVertices: inverseOf(vertices, head.mesh.positions.length / 3) },
    ...surface && { surface },
    ...options.landmarks !== undefined && { landmarks: await readLandmarks(options.landmarks, vertices) },
  };
}

async function readMesh(path: string, { isObj, mesh }: { readonly isObj: boolean; readonly mesh: string | undefined }) {
  if (isObj) return { mesh: parseObj(await readText(path), path), vertices: undefined };
  const bytes = await readBytes(path);
  return await readGltf(bytes, { path, mesh });
}

/** [count], the file's first vertex that each vertex is. */
function inverseOf(vertices: Uint32Array, count: number): Uint32Array {
  const inverse = new Uint32Array(count);
  for (let v = vertices.length - 1; v >= 0; v--) inverse[vertices[v]!] = v;
  return inverse;
}

/**
 * Landmarks in a JSON file: a list as face.json has it. Throws an InputError where it is none.
 *
 * @param vertices for each vertex as a glTF has it, that of the mesh
 */
export async function readLandmarks(path: string, vertices?: Uint32Array): Promise<SurfaceLandmarks> {
  const landmarks = parseLandmarks(parseJson(await readText(path), { path, schema: landmarkLists }), path);
  return vertices ? renumbered(landmarks, vertices, path) : landmarks;
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
