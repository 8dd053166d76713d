import type { Vec3 } from "@/lib/types.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { MOUTH_Q } from "./grid.ts";
import type { Head } from "./head.ts";

/** The axis through both joints of the jaw. */
const jawAxis = { y: -1.6, z: 0.4 };
const JAW_ANGLE = 20 * Math.PI / 180;
const MOUTH_CORNER = 2.5;

/** How much a point of the sheet goes with the lower jaw. */
function jawShare(p: number, q: number, side: number): number {
  const outwards = Math.min(1, Math.abs(p) / MOUTH_CORNER);
  const below = q < MOUTH_Q || (q === MOUTH_Q && side < 0);
  const edge = below ? 1 - 0.58 * outwards ** 3 : 0.42 * outwards ** 3; // at the height of the mouth
  const share = below
    ? edge + (1 - edge) * smoothstep(0, 2.6, MOUTH_Q - q)
    : edge * (1 - smoothstep(0, 3.2, q - MOUTH_Q));
  const neck = 1 - smoothstep(11.5, 18, -q);
  const ramus = 1 - smoothstep(5, 14, Math.abs(p));
  return share * neck * ramus;
}

/** [vertexCount], how much each vertex goes with the lower jaw. */
function jawShares(head: Head): Float64Array {
  const { sheets } = head;
  return Float64Array.from(head.parts, (part, v) => {
    if (part === "lowerJaw") return 1;
    if (part === "mouthCavity") return jawShare(head.point(v)[0], MOUTH_Q, head.side[v]!);
    return v < sheets.p.length ? jawShare(sheets.p[v]!, sheets.q[v]!, sheets.side[v]!) : 0;
  });
}

/** The jaw's expressions, as ARKit names them. */
export function jawModes(head: Head): { name: string; mode: Float32Array }[] {
  const shares = jawShares(head);
  const [c, s] = [Math.cos(JAW_ANGLE), Math.sin(JAW_ANGLE)];
  const open = ([, y, z]: Vec3): Vec3 => {
    const [dy, dz] = [y - jawAxis.y, z - jawAxis.z];
    return [0, c * dy - s * dz - dy, s * dy + c * dz - dz];
  };
  const mode = (move: (point: Vec3) => Vec3) => {
    const out = new Float32Array(head.positions.length);
    shares.forEach((share, v) => {
      if (share > 0) out.set(move(head.point(v)).map((change) => share * change), 3 * v);
    });
    return out;
  };
  return [
    { name: "jawOpen", mode: mode(open) },
    { name: "jawLeft", mode: mode(() => [0.7, 0, 0]) },
    { name: "jawRight", mode: mode(() => [-0.7, 0, 0]) },
    { name: "jawForward", mode: mode(() => [0, 0, 0.6]) },
  ];
}
