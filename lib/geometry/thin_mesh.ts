import type { Mesh } from "@/lib/types.ts";

export interface ThinOptions {
  readonly vertexCount: number;
  /** [vertexCount, 3], bytes: more vertices are left where they differ. */
  readonly colors?: Uint8Array;
}

/**
 * A mesh's triangles after edges were drawn together to one of their ends until at most `vertexCount` vertices are in
 * use, those first whose loss changes the surface least (Garland and Heckbert, SIGGRAPH 1997). The vertices that are
 * left keep their indices and places; borders stay borders. More vertices are left where no edge can go without
 * folding the surface.
 */
export function thinTriangles(mesh: Mesh, { vertexCount, colors }: ThinOptions): Uint32Array {
  if (new Set(mesh.triangles).size <= vertexCount) return mesh.triangles;
  const thinning = new Thinning(mesh, colors);
  while (thinning.vertexCount > vertexCount && thinning.removeCheapest());
  return thinning.triangles();
}

/** Of ten numbers: the upper half of a symmetric 4 × 4 matrix, the sum of squared distances to planes. */
type Quadric = Float64Array;

/** How much dearer it is to leave a border than to leave the surface. */
const BORDER_WEIGHT = 20;
/** How far, of the mesh's height, a surface may be off to be as bad as a color that is off by all of a byte. */
const COLOR_REACH = 0.05;
/** Least cosine between a triangle's normals before and after. */
const LEAST_TURN = 0.2;

interface Candidate {
  readonly from: number;
  readonly to: number;
  readonly cost: number;
  /** Of `from` when the cost was found: another one by now makes it void. */
  readonly version: number;
}

class Thinning {
  readonly #positions: Float32Array;
  readonly #colors: Uint8Array | undefined;
  /** From squared bytes to squared distances. */
  readonly #colorScale: number;
  /** Corners; a triangle that is gone has three times -1. */
  readonly #corners: Int32Array;
  readonly #around: Map<number, Set<number>> = new Map();
  readonly #quadrics: Map<number, Quadric> = new Map();
  readonly #versions: Map<number, number> = new Map();
  readonly #heap: Candidate[] = [];

