import { linearToPhoto, photoToLinear, srgbToLinear } from "@/lib/geometry/color.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { lightVisibility } from "@/lib/geometry/visibility.ts";
import type { Mesh, Photo, Vec3 } from "@/lib/types.ts";
import { paintLines, type Point } from "@/lib/view/drawing/stroke.ts";
import { viridis } from "@/lib/view/figures/viridis.ts";

/** Where in viridis far dots begin: what is darker is lost on dark skin. */
const FARTHEST = 1 / 8;
/** Depths that have colors of their own. */
const LEVELS = 48;
/** Where the surface turns away more than this (as a cosine), its points crowd into an outline. */
const GRAZING = 0.12;
/** Width of a picture in diameters of a dot. */
const DOTS_ACROSS = 150;
/** Between dots, in their diameters. */
const SPACING = 1.5;
/** How much of the photo's light remains, so that the dots stand out. */
const DIMMED = 0.55;

export interface DensePointsOptions {
  /** Diameter of a dot in pixels; a 150th of the photo’s width where it is left out. */
  readonly dotSize?: number;
}

/**
 * The points of a surface as dots over the photo whose pixels they are in: those that face the camera and are not
 * hidden, far ones blue and near ones yellow. Where vertices crowd, some stand for all.
 */
export function drawDensePoints(
  photo: Photo,
  mesh: Mesh,
  { dotSize = photo.width / DOTS_ACROSS }: DensePointsOptions = {},
): Photo {
  const points = thinOut(facingVertices(mesh), mesh.positions, dotSize * SPACING);
  const depths = points.map((v) => mesh.positions[3 * v + 2]!);
  const far = depths.reduce((a, b) => Math.min(a, b), Infinity);
  const near = depths.reduce((a, b) => Math.max(a, b), -Infinity);
  const levels = Array.from({ length: LEVELS }, (): Point[][] => []);
  points.forEach((v, i) => {
    const level = near > far ? Math.round((depths[i]! - far) / (near - far) * (LEVELS - 1)) : 0;
    levels[level]!.push([[mesh.positions[3 * v]!, mesh.positions[3 * v + 1]!]]);
  });
  const image = photoToLinear(photo);
  image.rgb.forEach((value, i) => image.rgb[i] = DIMMED * value);
  paintLines(image, levels.flat(), { width: dotSize + 0.8, color: [0, 0, 0], opacity: 0.35 });
  levels.forEach((dots, level) => paintLines(image, dots, { width: dotSize, color: depthColor(level / (LEVELS - 1)) }));
  return linearToPhoto(image);
}

function facingVertices(mesh: Mesh): number[] {
  const normals = vertexNormals(mesh);
  const visible = lightVisibility(mesh, [0, 0, 1], { normals, size: 256 });
  return [...visible.keys()].filter((v) => visible[v]! > 0.5 && normals[3 * v + 2]! > GRAZING);
}

/** Those of the points, taken in order, that lie at least this far from all that were taken before. */
function thinOut(vertices: readonly number[], positions: Float32Array, spacing: number): number[] {
  const cells = new Map<string, number[]>();
  return vertices.filter((v) => {
    const [x, y] = [positions[3 * v]!, positions[3 * v + 1]!];
    const [column, row] = [Math.floor(x / spacing), Math.floor(y / spacing)];
    for (let r = row - 1; r <= row + 1; r++) {
      for (let c = column - 1; c <= column + 1; c++) {
        const isNear = (other: number) =>
          Math.hypot(positions[3 * other]! - x, positions[3 * other + 1]! - y) < spacing;
        if (cells.get(`${r},${c}`)?.some(isNear)) return false;
      }
    }
    const key = `${row},${column}`;
    if (cells.has(key)) cells.get(key)!.push(v);
    else cells.set(key, [v]);
    return true;
  });
}

function depthColor(share: number): Vec3 {
  const [red, green, blue] = viridis(FARTHEST + (1 - FARTHEST) * share).map((byte) => srgbToLinear(byte / 255));
  return [red!, green!, blue!];
}
