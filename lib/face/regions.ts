import { eyeCornerDistance, type LandmarkLine, landmarkLines } from "@/lib/face/landmarks.ts";
import { type FaceSurface, NECK, type RegionName, regionNames } from "@/lib/face/morphable_model.ts";
import { distanceToPolygon } from "@/lib/geometry/polyline.ts";
import { cross, dot, minus, pointAt, times, unit } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";

type Point = readonly [number, number];

/** How far a region reaches past its landmarks, in distances between the outer eye corners. */
const MARGINS = { eyes: 0.1, nose: 0.06, mouth: 0.08, neck: 0.08 };

/**
 * The region of each vertex of a face at rest, from where it lies to the 68 landmarks. The face looks along +z, y up;
 * the neck is what lies below the plane through the chin and the corners of the jaw.
 *
 * @param positions [vertexCount, 3]
 * @param landmarks [68, 3], on the outlines of its parts
 */
export function regionsFromLandmarks(positions: Float32Array, landmarks: Float32Array): Uint8Array {
  const corner = (l: number) => pointAt(landmarks, l);
  const front = (l: number): Point => [corner(l)[0], corner(l)[1]];
  const width = eyeCornerDistance(landmarks);
  const along = (line: LandmarkLine) => line.landmarks.map(front);
  const outlines: readonly [RegionName, readonly Point[], number][] = [
    ["mouth", along(landmarkLines.outerLips), MARGINS.mouth * width],
    ["eyes", along(landmarkLines.rightEye), MARGINS.eyes * width],
    ["eyes", along(landmarkLines.leftEye), MARGINS.eyes * width],
    ["nose", [front(27), ...wing(31), ...wing(35).reverse()], MARGINS.nose * width],
  ];
  // The wings reach past the landmarks below the nostrils by half of what those are apart from the middle.
  function wing(l: number): Point[] {
    const [[x, y], [middle], [, tip]] = [front(l), front(33), front(30)];
    const side = x + 0.5 * (x - middle);
    return [[side, y + 0.8 * (tip - y)], [side, y]];
  }
  const heightOverNeck = plane(corner(8), corner(3), corner(13));

  return Uint8Array.from({ length: positions.length / 3 }, (_, v) => {
    const point = pointAt(positions, v);
    if (heightOverNeck(point) < -MARGINS.neck * width) return NECK;
    const found = outlines.find(([, outline, margin]) => distanceToPolygon(point, outline) <= margin);
    return regionNames.indexOf(found?.[0] ?? "face");
  });
}

/** The signed distance to the plane through three points, positive above it (towards +y). */
function plane(a: Vec3, b: Vec3, c: Vec3): (point: Vec3) => number {
  const normal = cross(minus(b, a), minus(c, a));
  const up = times(unit(normal), Math.sign(normal[1]));
  return (point) => dot(minus(point, a), up);
}

const found = new WeakMap<Uint32Array, { readonly regions: Uint8Array; readonly face: Uint32Array }>();

/**
 * [triangleCount, 3], a surface's triangles but for those of the neck, which the loss gives no weight; of one surface always the
 * same array.
 */
export function trianglesWithoutNeck(
  { triangles, regions }: Pick<FaceSurface, "triangles" | "regions">,
): Uint32Array {
  const before = found.get(triangles);
  if (before?.regions === regions) return before.face;
  const touchesNeck = (t: number) => [0, 1, 2].some((corner) => regions[triangles[3 * t + corner]!] === NECK);
  const face = triangles.filter((_, k) => !touchesNeck(Math.floor(k / 3)));
  found.set(triangles, { regions, face });
  return face;
}
