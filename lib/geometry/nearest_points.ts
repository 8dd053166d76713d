import { boundsOf } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";

/** In the mean. */
const POINTS_PER_CELL = 4;
const MOST_CELLS_ACROSS = 128;

/** Finds the nearest of many points in 3D, from a grid of cubes over them. */
export class NearestPoints {
  readonly #points: Float32Array;
  readonly #low: readonly number[];
  readonly #side: number;
  readonly #counts: readonly [number, number, number];
  /** The points of each cell, one cell after the other, and where each begins. */
  readonly #members: Uint32Array;
  readonly #starts: Uint32Array;

  /** [pointCount, 3]; one at least. */
  constructor(points: Float32Array) {
    const count = points.length / 3;
    if (!(count >= 1)) throw new RangeError("Cannot look for the nearest of no points");
    this.#points = points;
    const { low, high } = boundsOf(points);
    const extents = low.map((value, axis) => high[axis]! - value);
    const longest = Math.max(...extents) || 1; // all in one place
    // a surface fills about the square of what it has across
    const across = clamp(Math.ceil(Math.sqrt(count / POINTS_PER_CELL)), 1, MOST_CELLS_ACROSS);
    this.#low = low;
    this.#side = longest / across;
    this.#counts = extents.map((extent) => Math.min(across, Math.floor(extent / this.#side) + 1)) as [
      number,
      number,
      number,
    ];
    const [nx, ny, nz] = this.#counts;
    const cells = Uint32Array.from({ length: count }, (_, i) => this.#cell(i));
    this.#starts = new Uint32Array(nx * ny * nz + 1);
    for (const cell of cells) this.#starts[cell + 1]!++;
    for (let cell = 1; cell < this.#starts.length; cell++) this.#starts[cell]! += this.#starts[cell - 1]!;
    const next = this.#starts.slice();
    this.#members = new Uint32Array(count);
    cells.forEach((cell, i) => this.#members[next[cell]!++] = i);
  }

  /** The number of the point nearest to this place. */
  nearest(x: number, y: number, z: number): number {
    const points = this.#points, members = this.#members, starts = this.#starts, side = this.#side;
    const [nx, ny, nz] = this.#counts;
    const ox = x - this.#low[0]!, oy = y - this.#low[1]!, oz = z - this.#low[2]!; // from the grid's corner
    const cx = this.#along(x, 0), cy = this.#along(y, 1), cz = this.#along(z, 2);
    // of the distance to the grid
    const outsideX = gap(ox, 0, nx * side) ** 2, outsideY = gap(oy, 0, ny * side) ** 2;
    const outsideZ = gap(oz, 0, nz * side) ** 2;
    let found = -1, least = Infinity;
    const visit = (first: number, last: number) => {
      for (let k = starts[first]!; k < starts[last + 1]!; k++) {
        const i = 3 * members[k]!;
        const away = (points[i]! - x) ** 2 + (points[i + 1]! - y) ** 2 + (points[i + 2]! - z) ** 2;
        if (away < least) {
          found = members[k]!;
          least = away;
        }
      }
    };
    // Shells of cells about it, of each the rows along z that may have a point that is nearer.
    for (let shell = 0;; shell++) {
      const z0 = Math.max(0, cz - shell), z1 = Math.min(nz - 1, cz + shell);
      for (let ix = Math.max(0, cx - shell); ix <= Math.min(nx - 1, cx + shell); ix++) {
        const inX = gap(ox, ix, side) ** 2;
        if (inX >= least) continue;
        for (let iy = Math.max(0, cy - shell); iy <= Math.min(ny - 1, cy + shell); iy++) {
          if (inX + gap(oy, iy, side) ** 2 >= least) continue;
          const row = (ix * ny + iy) * nz;
          if (Math.abs(ix - cx) === shell || Math.abs(iy - cy) === shell) {
            visit(row + z0, row + z1);
          } else {
            if (cz - shell >= 0) visit(row + cz - shell, row + cz - shell);
            if (cz + shell < nz) visit(row + cz + shell, row + cz + shell);
          }
        }
      }
      const beyond = Math.min(
        beyondShell(ox, { center: cx, shell, count: nx, side }) ** 2 + outsideY + outsideZ,
        beyondShell(oy, { center: cy, shell, count: ny, side }) ** 2 + outsideX + outsideZ,
        beyondShell(oz, { center: cz, shell, count: nz, side }) ** 2 + outsideX + outsideY,
      );
      if (least <= beyond) return found;
    }
  }

  #along(value: number, axis: 0 | 1 | 2): number {
    const at = Math.floor((value - this.#low[axis]!) / this.#side);
    return Math.min(this.#counts[axis] - 1, Math.max(0, at));
  }

  #number(cx: number, cy: number, cz: number): number {
    return (cx * this.#counts[1] + cy) * this.#counts[2] + cz;
  }

  #cell(point: number): number {
    const [x, y, z] = this.#points.subarray(3 * point, 3 * point + 3);
    return this.#number(this.#along(x!, 0), this.#along(y!, 1), this.#along(z!, 2));
  }
}

/** Share of a cell's side by which a point may lie beside its cell, as dividing by the side rounds. */
const ROUNDING = 1e-9;

/** How far a place is from a cell along an axis, at least; both from the grid's edge. */
function gap(place: number, cell: number, side: number): number {
  return Math.max(0, cell * side - place - ROUNDING * side, place - (cell + 1) * side - ROUNDING * side);
}

/** How far the nearest cells are along an axis that lie beyond a shell of them; Infinity where there are none. */
function beyondShell(
  place: number,
  { center, shell, count, side }: Record<"center" | "shell" | "count" | "side", number>,
): number {
  const before = center - shell, after = center + shell + 1;
  const distance = Math.min(
    before > 0 ? place - before * side : Infinity,
    after < count ? after * side - place : Infinity,
  );
  return Math.max(0, distance - ROUNDING * side);
}
