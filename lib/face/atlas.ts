import { eyeCornerDistance, keyLandmarks, outlineOf, valuesAt } from "@/lib/face/landmarks.ts";
import { materialNames, meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { interpolate, rasterize } from "@/lib/geometry/rasterize.ts";
import { uvMesh } from "@/lib/geometry/uv_mesh.ts";
import { meanPoint, pointAt } from "@/lib/geometry/vectors.ts";
import { onceEach } from "@/lib/once_each.ts";
import type { Vec3 } from "@/lib/types.ts";

/**
 * Where the color of a model's faces is kept: a square texture over the surface's UV, and a color for each vertex of
 * what the surface does not cover. Both are points of the face at rest, one list after the other: texels, then
 * vertices.
 *
 * Face units: the origin lies midway between the outer corners of the eyes and 1 is their distance; x right, y up,
 * z towards the viewer. They make fields and hair the same for every model.
 */
export interface FaceAtlas {
  readonly model: MorphableModel;
  /** Texels a side. */
  readonly textureSize: number;
  /** [textureSize² + vertexCount, 3], in face units; NaN where a texel is of no use. */
  readonly points: Float32Array;
  /** The points whose color is seen, in order: texels of the surface, and vertices of what it does not cover. */
  readonly used: Uint32Array;
  /** [68, 3], in face units, on the outlines of the face's parts. */
  readonly landmarks: Float32Array;
  /** [triangleCount, 6], the texture's u, v in texels at each corner; NaN for triangles colored by their vertices. */
  readonly corners: Float32Array;
  /** [vertexCount], numbers of `materialNames`. */
  readonly vertexMaterials: Uint8Array;
  /** Model units to one face unit. */
  readonly unit: number;
  /** Model space: the origin of face units. */
  readonly origin: Vec3;
}

const atlases = onceEach((_: MorphableModel) => new Map<number, FaceAtlas>());

/** Made once for each model and size. */
export function faceAtlas(model: MorphableModel, textureSize: number): FaceAtlas {
  return atlases(model).getOrInsertComputed(textureSize, () => makeAtlas(model, textureSize));
}

function makeAtlas(model: MorphableModel, textureSize: number): FaceAtlas {
  const { mean } = model;
  const landmarks = valuesAt(meshLandmarks(model, outlineOf), mean);
  const unit = eyeCornerDistance(landmarks);
  const { rightEyeCorner, leftEyeCorner } = keyLandmarks;
  const origin = meanPoint([pointAt(landmarks, rightEyeCorner), pointAt(landmarks, leftEyeCorner)]);
  const vertices = mean.map((value, i) => (value - origin[i % 3]!) / unit);
  const points = new Float32Array(3 * textureSize ** 2 + vertices.length);
  points.set(texelPoints(model, vertices, textureSize));
  points.set(vertices, 3 * textureSize ** 2);
  const corners = cornersOf(model, textureSize);
  return {
    model,
    textureSize,
    points,
    used: usedPoints(model, { points, corners, textureSize }),
    landmarks: landmarks.map((value, i) => (value - origin[i % 3]!) / unit),
    corners,
    vertexMaterials: vertexMaterialsOf(model),
    unit,
    origin,
  };
}

function usedPoints(
  { triangles }: MorphableModel,
  { points, corners, textureSize }: Pick<FaceAtlas, "points" | "corners" | "textureSize">,
): Uint32Array {
  const start = textureSize ** 2;
  const isUsed = Uint8Array.from(
    { length: points.length / 3 },
    (_, i) => i < start && points[3 * i]! > -Infinity ? 1 : 0,
  );
  triangles.forEach((vertex, i) => {
    if (Number.isNaN(corners[2 * i])) isUsed[start + vertex] = 1;
  });
  return Uint32Array.from(isUsed.keys()).filter((i) => isUsed[i]);
}

/** The face's points at the texels' centers, continued a few texels beyond the surface's border. */
function texelPoints({ surface, surfaceVertices }: MorphableModel, vertices: Float32Array, size: number): Float32Array {
  const raster = rasterize(uvMesh(surface, size), { width: size, height: size });
  const values = { triangles: surface.triangles.map((corner) => surfaceVertices[corner]!), values: vertices };
  const points = new Float32Array(3 * size * size).fill(NaN);
  for (let i = 0; i < size * size; i++) {
    if (raster.triangle[i]! >= 0) interpolate(raster, i, values, points.subarray(3 * i, 3 * i + 3));
  }
  for (let ring = 0; ring < BORDER_TEXELS; ring++) growBorder(points, size);
  return points;
}

const BORDER_TEXELS = 3;

function growBorder(points: Float32Array, size: number): void {
  const before = points.slice();
  for (let i = 0; i < size * size; i++) {
    if (!Number.isNaN(before[3 * i]!)) continue;
    const x = i % size;
    for (
      const [there, inside] of [
        [i - 1, x > 0],
        [i + 1, x < size - 1],
        [i - size, i >= size],
        [i + size, i < size * (size - 1)],
      ] as const
    ) {
      if (inside && !Number.isNaN(before[3 * there]!)) points.set(before.subarray(3 * there, 3 * there + 3), 3 * i);
    }
  }
}

function cornersOf({ mean, triangles, surface, surfaceVertices }: MorphableModel, size: number): Float32Array {
  const vertexCount = mean.length / 3;
  /** One number for a triangle, whichever corner comes first; below 2^53 for less than 200,000 vertices. */
  const key = (a: number, b: number, c: number) => {
    const low = Math.min(a, b, c), high = Math.max(a, b, c);
    return (low * vertexCount + (a + b + c - low - high)) * vertexCount + high;
  };
  const surfaceTriangles = new Map<number, number>();
  const at = (corner: number) => surfaceVertices[surface.triangles[corner]!]!;
  for (let t = 0; t < surface.triangles.length; t += 3) surfaceTriangles.set(key(at(t), at(t + 1), at(t + 2)), t);
  const corners = new Float32Array(2 * triangles.length).fill(NaN);
  for (let t = 0; t < triangles.length; t += 3) {
    const found = surfaceTriangles.get(key(triangles[t]!, triangles[t + 1]!, triangles[t + 2]!));
    if (found === undefined) continue;
    for (let corner = t; corner < t + 3; corner++) {
      let same = found;
      while (at(same) !== triangles[corner]) same++;
      corners[2 * corner] = size * surface.uv[2 * surface.triangles[same]!]!;
      corners[2 * corner + 1] = size * surface.uv[2 * surface.triangles[same]! + 1]!;
    }
  }
  return corners;
}

/** [vertexCount]: of triangles that share one, the first tells its material; skin gives way to everything else. */
export function vertexMaterialsOf(
  { mean, triangles, materials }: Pick<MorphableModel, "mean" | "triangles" | "materials">,
): Uint8Array {
  const skin = materialNames.indexOf("skin");
  const ofVertices = new Uint8Array(mean.length / 3).fill(skin);
  for (let t = triangles.length - 3; t >= 0; t -= 3) {
    const material = materials[t / 3]!;
    if (material === skin) continue;
    for (let corner = 0; corner < 3; corner++) ofVertices[triangles[t + corner]!] = material;
  }
  return ofVertices;
}
