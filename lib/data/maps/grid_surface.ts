import { nearestCorner, type ReadingTexels, readingTexels, type UvLayout } from "@/lib/data/maps/uv_layout.ts";
import { LANDMARK_COUNT, landmarkEntries, type MeshPoints, valuesAt } from "@/lib/face/landmarks.ts";
import { type FaceSurface, NECK } from "@/lib/face/morphable_model.ts";
import { clamp } from "@/lib/numbers.ts";

/**
 * The surface whose vertices are the texels of a position map themselves, as in PRNet's own release: reading it from a map
 * takes the texels as they are, and nothing of the mesh that the layout was made from is left but where its parts lie in UV
 * space. Four texels that all show the face are joined by two triangles. Landmarks lie where they lay; of the neck, which the
 * loss gives no weight, only the texels are kept that a landmark is read from.
 */
export function gridSurface(layout: UvLayout, surface: FaceSurface): FaceSurface {
  const { size, triangle } = layout;
  const vertexOf = new Int32Array(size * size).fill(-1);
  const texels: number[] = [];
  const places = landmarkEntries(surface.landmarks).map(([convention, points]) =>
    [convention, valuesAt(points, surface.uv, { dimensions: 2 })] as const
  );
  const ofLandmarks = readOf(places.map(([, uv]) => readingTexels(uv, size)), size);
  const ofVertices = readOf([layout.reading], size);
  const isCovered = (texel: number) => layout.weights.subarray(3 * texel, 3 * texel + 3).every((w) => w > -LEAST_SHARE);
  const regionOf = (texel: number) => surface.regions[nearestCorner(layout, texel)]!;
  triangle.forEach((t, texel) => {
    const isFace = (isCovered(texel) || ofVertices[texel] === 1) && regionOf(texel) !== NECK;
    if (t >= 0 && (isFace || ofLandmarks[texel] === 1)) vertexOf[texel] = texels.push(texel) - 1;
  });
  const center = (index: number) => (index + 0.5) / size;
  const uv = Float32Array.from(texels.flatMap((texel) => [center(texel % size), center(Math.floor(texel / size))]));
  const triangles: number[] = [];
  const isMirrored = turnsClockwise(surface);
  for (let row = 0; row + 1 < size; row++) {
    for (let column = 0; column + 1 < size; column++) {
      const first = row * size + column;
      const [a, b, c, d] = [first, first + 1, first + size, first + size + 1].map((texel) => vertexOf[texel]!) as Four;
      for (const [p, q, r] of [[a, c, b], [b, c, d]] as const) {
        if (p >= 0 && q >= 0 && r >= 0) triangles.push(p, ...isMirrored ? [r, q] : [q, r]);
      }
    }
  }
  const landmarks = Object.fromEntries(
    places.map(([convention, uv]) => [convention, pointsInGrid(uv, { size, vertexOf })]),
  );
  return { uv, triangles: Uint32Array.from(triangles), landmarks, regions: Uint8Array.from(texels, regionOf) };
}

type Four = [number, number, number, number];

/** What is read less of a texel is rounding, as of texels beside one that is read in its middle. */
const LEAST_SHARE = 1e-3;

/** [size, size], 1 where something is read from the texel. */
function readOf(readings: readonly ReadingTexels[], size: number): Uint8Array {
  const isRead = new Uint8Array(size * size);
  for (const { texel, weights } of readings) {
    weights.forEach((share, i) => {
      const [place, corner] = [Math.floor(i / 4), i % 4];
      if (share > LEAST_SHARE) isRead[texel[place]! + corner % 2 + size * Math.floor(corner / 2)] = 1;
    });
  }
  return isRead;
}

/** [68, 2] places in UV space as points between the texels around, the heaviest three of which are taken. */
function pointsInGrid(
  places: Float32Array,
  { size, vertexOf }: { readonly size: number; readonly vertexOf: Int32Array },
): MeshPoints {
  const points = { vertices: new Uint32Array(3 * LANDMARK_COUNT), weights: new Float32Array(3 * LANDMARK_COUNT) };
  for (let landmark = 0; landmark < LANDMARK_COUNT; landmark++) {
    const [x, y] = [0, 1].map((axis) => clamp(places[2 * landmark + axis]! * size - 0.5, 0, size - 1)) as [
      number,
      number,
    ];
    const [column, row] = [Math.min(size - 2, Math.floor(x)), Math.min(size - 2, Math.floor(y))];
    const [right, down] = [x - column, y - row];
    const first = row * size + column;
    // of the cell's two triangles the one that holds the place, as a plane has no more than three corners
    const inUpper = right + down <= 1;
    const around: (readonly [number, number])[] = inUpper
      ? [[first, 1 - right - down], [first + 1, right], [first + size, down]]
      : [[first + size + 1, right + down - 1], [first + size, 1 - right], [first + 1, 1 - down]];
    const known = around.filter(([texel]) => vertexOf[texel]! >= 0);
    const used = known.length > 0 ? known : [[nearestKnown(first, size, vertexOf), 1] as const];
    const total = used.reduce((sum, [, weight]) => sum + weight, 0);
    for (let k = 0; k < 3; k++) {
      const [texel, weight] = used[k] ?? [used[0]![0], 0];
      points.vertices[3 * landmark + k] = vertexOf[texel]!;
      points.weights[3 * landmark + k] = total > 0 ? weight / total : k === 0 ? 1 : 0;
    }
  }
  return points;
}

function nearestKnown(texel: number, size: number, vertexOf: Int32Array): number {
  const [row, column] = [Math.floor(texel / size), texel % size];
  let [best, least] = [0, Infinity];
  vertexOf.forEach((vertex, other) => {
    const distance = (Math.floor(other / size) - row) ** 2 + (other % size - column) ** 2;
    if (vertex >= 0 && distance < least) [best, least] = [other, distance];
  });
  return best;
}

/** Whether triangles whose outside is seen turn clockwise in UV space, v down. */
function turnsClockwise({ uv, triangles }: FaceSurface): boolean {
  let sum = 0;
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [2 * triangles[t]!, 2 * triangles[t + 1]!, 2 * triangles[t + 2]!];
    sum += (uv[b]! - uv[a]!) * (uv[c + 1]! - uv[a + 1]!) - (uv[b + 1]! - uv[a + 1]!) * (uv[c]! - uv[a]!);
  }
  return sum > 0;
}
