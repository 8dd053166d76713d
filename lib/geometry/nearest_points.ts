import { boundsOf } from "@/lib/geometry/vectors.ts";

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
    const across = Math.min(MOST_CELLS_ACROSS, Math.max(1, Math.ceil(Math.sqrt(count / POINTS_PER_CELL))));
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
    const center = [this.#along(x, 0), this.#along(y, 1), this.#along(z, 2)] as const;
    const outside = this.#outside(x, y, z);
    let [found, least] = [-1, Infinity];
    const visit = (cx: number, cy: number, cz: number) => {
      const cell = this.#number(cx, cy, cz);
      for (let k = this.#starts[cell]!; k < this.#starts[cell + 1]!; k++) {
        const i = 3 * this.#members[k]!;
        const away = (this.#points[i]! - x) ** 2 + (this.#points[i + 1]! - y) ** 2 + (this.#points[i + 2]! - z) ** 2;
        if (away < least) [found, least] = [this.#members[k]!, away];
      }
    };
    // Shells of cells about it: what lies beyond a shell is at least so many sides away along some axis.
    for (let shell = 0;; shell++) {
      const reach = Math.max(0, (shell - 1) * this.#side);
      if (found >= 0 && least <= reach * reach + outside) return found;
      this.#shell(center, shell, visit);
      if (shell > Math.max(...this.#counts)) return found;
    }
  }

  /** The square of the distance to the grid, 0 in it. */
  #outside(x: number, y: number, z: number): number {
    return [x, y, z].reduce((sum, value, axis) => {
      const over = Math.max(
        0,
        this.#low[axis]! - value,
        value - this.#low[axis]! - this.#counts[axis]! * this.#side,
      );
      return sum + over * over;
    }, 0);
  }

  #shell(
    center: readonly [number, number, number],
    shell: number,
    visit: (cx: number, cy: number, cz: number) => void,
  ): void {
    const range = (axis: 0 | 1 | 2) =>
      [Math.max(0, center[axis] - shell), Math.min(this.#counts[axis] - 1, center[axis] + shell)] as const;
    const [[x0, x1], [y0, y1], [z0, z1]] = [range(0), range(1), range(2)];
    for (let cx = x0; cx <= x1; cx++) {
      for (let cy = y0; cy <= y1; cy++) {
        const isSide = Math.abs(cx - center[0]) === shell || Math.abs(cy - center[1]) === shell;
        if (isSide) {
          for (let cz = z0; cz <= z1; cz++) visit(cx, cy, cz);
        } else {
          if (center[2] - shell >= 0) visit(cx, cy, center[2] - shell);
          if (center[2] + shell < this.#counts[2]) visit(cx, cy, center[2] + shell);
        }
      }
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
