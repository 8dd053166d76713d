import { InputError } from "@/lib/errors.ts";
import type { FaceSurface, MorphableModel } from "@/lib/face/morphable_model.ts";
import type { ObjMesh, ObjPolygon } from "@/lib/face/obj/obj.ts";
import { landmarkEntries, type MeshPoints, outlineOf, type SurfaceLandmarks, valuesAt } from "@/lib/face/landmarks.ts";
import { regionsFromLandmarks } from "@/lib/face/regions.ts";
import { boundsOf, pointsAt } from "@/lib/geometry/vectors.ts";

export interface LayoutOptions {
  /** The mesh's file, for messages. */
  readonly path: string;
  /** Whether the texture coordinates are stretched to fill [0, 1]²; else they must lie in it. */
  readonly stretch: boolean;
}

export interface ObjSurfaceOptions extends LayoutOptions {
  /** Points between the file's vertices; those that a point is made of are corners of one of the polygons. */
  readonly landmarks: SurfaceLandmarks;
}

/** Polygons in UV space. */
export interface ObjLayout extends Pick<FaceSurface, "uv" | "triangles">, Pick<MorphableModel, "surfaceVertices"> {
  /** The surface's vertex that has a vertex and texture coordinates of the file. */
  readonly indexOf: (vertex: number, uv: number) => number;
}

/** Where these polygons of a mesh lie in UV space. Throws an InputError where they have no texture coordinates. */
export function layOut(polygons: readonly ObjPolygon[], mesh: ObjMesh, { path, stretch }: LayoutOptions): ObjLayout {
  const bare = polygons.find(({ uvs }) => uvs.length === 0);
  if (bare) {
    throw new InputError(
      `Cannot use ${path} as a face: polygons of its surface ("${bare.material}") have no texture coordinates, ` +
        "wanted them from a UV layout",
    );
  }
  const pairs = new Map<string, { readonly index: number; readonly vertex: number; readonly uv: number }>();
  const indexOf = (vertex: number, uv: number) => {
    const key = [vertex, mesh.uv[2 * uv], mesh.uv[2 * uv + 1]].join("/"); // a file may list coordinates twice
    if (!pairs.has(key)) pairs.set(key, { index: pairs.size, vertex, uv });
    return pairs.get(key)!.index;
  };
  const triangles = polygons.flatMap(({ vertices, uvs }) =>
    triangulate(vertices.map((vertex, corner) => indexOf(vertex, uvs[corner]!))).flat()
  );
  const corners = [...pairs.values()];
  const uv = corners.map(({ uv }) => [mesh.uv[2 * uv]!, mesh.uv[2 * uv + 1]!] as const);
  return {
    uv: stretch ? stretchedUv(uv) : Float32Array.from(uv.flatMap(([u, v]) => [u, 1 - v])),
    triangles: Uint32Array.from(triangles),
    surfaceVertices: Uint32Array.from(corners, ({ vertex }) => vertex),
    indexOf,
  };
}

/**
 * The surface that these polygons of a mesh make, its `surfaceVertices` numbers of the file's vertices. Throws an
 * InputError where they have no texture coordinates, or a landmark is not on one of them.
 */
export function surfaceOf(
  polygons: readonly ObjPolygon[],
  mesh: ObjMesh,
  { landmarks, ...options }: ObjSurfaceOptions,
): Pick<MorphableModel, "surface" | "surfaceVertices"> {
  const { uv, triangles, surfaceVertices, indexOf } = layOut(polygons, mesh, options);
  const onSurface = (points: MeshPoints): MeshPoints => ({
    ...points,
    vertices: cornersOf(points, { path: options.path, polygons, indexOf }),
  });
  const positions = pointsAt(mesh.positions, surfaceVertices);
  const surfaceLandmarks: SurfaceLandmarks = Object.fromEntries(
    landmarkEntries(landmarks).map(([convention, points]) => [convention, onSurface(points)]),
  );
  const regions = regionsFromLandmarks(positions, valuesAt(outlineOf(surfaceLandmarks), positions));
  return { surface: { uv, triangles, landmarks: surfaceLandmarks, regions }, surfaceVertices };
}

/** [pointCount, 3]: a vertex on a seam has several corners; a point's are those of one polygon. */
function cornersOf(
  { vertices, weights }: MeshPoints,
  { path, polygons, indexOf }: {
    readonly path: string;
    readonly polygons: readonly ObjPolygon[];
    readonly indexOf: (vertex: number, uv: number) => number;
  },
): Uint32Array {
  const corners = new Uint32Array(vertices.length);
  for (let start = 0; start < vertices.length; start += 3) {
    const used = [0, 1, 2].filter((k) => weights[start + k]! > 0).map((k) => vertices[start + k]!);
    const polygon = polygons.find((polygon) => used.every((vertex) => polygon.vertices.includes(vertex)));
    if (!polygon) {
      throw new InputError(
        `Cannot use ${path} as a face: vertices ${used.join(", ")} of landmark ${
          start / 3
        } are not of one polygon of its surface`,
      );
    }
    const cornerOf = (vertex: number) => indexOf(vertex, polygon.uvs[polygon.vertices.indexOf(vertex)]!);
    for (let k = 0; k < 3; k++) {
      corners[start + k] = cornerOf(weights[start + k]! > 0 ? vertices[start + k]! : used[0]!);
    }
  }
  return corners;
}

/** A fan of triangles, without those that a corner named twice would make. */
export function triangulate<T>(polygon: readonly T[]): [T, T, T][] {
  return Array.from(
    { length: polygon.length - 2 },
    (_, i): [T, T, T] => [polygon[0]!, polygon[i + 1]!, polygon[i + 2]!],
  ).filter((corners) => new Set(corners).size === 3);
}

/** Stretched to fill [0, 1]², v turned to go down. */
function stretchedUv(uv: readonly (readonly [number, number])[]): Float32Array {
  const { low: [left, bottom], high: [right, top] } = boundsOf(uv.flatMap(([u, v]) => [u, v, 0]));
  return Float32Array.from(uv.flatMap(([u, v]) => [(u - left) / (right - left), (top - v) / (top - bottom)]));
}
