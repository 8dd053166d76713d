import { InputError } from "@/lib/errors.ts";

/** A mesh of polygons as an OBJ file has it, its parts named by material. */
export interface ObjMesh {
  /** [vertexCount, 3], in the file's unit. */
  readonly positions: Float64Array;
  /** [uvCount, 2], u right and v up. */
  readonly uv: Float64Array;
  readonly polygons: readonly ObjPolygon[];
}

export interface ObjPolygon {
  /** The name of its group where the file names no materials, or else of its object; "default" where it names none. */
  readonly material: string;
  /** Zero-based; three or more. */
  readonly vertices: readonly number[];
  /** Zero-based, one for each vertex; none where the polygon has no texture coordinates. */
  readonly uvs: readonly number[];
}

/** Polygons and their corners, of which scanned heads have a tenth: a JavaScript engine's memory has an end. */
const [MOST_POLYGONS, MOST_CORNERS] = [3e6, 12e6];

/**
 * Reads an OBJ file's text, whichever program wrote it, in a time in proportion to its length; `path` is for messages.
 * Colors, normals, curves and all else that is of no use here are passed over. Throws an InputError for anything that
 * is not a whole mesh.
 */
export function parseObj(text: string, path: string): ObjMesh {
  const refuse = (what: string): never => {
    throw new InputError(`Cannot read ${path}: ${what}`);
  };
  const partKeyword = ["usemtl", "g", "o"].find((word) => new RegExp(`^[ \\t]*${word}(?:[\\s\\\\]|$)`, "m").test(text));
  const numbers = { v: [] as number[], vt: [] as number[] };
  const polygons: ObjPolygon[] = [];
  let material = UNNAMED, cornerCount = 0;
  for (const statement of statementsOf(text)) {
    const name = partKeyword && restOf(statement, partKeyword);
    if (name !== undefined) {
      material = name.split(/\s#\s/, 1)[0]! || UNNAMED; // "Skin #2" is a name
      continue;
    }
    const data = statement.split("#", 1)[0]!.trimEnd();
    const words = data.split(/\s+/);
    const keyword = words.shift();
    const refuseLine = (wanted: string) =>
      refuse(`found the line "${data.length > 60 ? `${data.slice(0, 60)}…` : data}", wanted ${wanted}`);
    if (keyword === "v" || keyword === "vt") {
      const count = keyword === "v" ? 3 : 2; // what more there may be is a weight, colors, or a depth
      const found = words.map(Number);
      if (found.length < count || found.some(Number.isNaN) || !/^vt?[-+.\deE\s]*$/.test(data)) {
        refuseLine(`"${keyword}" and ${count} numbers`);
      }
      if (!found.every(Number.isFinite)) refuseLine("numbers of less than 1e308");
      for (let i = 0; i < count; i++) numbers[keyword].push(found[i]!);
    } else if (keyword === "f") {
      const corners = cornersOf(words, { vertexCount: numbers.v.length / 3, uvCount: numbers.vt.length / 2 });
      polygons.push(
        corners ? { material, ...corners } : refuseLine('"f" and three or more corners, all such as 1/1, 1 or -1/-1'),
      );
      if (polygons.length > MOST_POLYGONS || (cornerCount += words.length) > MOST_CORNERS) {
        refuse(`it has more than ${MOST_POLYGONS} polygons or ${MOST_CORNERS} corners of them`);
      }
    }
  }
  const [positions, uv] = [Float64Array.from(numbers.v), Float64Array.from(numbers.vt)];
  const checkIndices = (indices: readonly number[], count: number, what: string) => {
    const found = indices.find((index) => index >= count);
    if (found !== undefined) refuse(`a face uses ${what} ${found + 1}, but the file has ${count} of them`);
  };
  for (const { vertices, uvs } of polygons) {
    checkIndices(vertices, positions.length / 3, "vertex");
    checkIndices(uvs, uv.length / 2, "texture coordinate");
  }
  return { positions, uv, polygons };
}

/**
 * Reads only the vertices of an OBJ file that must be another shape of the same mesh: everything after its vertices
 * must be, letter for letter, what stands in `mesh`, the text of that mesh's file.
 */
export function parseObjShape(text: string, path: string, mesh: string): Float64Array {
  const [start, meshStart] = [afterVertices(text), afterVertices(mesh)];
  const [rest, meshRest] = [text.slice(start), mesh.slice(meshStart)];
  if (rest !== meshRest) {
    const doubt = meshRest.startsWith(rest) ? " (is it truncated?)" : "";
    throw new InputError(
      `Cannot read ${path}: its texture coordinates and faces are not those of the neutral mesh${doubt}`,
    );
  }
  const { positions } = parseObj(text.slice(0, start), path);
  return positions;
}

function afterVertices(text: string): number {
  const start = text.indexOf("\nvt ");
  return start < 0 ? text.length : start;
}

const UNNAMED = "default";

/** Without comments that take a line; a line that ends with a backslash goes on in the next. */
function* statementsOf(text: string): Generator<string> {
  let begun = "";
  for (const [, line] of text.matchAll(/([^\r\n]*)(?:\r\n?|\n|$)/g)) { // not all at once: they would take many times the text
    const trimmed = line!.trim(); // of a byte order mark, too
    if (trimmed.startsWith("#")) continue;
    if (trimmed.endsWith("\\") && !trimmed.includes("#")) {
      begun += `${trimmed.slice(0, -1)} `;
      continue;
    }
    yield begun + trimmed;
    begun = "";
  }
  yield begun;
}

/** What follows a statement's keyword, if it is this one. */
function restOf(statement: string, keyword: string): string | undefined {
  const isIt = statement.startsWith(keyword) && /^\s?$/.test(statement.charAt(keyword.length));
  return isIt ? statement.slice(keyword.length).trim() : undefined;
}

/** Undefined where these are no corners of a polygon; those past what the file has are found later. */
function cornersOf(
  words: readonly string[],
  { vertexCount, uvCount }: { readonly vertexCount: number; readonly uvCount: number },
): Pick<ObjPolygon, "vertices" | "uvs"> | undefined {
  const uvs: number[] = [];
  const vertices = words.map((word) => {
    const [, vertex, uv] = /^([-+]?\d+)(?:\/([-+]?\d+)?(?:\/(?:[-+]?\d+)?)?)?$/.exec(word) ?? [];
    if (uv !== undefined) uvs.push(fromZero(Number(uv), uvCount));
    return vertex === undefined ? -1 : fromZero(Number(vertex), vertexCount);
  });
  const isWhole = vertices.length >= 3 && (uvs.length === 0 || uvs.length === vertices.length);
  return isWhole && vertices.every((index) => index >= 0) && uvs.every((index) => index >= 0)
    ? { vertices, uvs: uvs.slice() } // what grew has room for more
    : undefined;
}

/** OBJ's indices start at 1, or at -1 from the last one so far; below 0 where there is none. */
function fromZero(index: number, count: number): number {
  return index < 0 ? count + index : index - 1;
}
