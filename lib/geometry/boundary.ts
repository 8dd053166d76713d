/**
 * The closed lines along which a mesh ends, longest first: each a list of vertices, in the order in which the triangles
 * beside them name them. Where edges of more than one line meet at a vertex, lines may run into each other.
 *
 * @param triangles [triangleCount, 3]
 */
export function boundaryLoops(triangles: Uint32Array): number[][] {
  const next = new Map<number, number>();
  const directed = new Set<string>();
  const edges = triangles.length;
  const to = (k: number) => triangles[k % 3 === 2 ? k - 2 : k + 1]!;
  for (let k = 0; k < edges; k++) directed.add(`${triangles[k]},${to(k)}`);
  for (let k = 0; k < edges; k++) if (!directed.has(`${to(k)},${triangles[k]}`)) next.set(triangles[k]!, to(k));
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
