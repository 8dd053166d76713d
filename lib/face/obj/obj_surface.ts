import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import type { ObjMesh, ObjPolygon } from "@/lib/face/obj/obj.ts";
import { regionsFromLandmarks } from "@/lib/face/regions.ts";

export interface ObjSurfaceOptions {
  /** [68] vertices of the file, in Multi-PIE order; each is a corner of one of the polygons. */
  readonly landmarks: readonly number[];
  /** Whether the texture coordinates are stretched to fill [0, 1]²; else they must lie in it. */
  readonly stretch: boolean;
}

/** The surface that these polygons of a mesh make, its `surfaceVertices` numbers of the file's vertices. */
export function surfaceOf(
  polygons: readonly ObjPolygon[],
  mesh: ObjMesh,
  { landmarks, stretch }: ObjSurfaceOptions,
): Pick<MorphableModel, "surface" | "surfaceVertices"> {
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
  const surfaceLandmarks = landmarks.map((vertex) => corners.findIndex((corner) => corner.vertex === vertex));
  const positions = Float32Array.from(
    corners.flatMap(({ vertex }) => [...mesh.positions.subarray(3 * vertex, 3 * vertex + 3)]),
  );
  const uv = corners.map(({ uv }) => [mesh.uv[2 * uv]!, mesh.uv[2 * uv + 1]!] as const);
  return {
    surface: {
      uv: stretch ? stretchedUv(uv) : Float32Array.from(uv.flatMap(([u, v]) => [u, 1 - v])),
      triangles: Uint32Array.from(triangles),
      landmarks: Uint32Array.from(surfaceLandmarks),
      regions: regionsFromLandmarks(positions, surfaceLandmarks),
    },
    surfaceVertices: Uint32Array.from(corners, ({ vertex }) => vertex),
  };
}

export function triangulate<T>(polygon: readonly T[]): [T, T, T][] {
  return Array.from({ length: polygon.length - 2 }, (_, i) => [polygon[0]!, polygon[i + 1]!, polygon[i + 2]!]);
}

/** Stretched to fill [0, 1]², v turned to go down. */
function stretchedUv(uv: readonly (readonly [number, number])[]): Float32Array {
  const [left, right] = range(uv.map(([u]) => u));
  const [bottom, top] = range(uv.map(([, v]) => v));
  return Float32Array.from(uv.flatMap(([u, v]) => [(u - left) / (right - left), (top - v) / (top - bottom)]));
}

function range(values: readonly number[]): [number, number] {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}
