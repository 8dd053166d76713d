import { boundaryLoops } from "@/lib/geometry/boundary.ts";
import { closeHoles } from "@/lib/geometry/close_holes.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { type PhotoTexture, photoTexture } from "@/lib/geometry/photo_texture.ts";
import { boundsOf, distanceBetween, pointAt } from "@/lib/geometry/vectors.ts";
import type { Mesh } from "@/lib/types.ts";

/** A face's mesh without openings, and where it takes its colors from; the first vertices are those of the face. */
export interface TexturedFace extends PhotoTexture {
  /** [vertexCount], 1 hides what is behind: unseen skin fades out where the mesh ends. */
  readonly opacity: Float32Array;
}

/** Share of the face's size over which unseen skin fades out. */
const FADE = 0.08;

/**
 * The photo's colors on a face's mesh, in its pixels. Its openings, eyes and mouth, are closed, as eyeballs and teeth are
 * no part of it.
 *
 * @param mirrorUv [vertexCount, 2], where the surface's layout is symmetric
 */
export function textureFace(face: Mesh, image: FloatImage, mirrorUv?: Float32Array): TexturedFace {
  const capStart = face.positions.length / 3;
  const closed = closeHoles(face.triangles, capStart);
  const mesh = { positions: closed.extend(face.positions, 3), triangles: closed.triangles };
  const texture = photoTexture(mesh, image, { mirrorUv: mirrorUv && closed.extend(mirrorUv, 2), capStart });
  const seenness = texture.trust.map((value, v) => Math.max(value, v >= capStart ? 1 : 0));
  return { ...texture, opacity: fadedAtEdge(mesh, seenness, FADE * sizeOf(mesh.positions)) };
}

/** 1 but for unseen vertices so near to the mesh's outer edge. */
function fadedAtEdge({ positions, triangles }: Mesh, seenness: Float32Array, width: number): Float32Array {
  const distance = new Float64Array(seenness.length).fill(Infinity);
  for (const v of boundaryLoops(triangles)[0] ?? []) distance[v] = 0;
  for (let grown = true; grown;) {
    grown = false;
    for (let k = 0; k < triangles.length; k++) {
      const v = triangles[k]!, w = triangles[k % 3 === 2 ? k - 2 : k + 1]!;
      const length = distanceBetween(pointAt(positions, v), pointAt(positions, w));
      for (const [a, b] of [[v, w], [w, v]] as const) {
        if (!(distance[a]! + length < Math.min(distance[b]!, width))) continue;
        distance[b] = distance[a]! + length;
        grown = true;
      }
    }
  }
  return seenness.map((value, v) => Math.max(value, Math.min(1, distance[v]! / width)));
}

/** The diagonal of the box around points. */
function sizeOf(positions: Float32Array): number {
  const { low, high } = boundsOf(positions);
  return distanceBetween(low, high);
}
