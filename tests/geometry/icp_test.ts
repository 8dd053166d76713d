import { alignByNearest, meanDistance } from "@/lib/geometry/icp.ts";
import { transformPoints3D } from "@/lib/geometry/procrustes.ts";
import { poseRotation } from "@/lib/geometry/transforms.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { distanceBetween, pointAt } from "@/lib/geometry/vectors.ts";
import { Random } from "@/lib/random.ts";
import { assert } from "@/tests/support.ts";

const { mean, surface: { triangles }, surfaceVertices } = builtInFace();
const face = Float32Array.from([...surfaceVertices].flatMap((v) => [...mean.subarray(3 * v, 3 * v + 3)]));

/** The mean length of the face's edges: nearest points cannot tell places that are much nearer. */
function meanEdge(): number {
  let sum = 0;
  for (let corner = 0; corner < triangles.length; corner++) {
    const next = corner % 3 === 2 ? corner - 2 : corner + 1;
    sum += distanceBetween(pointAt(face, triangles[corner]!), pointAt(face, triangles[next]!));
  }
  return sum / triangles.length;
}

Deno.test("alignByNearest() brings a face that was turned, scaled and shifted back to within half an edge, in any order", () => {
  const random = new Random("icp");
  const size = Math.max(...face) - Math.min(...face);
  for (let trial = 0; trial < 4; trial++) {
    const within = (most: number) => random.uniform(-most, most);
    const moved = transformPoints3D(face, {
      rotation: poseRotation({ pitch: within(0.15), yaw: within(0.15), roll: within(0.15) }),
      scale: 1 + within(0.05),
      translation: [within(0.03) * size, within(0.03) * size, within(0.03) * size],
    });
    const order = [...Array(face.length / 3).keys()].sort((a, b) => (a * 7919) % 1009 - (b * 7919) % 1009);
    const shuffled = Float32Array.from(order.flatMap((v) => [...moved.subarray(3 * v, 3 * v + 3)]));
    const back = transformPoints3D(shuffled, alignByNearest(shuffled, face));
    const [before, after] = [meanDistance(shuffled, face), meanDistance(back, face)];
    assert(after < before && after < meanEdge() / 2, `${after} after ${before}, of edges of ${meanEdge()}`);
  }
});
