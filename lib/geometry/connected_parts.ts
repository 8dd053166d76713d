/**
 * The connected parts of a mesh: [vertexCount], of each vertex the least number of those that it hangs together with by
 * polygons, itself or another.
 */
export function connectedParts(polygons: Iterable<readonly number[]>, vertexCount: number): Uint32Array {
  const part = Uint32Array.from({ length: vertexCount }, (_, vertex) => vertex);
  const rootOf = (vertex: number) => {
    let root = vertex;
    while (part[root] !== root) root = part[root]!;
    for (let at = vertex; at !== root;) [at, part[at]] = [part[at]!, root]; // the next way is short
    return root;
  };
  for (const [first, ...rest] of polygons) {
    for (const vertex of rest) {
      const [a, b] = [rootOf(first!), rootOf(vertex)];
      part[Math.max(a, b)] = Math.min(a, b);
    }
  }
  return part.map((_, vertex) => rootOf(vertex));
}