  constructor({ positions, triangles }: Mesh, colors?: Uint8Array) {
    this.#positions = positions;
    this.#colors = colors;
    let [top, bottom] = [Infinity, -Infinity];
    for (const vertex of triangles) {
      top = Math.min(top, positions[3 * vertex + 1]!);
      bottom = Math.max(bottom, positions[3 * vertex + 1]!);
    }
    this.#colorScale = (COLOR_REACH * (bottom - top) / 255) ** 2;
    this.#corners = Int32Array.from(triangles);
    for (let t = 0; t < triangles.length / 3; t++) {
      const corners = this.#cornersOf(t);
      if (new Set(corners).size < 3) {
        this.#corners.fill(-1, 3 * t, 3 * t + 3);
        continue;
      }
      for (const vertex of corners) {
        if (!this.#around.has(vertex)) this.#around.set(vertex, new Set());
        this.#around.get(vertex)!.add(t);
      }
    }
    for (const vertex of this.#around.keys()) this.#quadrics.set(vertex, new Float64Array(10));
    for (let t = 0; t < triangles.length / 3; t++) if (this.#corners[3 * t]! >= 0) this.#addPlanes(t);
    for (const vertex of this.#around.keys()) this.#offer(vertex);
  }

  get vertexCount(): number {
    return this.#around.size;
  }

  triangles(): Uint32Array {
    return Uint32Array.from(this.#corners.filter((vertex) => vertex >= 0));
  }

  /** False where none is left. */
  removeCheapest(): boolean {
    for (;;) {
      const best = this.#pop();
      if (!best) return false;
      const { from, to, version } = best;
      if (this.#versions.get(from) !== version || !this.#around.has(from)) continue;
      if (this.#around.has(to) && this.#isAllowed(from, to)) {
        this.#collapse(from, to);
        return true;
      }
    }
  }

  #cornersOf(t: number): number[] {
    return [this.#corners[3 * t]!, this.#corners[3 * t + 1]!, this.#corners[3 * t + 2]!];
  }

  #neighbors(vertex: number): Set<number> {
    const all = new Set<number>();
    for (const t of this.#around.get(vertex)!) for (const corner of this.#cornersOf(t)) all.add(corner);
    all.delete(vertex);
    return all;
  }

  /** Those triangles that have both. */
  #between(a: number, b: number): number[] {
    return [...this.#around.get(a)!].filter((t) => this.#around.get(b)!.has(t));
  }

  #isOnBorder(vertex: number): boolean {
    return [...this.#neighbors(vertex)].some((other) => this.#between(vertex, other).length !== 2);
  }

  #point(vertex: number): [number, number, number] {
    return [this.#positions[3 * vertex]!, this.#positions[3 * vertex + 1]!, this.#positions[3 * vertex + 2]!];
  }

  #addPlanes(t: number): void {
    const corners = this.#cornersOf(t);
    const [a, b, c] = corners.map((vertex) => this.#point(vertex)) as [Vector, Vector, Vector];
    const normal = cross(minus(b, a), minus(c, a));
    const area = Math.hypot(...normal);
    if (area === 0) return;
    const unit = times(normal, 1 / area);
    for (const vertex of corners) addPlane(this.#quadrics.get(vertex)!, unit, a, area);
    corners.forEach((from, i) => {
      const to = corners[(i + 1) % 3]!;
      if (this.#between(from, to).length > 1) return;
      const [start, along] = [this.#point(from), minus(this.#point(to), this.#point(from))];
      const length = Math.hypot(...along);
      const across = times(cross(along, unit), 1 / (length || 1));
      for (const vertex of [from, to]) {
        addPlane(this.#quadrics.get(vertex)!, across, start, BORDER_WEIGHT * length * length);
      }
    });
  }

  /** Puts this vertex's cheapest way to go into the heap. */
  #offer(vertex: number): void {
    const version = (this.#versions.get(vertex) ?? 0) + 1;
    this.#versions.set(vertex, version);
    const onBorder = this.#isOnBorder(vertex);
    const quadric = this.#quadrics.get(vertex)!;
    for (const to of this.#neighbors(vertex)) {
      if (onBorder && this.#between(vertex, to).length !== 1) continue; // would pull the border inwards
      const point = this.#point(to);
      // Of equally good ways the shortest, so that flat parts keep triangles of even shape.
      const length = Math.hypot(...minus(point, this.#point(vertex)));
      const cost = distance(quadric, point) + distance(this.#quadrics.get(to)!, point) + 1e-3 * length ** 4 +
        weightOf(quadric) * this.#colorScale * this.#colorDistance(vertex, to);
      this.#push({ from: vertex, to, cost, version });
    }
  }

  /** Squared. */
  #colorDistance(a: number, b: number): number {
    const colors = this.#colors;
    if (!colors) return 0;
    return (colors[3 * a]! - colors[3 * b]!) ** 2 + (colors[3 * a + 1]! - colors[3 * b + 1]!) ** 2 +
      (colors[3 * a + 2]! - colors[3 * b + 2]!) ** 2;
  }

  #isAllowed(from: number, to: number): boolean {
    const shared = this.#between(from, to);
    const common = this.#neighbors(from).intersection(this.#neighbors(to));
    if (shared.length === 0 || shared.length !== common.size) return false; // else triangles would meet in an edge thrice
    const target = this.#point(to);
    for (const t of this.#around.get(from)!) {
      if (shared.includes(t)) continue;
      const corners = this.#cornersOf(t);
      const [a, b, c] = corners.map((vertex) => this.#point(vertex)) as [Vector, Vector, Vector];
      const [d, e, f] = corners.map((v) => v === from ? target : this.#point(v)) as [Vector, Vector, Vector];
      const [before, after] = [cross(minus(b, a), minus(c, a)), cross(minus(e, d), minus(f, d))];
      const cosine = dot(before, after) / (Math.hypot(...before) * Math.hypot(...after));
      if (!(cosine > LEAST_TURN)) return false;
    }
    return true;
  }

  #collapse(from: number, to: number): void {
    const changed = this.#neighbors(from);
    for (const t of this.#around.get(from)!) {
      const corners = this.#cornersOf(t);
      if (corners.includes(to)) {
        for (const vertex of corners) if (vertex !== from) this.#around.get(vertex)!.delete(t);
        this.#corners.fill(-1, 3 * t, 3 * t + 3);
      } else {
        this.#corners[3 * t + corners.indexOf(from)] = to;
        this.#around.get(to)!.add(t);
      }
    }
    this.#around.delete(from);
    const sum = this.#quadrics.get(to)!;
    this.#quadrics.get(from)!.forEach((value, i) => sum[i]! += value);
    for (const vertex of changed) {
      if (this.#around.get(vertex)!.size === 0) this.#around.delete(vertex);
      else this.#offer(vertex);
    }
  }

  #push(candidate: Candidate): void {
    const heap = this.#heap;
    let i = heap.push(candidate) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && heap[parent]!.cost > candidate.cost; parent = (i - 1) >> 1) {
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = candidate;
  }

  #pop(): Candidate | undefined {
    const heap = this.#heap;
    const best = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return best;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.cost < heap[child]!.cost) child++;
      if (heap[child]!.cost >= last.cost) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return best;
  }
}

type Vector = [number, number, number];

function minus(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function times(a: Vector, factor: number): Vector {
  return [factor * a[0], factor * a[1], factor * a[2]];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** Adds `weight` times the squared distance to the plane through a point, across a normal of length 1. */
function addPlane(quadric: Quadric, normal: Vector, point: Vector, weight: number): void {
  const plane = [...normal, -dot(normal, point)];
  let k = 0;
  for (let i = 0; i < 4; i++) for (let j = i; j < 4; j++) quadric[k++]! += weight * plane[i]! * plane[j]!;
}

/** The sum of the planes' weights. */
function weightOf(quadric: Quadric): number {
  return quadric[0]! + quadric[4]! + quadric[7]!; // of the normals, whose length is 1
}

function distance(quadric: Quadric, [x, y, z]: Vector): number {
  const [xx, xy, xz, xw, yy, yz, yw, zz, zw, ww] = quadric as unknown as readonly number[];
  return xx! * x * x + 2 * xy! * x * y + 2 * xz! * x * z + 2 * xw! * x + yy! * y * y + 2 * yz! * y * z + 2 * yw! * y +
    zz! * z * z + 2 * zw! * z + ww!;
}
