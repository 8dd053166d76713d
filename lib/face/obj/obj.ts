import OBJFile from "obj-file-parser";
import { InputError } from "@/lib/errors.ts";

/** A mesh of polygons as an OBJ file has it, its parts told apart by material. */
export interface ObjMesh {
  /** [vertexCount, 3], in the file's unit. */
  readonly positions: Float64Array;
  /** [uvCount, 2], u right and v up. */
  readonly uv: Float64Array;
  readonly polygons: readonly ObjPolygon[];
}

export interface ObjPolygon {
  readonly material: string;
  /** Zero-based; three or more. */
  readonly vertices: readonly number[];
  /** Zero-based, one for each vertex. */
  readonly uvs: readonly number[];
}

/** What obj-file-parser, which has no types of its own, gives. Its indices start at 1; 0 stands for none. */
interface ParsedObj {
  readonly models: readonly {
    readonly vertices: readonly { readonly x: number; readonly y: number; readonly z: number }[];
    readonly textureCoords: readonly { readonly u: number; readonly v: number }[];
    readonly faces: readonly {
      readonly material: string;
      readonly vertices: readonly { readonly vertexIndex: number; readonly textureCoordsIndex: number }[];
    }[];
  }[];
}

/** Reads an OBJ file's text; `path` is for messages. Throws an InputError for anything that is not a whole mesh. */
export function parseObj(text: string, path: string): ObjMesh {
  if (!text.endsWith("\n")) throw new InputError(`Cannot read ${path}: it ends within a line (is it truncated?)`);
  const { models } = parse(text, path);
  // Indices run through the whole file, whatever objects it is divided into.
  const vertices = models.flatMap((model) => model.vertices);
  const coordinates = models.flatMap((model) => model.textureCoords);
  const positions = new Float64Array(3 * vertices.length);
  vertices.forEach(({ x, y, z }, i) => positions.set([x, y, z], 3 * i));
  const uv = new Float64Array(2 * coordinates.length);
  coordinates.forEach(({ u, v }, i) => uv.set([u, v], 2 * i));
  checkNumbers(text, "v", 3, positions, path);
  checkNumbers(text, "vt", 2, uv, path);
  const index = (found: number, count: number, what: string) => {
    if (found >= 1 && found <= count) return found - 1;
    throw new InputError(
      `Cannot read ${path}: a face uses ${what} ${found}, but the file has ${what} 1 to ${count} (is it truncated?)`,
    );
  };
  const polygons = models.flatMap((model) => model.faces).map(({ material, vertices: corners }) => ({
    material,
    vertices: corners.map(({ vertexIndex }) => index(vertexIndex, vertices.length, "vertex")),
    uvs: corners.map(({ textureCoordsIndex }) => index(textureCoordsIndex, coordinates.length, "texture coordinate")),
  }));
  return { positions, uv, polygons };
}

/**
 * Reads only the vertices of an OBJ file that must be another shape of the same mesh: everything after its vertices
 * must be, letter for letter, what stands in `mesh`, the text of that mesh's file.
 */
export function parseObjShape(text: string, path: string, mesh: string): Float64Array {
  const [start, meshStart] = [afterVertices(text), afterVertices(mesh)];
  if (text.length - start !== mesh.length - meshStart || text.slice(start) !== mesh.slice(meshStart)) {
    throw new InputError(
      `Cannot read ${path}: its texture coordinates and faces are not those of the neutral mesh (is it truncated?)`,
    );
  }
  const { positions } = parseObj(text.slice(0, start + 1), path);
  return positions;
}

function afterVertices(text: string): number {
  const start = text.indexOf("\nvt ");
  return start < 0 ? text.length : start;
}

function parse(text: string, path: string): ParsedObj {
  try {
    return new OBJFile(text).parse();
  } catch (error) {
    const reason = String(error).replaceAll("undefined", ""); // for a path and a line number that it never knows
    throw new InputError(`Cannot read ${path}: ${reason}`);
  }
}

/** The parser takes a missing number for 0 and a number's beginning for the number, so lines are checked apart. */
function checkNumbers(text: string, keyword: string, count: number, numbers: Float64Array, path: string): void {
  const line = new RegExp(
    `^${keyword}(?:[ \\t]+[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?){${count}}[ \\t\\r]*$`,
    "gm",
  );
  const whole = text.match(line)?.length ?? 0;
  if (whole * count === numbers.length && numbers.every(Number.isFinite)) return;
  const some = text.match(new RegExp(`^${keyword}[ \\t].*$`, "gm"))?.find((found) => !found.match(line)) ?? "";
  throw new InputError(
    `Cannot read ${path}: found the line "${some.trim()}", wanted "${keyword}" and ${count} numbers`,
  );
}
