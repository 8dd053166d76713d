import { boundaryLoops } from "@/lib/geometry/boundary.ts";
import { mean } from "@/lib/numbers.ts";
import type { Mesh } from "@/lib/types.ts";

/** Rings of vertices that a hole is closed with, its center included. */
const RINGS = 8;

/** Triangles and ways to give the vertices that closing holes added their values. */
export interface ClosedSurface {
  /** [triangleCount, 3], those that were there first. */
  readonly triangles: Uint32Array;
  /** The first of the added vertices. */
  readonly capStart: number;
  /** Values of the vertices that were there, [n, columns], and after them those of the added ones, interpolated. */
  extend(values: Float32Array, columns: number): Float32Array<ArrayBuffer>;
  /** As `extend` with positions, [n, 3], whose outline it smooths. */
  close(positions: Float32Array): Float32Array<ArrayBuffer>;
}

const closed = new WeakMap<Uint32Array, ClosedSurface>();

/**
 * Closes the holes of a surface by membranes: eyes and mouth, where a photo's color shows what the mesh leaves out. The
 * longest of its edges, the outline, stays open.
 *
 * @param triangles not to be changed later: their holes are closed once
 * @param vertexCount of the mesh, always the same for the same triangles
 */
export function closeHoles(triangles: Uint32Array, vertexCount: number): ClosedSurface {
  const surface = closed.get(triangles) ?? close(triangles, vertexCount);
  closed.set(triangles, surface);
  return surface;
}

function close(triangles: Uint32Array, vertexCount: number): ClosedSurface {
  const holes = boundaryLoops(triangles).slice(1);
  const added: number[] = [];
  let next = vertexCount;
  for (const hole of holes) {
    for (let ring = 1, outer: readonly number[] = hole; ring <= RINGS; ring++) {
      const inner = ring < RINGS ? hole.map((_, i) => next + i) : hole.map(() => next);
      next += ring < RINGS ? hole.length : 1;
      hole.forEach((_, i) => {
        const k = (i + 1) % hole.length;
        added.push(outer[i]!, inner[i]!, outer[k]!);
        if (ring < RINGS) added.push(inner[i]!, inner[k]!, outer[k]!);
      });
      outer = inner;
    }
  }
  const extend = (values: Float32Array, columns: number) => {
    const extended = new Float32Array(next * columns);
    extended.set(values);
    let at = vertexCount * columns;
    for (const hole of holes) {
      const center = Array.from(
        { length: columns },
        (_, column) => mean(hole.map((v) => values[columns * v + column]!)),
      );
      for (let ring = 1; ring <= RINGS; ring++) {
        for (const v of ring < RINGS ? hole : hole.slice(0, 1)) {
          for (let column = 0; column < columns; column++) {
            const value = values[columns * v + column]!;
            extended[at++] = value + (center[column]! - value) * ring / RINGS;
          }
        }
      }
    }
    return extended;
  };
  let smooth: ReturnType<typeof outlineSmoothing> | undefined;
  return {
    triangles: Uint32Array.from([...triangles, ...added]),
    capStart: vertexCount,
    extend,
    close: (positions) => extend((smooth ??= outlineSmoothing(triangles))(positions), 3),
  };
}

/** How often each vertex of the outline moves towards the middle of its neighbors. */
const SMOOTHINGS = 12;

/** The mesh with the longest of its edges smoothed: a cut along whole triangles has teeth. */
export function smoothOutline({ positions, triangles }: Mesh): Mesh {
  return { positions: outlineSmoothing(triangles)(positions), triangles };
}

/** As {@linkcode smoothOutline}, for many meshes of the same triangles: gives a mesh's positions smoothed. */
function outlineSmoothing(triangles: Uint32Array): (positions: Float32Array) => Float32Array<ArrayBuffer> {
  const [outline = []] = boundaryLoops(triangles), count = outline.length;
  const before = new Float32Array(3 * (count + 2)); // the last, all in order, and the first
  return (positions) => {
    const smooth = new Float32Array(positions);
    for (let pass = 0; pass < SMOOTHINGS && count > 0; pass++) {
      for (let i = 0; i < count + 2; i++) {
        const v = 3 * outline[(i + count - 1) % count]!;
        for (let axis = 0; axis < 3; axis++) before[3 * i + axis] = smooth[v + axis]!;
      }
      for (let i = 0, k = 3; i < count; i++) {
        const v = 3 * outline[i]!;
        for (let axis = 0; axis < 3; axis++, k++) {
          smooth[v + axis] = before[k]! / 2 + (before[k - 3]! + before[k + 3]!) / 4;
        }
      }
    }
    return smooth;
  };
}
