import { isComponent } from "@/lib/face/expression_names.ts";
import { keyLandmarks, landmarkUv, mirroredLandmarks } from "@/lib/face/landmarks.ts";
import type { FaceSurface, MorphableModel } from "@/lib/face/morphable_model.ts";

/** How far a vertex may be from where its mirror image is, in widths of the face. */
const TOLERANCE = 0.01;
/** Small, as texture coordinates may be less even than the face: they only tell vertices of one place apart. */
const UV_SHARE = 0.1;

/**
 * [surface vertexCount], the vertex of the surface on the face's other side: its own number on the midline. By the mean face,
 * which mirrors x, and where vertices share a place, by texture coordinates, which mirror u about 0.5. Undefined where some
 * vertex has none, or two have the same: the surface is not symmetric.
 */
export function mirrorVertices(
  { mean, surface: { uv }, surfaceVertices }: Pick<MorphableModel, "mean" | "surface" | "surfaceVertices">,
): Uint32Array | undefined {
  const at = (vertex: number, axis: number) => mean[3 * surfaceVertices[vertex]! + axis]!;
  const all = Array.from(surfaceVertices.keys());
  const [left, right] = all.reduce(
    ([least, most], v) => [Math.min(least, at(v, 0)), Math.max(most, at(v, 0))],
    [Infinity, -Infinity],
  );
  const reach = TOLERANCE * (right - left), middle = (left + right) / 2;
  const byHeight = all.toSorted((a, b) => at(a, 1) - at(b, 1));
  const mirror = Uint32Array.from(all, (v) => {
    let [nearest, least] = [-1, Infinity];
    for (let i = firstAtLeast(byHeight, (other) => at(other, 1), at(v, 1) - reach); i < byHeight.length; i++) {
      const other = byHeight[i]!;
      if (at(other, 1) > at(v, 1) + reach) break;
      if (Math.abs(at(other, 0) + at(v, 0) - 2 * middle) > reach) continue; // most of them
      const away = Math.hypot(at(other, 0) + at(v, 0) - 2 * middle, at(other, 1) - at(v, 1), at(other, 2) - at(v, 2));
      const uvAway = Math.hypot(uv[2 * other]! + uv[2 * v]! - 1, uv[2 * other + 1]! - uv[2 * v + 1]!);
      const score = away / (right - left) + UV_SHARE * uvAway;
      if (away <= reach && score < least) [nearest, least] = [other, score];
    }
    return nearest;
  });
  return mirror.every((other, v) => mirror[other] === v) ? mirror : undefined;
}

/** The first place of a sorted list whose value is not below this one. */
function firstAtLeast(sorted: readonly number[], valueOf: (item: number) => number, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueOf(sorted[middle]!) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * [names], the expression of the face's other side: its own number where it has no sides, or the other one is missing.
 * Undefined where there are principal components, of which nothing says what they are on a mirrored face.
 */
export function mirrorExpressions(names: readonly string[]): Uint32Array | undefined {
  if (names.some(isComponent)) return undefined;
  const others: Readonly<Record<string, string>> = { _L: "_R", _R: "_L", Left: "Right", Right: "Left" };
  return Uint32Array.from(names, (name, own) => {
    const other = names.indexOf(name.replace(/(_L|_R|Left|Right)$/, (side) => others[side]!));
    return other < 0 ? own : other;
  });
}

/** Landmarks of the right side that are held against their partners on the left: an eye's corner, the mouth's, the jaw. */
const compared = [keyLandmarks.rightEyeCorner, keyLandmarks.rightMouthCorner, 3] as const;
/** In UV units. */
const SYMMETRY_TOLERANCE = 0.01;

/** Whether a surface's texture coordinates are symmetric about u = 0.5. */
export function hasMirroredUv(surface: FaceSurface): boolean {
  const marks = landmarkUv(surface);
  return compared.every((right) => {
    const [a, b] = [2 * right, 2 * mirroredLandmarks[right]!];
    return Math.hypot(marks[a]! + marks[b]! - 1, marks[a + 1]! - marks[b + 1]!) < SYMMETRY_TOLERANCE;
  });
}
