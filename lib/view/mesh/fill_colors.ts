import { rasterize } from "@/lib/geometry/rasterize.ts";

/** Vertex colors that a photo shows in part. */
export interface PartialColors {
  /** [vertexCount, 3]. */
  readonly colors: Float32Array;
  /** [vertexCount], 1 where there is a color. */
  readonly known: Uint8Array;
  /** [vertexCount], how far the color is that of the surface, from 0 to 1. */
  readonly trust: Float32Array;
}

export interface UvMesh {
  /** [vertexCount, 2], of a layout that is symmetric about u = 0.5. */
  readonly uv: Float32Array;
  /** [triangleCount, 3]. */
  readonly triangles: Uint32Array;
}

/**
 * Mixes into colors that are not trusted, in place, those of the other side of the face, where that is seen better. They
 * are shifted so that they join the trusted ones without a seam: the two sides are seldom lit alike.
 */
export function takeFromOtherSide({ colors, known, trust }: PartialColors, mesh: UvMesh): void {
  const other = mirrored({ colors, trust }, mesh);
  const shift = sideDifference({ colors, trust }, other, mesh.triangles);
  for (let v = 0; v < known.length; v++) {
    const taken = (1 - trust[v]!) * Math.max(0, other.trust[v]! - trust[v]!);
    if (taken < LEAST) continue;
    const kept = known[v] ? Math.max(trust[v]!, LEAST) : 0;
    known[v] = 1;
    for (let i = 3 * v; i < 3 * v + 3; i++) {
      const shifted = Math.min(255, Math.max(0, other.colors[i]! + shift[i]!));
      colors[i] = (kept * colors[i]! + taken * shifted) / (kept + taken);
    }
  }
}

/** Shares below this count as nothing. */
const LEAST = 0.02;
/** Texels a side: about three between the vertices of a face. */
const UV_SIZE = 512;

/** Where to look for a point: the center of its own texel is outside of the layout where it lies on an edge. */
const beside = [[0, 0], [-1, 0], [0, -1], [-1, -1]] as const;

/** For each vertex, color and trust of the place whose UV is mirrored about u = 0.5; without trust where there is none. */
function mirrored(
  { colors, trust }: Pick<PartialColors, "colors" | "trust">,
  { uv, triangles }: UvMesh,
): Pick<PartialColors, "colors" | "trust"> {
  const positions = new Float32Array(colors.length);
  for (let v = 0; v < trust.length; v++) {
    positions[3 * v] = uv[2 * v]! * UV_SIZE;
    positions[3 * v + 1] = uv[2 * v + 1]! * UV_SIZE;
  }
  const { triangle, weights } = rasterize({ positions, triangles }, { width: UV_SIZE, height: UV_SIZE });
  const found = { colors: new Float32Array(colors.length), trust: new Float32Array(trust.length) };
  const texelAt = (value: number) => Math.min(UV_SIZE - 1, Math.max(0, Math.floor(value)));
  for (let v = 0; v < trust.length; v++) {
    const [x, y] = [UV_SIZE - positions[3 * v]!, positions[3 * v + 1]!];
    const texel = beside.map(([dx, dy]) => texelAt(y + dy) * UV_SIZE + texelAt(x + dx)).find((k) => triangle[k]! >= 0);
    if (texel === undefined) continue;
    const t = triangle[texel]!;
    for (let corner = 0; corner < 3; corner++) {
      const from = triangles[3 * t + corner]!;
      const share = weights[3 * texel + corner]! * trust[from]!;
      found.trust[v]! += share;
      for (let c = 0; c < 3; c++) found.colors[3 * v + c]! += share * colors[3 * from + c]!;
    }
    if (found.trust[v]! > 0) { for (let c = 0; c < 3; c++) found.colors[3 * v + c]! /= found.trust[v]!; }
  }
  return found;
}

/** Passes after which what the rings drew has no streaks. */
const RELAXATIONS = 80;
/** Shares of the vertices that both sides must show for their difference to count not at all, and in full. */
const [FEW, ENOUGH] = [0.05, 0.2];

/**
 * How much brighter each place is than its mirror image, [vertexCount, 3]: as it is where both are seen, and as smooth
 * as it goes from there on. From the side, the little that both show, such as the nose's ridge with its highlights, is
 * no guide, and nothing is shifted.
 */
function sideDifference(
  own: Pick<PartialColors, "colors" | "trust">,
  other: Pick<PartialColors, "colors" | "trust">,
  triangles: Uint32Array,
): Float32Array {
  const isGiven = Uint8Array.from(own.trust, (trust, v) => trust === 1 && other.trust[v]! > 0.5 ? 1 : 0);
  const share = isGiven.reduce((sum, given) => sum + given, 0) / isGiven.length;
  const weight = Math.min(1, Math.max(0, (share - FEW) / (ENOUGH - FEW)));
  const difference = own.colors.map((color, i) => isGiven[Math.floor(i / 3)] ? weight * (color - other.colors[i]!) : 0);
  if (weight > 0) relax(difference, isGiven, triangles);
  return difference;
}

/** Fills in what is not given, in place: each value about the mean of its neighbors. */
function relax(values: Float32Array, isGiven: Uint8Array, triangles: Uint32Array): void {
  spreadColors(values, isGiven.slice(), triangles);
  const sums = new Float32Array(values.length);
  const counts = new Uint32Array(isGiven.length);
  for (const v of triangles) counts[v]! += 2;
  for (let pass = 0; pass < RELAXATIONS; pass++) {
    sums.fill(0);
    for (let t = 0; t < triangles.length; t += 3) {
      const [a, b, c] = [3 * triangles[t]!, 3 * triangles[t + 1]!, 3 * triangles[t + 2]!];
      for (let k = 0; k < 3; k++) {
        const sum = values[a + k]! + values[b + k]! + values[c + k]!;
        sums[a + k]! += sum - values[a + k]!;
        sums[b + k]! += sum - values[b + k]!;
        sums[c + k]! += sum - values[c + k]!;
      }
    }
    for (let v = 0; v < counts.length; v++) {
      if (isGiven[v] || counts[v] === 0) continue;
      for (let i = 3 * v; i < 3 * v + 3; i++) values[i] = sums[i]! / counts[v]!;
    }
  }
}

/** Colors unknown vertices, in place, by rings, from the known ones outwards: each is the mean of its neighbors in the ring before. */
export function spreadColors(colors: Float32Array, known: Uint8Array, triangles: Uint32Array): void {
  for (let grown = true; grown;) {
    grown = false;
    const sums = new Float64Array(colors.length);
    const counts = new Uint32Array(known.length);
    for (let t = 0; t < triangles.length; t += 3) {
      for (let corner = 0; corner < 3; corner++) {
        const v = triangles[t + corner]!;
        if (known[v] !== 0) continue;
        for (const other of [triangles[t + (corner + 1) % 3]!, triangles[t + (corner + 2) % 3]!]) {
          if (known[other] === 0) continue;
          counts[v]!++;
          for (let c = 0; c < 3; c++) sums[3 * v + c]! += colors[3 * other + c]!;
        }
      }
    }
    counts.forEach((count, v) => {
      if (count === 0) return;
      grown = true;
      known[v] = 1;
      for (let c = 0; c < 3; c++) colors[3 * v + c] = sums[3 * v + c]! / count;
    });
  }
}
