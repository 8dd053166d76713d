/** Closed lines through vertices: the numbers of each one's, the last of which is joined to the first. */
export type Loops = readonly (readonly number[])[];

const found = new WeakMap<Uint32Array, Loops>();

/**
 * The closed lines along which a mesh ends, longest first: each a list of vertices, in the order in which the triangles
 * beside them name them. Where edges of more than one line meet at a vertex, lines may run into each other.
 *
 * @param triangles [triangleCount, 3], not to be changed later: their lines are looked for once
 */
export function boundaryLoops(triangles: Uint32Array): Loops {
  const loops = found.get(triangles) ?? findLoops(triangles);
  found.set(triangles, loops);
  return loops;
}

function findLoops(triangles: Uint32Array): Loops {
  const next = new Map<number, number>();
  const to = (k: number) => triangles[k % 3 === 2 ? k - 2 : k + 1]!;
  // the edges that leave each vertex, one vertex after the other: a lookup of pairs would take most of the time
  const starts = new Uint32Array(triangles.reduce((most, v) => Math.max(most, v), 0) + 2);
  for (const v of triangles) starts[v + 1]!++;
  for (let v = 1; v < starts.length; v++) starts[v]! += starts[v - 1]!;
  const ends = new Uint32Array(triangles.length);
  const filled = starts.slice();
  for (let k = 0; k < triangles.length; k++) ends[filled[triangles[k]!]!++] = to(k);
  for (let k = 0; k < triangles.length; k++) {
    const [v, w] = [triangles[k]!, to(k)];
    if (!ends.subarray(starts[w], starts[w + 1]).includes(v)) next.set(v, w);
  }
  const loops: number[][] = [];
  for (const start of next.keys()) {
    const loop: number[] = [];
    for (let v: number | undefined = start; v !== undefined && next.has(v);) {
      const following: number = next.get(v)!;
      loop.push(v);
      next.delete(v);
      v = following;
    }
    if (loop.length > 2) loops.push(loop);
  }
  return loops.sort((a, b) => b.length - a.length);
}
