import { bump } from "./curve.ts";
import { MOUTH_Q } from "./grid.ts";
import type { Head, PartName } from "./parts.ts";
import { eyeball } from "./sculpture.ts";

type Triple = readonly [x: number, y: number, z: number];

/** A soft region that moves: inside its ellipsoid, most at the center, not at all at its border. */
export interface Brush {
  /** Center and half axes, centimeters. */
  readonly at: Triple;
  readonly reach: number | Triple;
  /** Centimeters. */
  readonly move?: Triple;
  /** Growth around the center, as shares of the distance. */
  readonly grow?: Triple;
  /** Turn about the axis through the center along z, radians. */
  readonly turn?: number;
  /** Only what lies above or below the mouth's slit. */
  readonly lip?: "upper" | "lower";
  /** Also on the other side: mirrored, or the opposite (for what makes a face uneven). Not given: this side alone. */
  readonly other?: "mirrored" | "opposite";
}

const TEETH: Triple = [0, -6.4, 9.3];
const rigidAnchors: Partial<Record<PartName, Triple>> = {
  leftEyeball: [-eyeball.x, eyeball.y, eyeball.z + eyeball.radius],
  rightEyeball: [eyeball.x, eyeball.y, eyeball.z + eyeball.radius],
  upperTeeth: TEETH,
  lowerTeeth: [0, -7.4, 9.1],
};

/** The displacement of every vertex that these brushes make, [vertexCount, 3]. */
export function paint(head: Head, brushes: readonly Brush[]): Float32Array {
  const out = new Float32Array(head.positions.length);
  for (const brush of brushes) {
    stroke(head, brush, 1, 1, out);
    if (brush.other) stroke(head, brush, -1, brush.other === "mirrored" ? 1 : -1, out);
  }
  return out;
}

function stroke(head: Head, brush: Brush, mirror: 1 | -1, sign: 1 | -1, out: Float32Array): void {
  const { at, reach, move = [0, 0, 0], grow = [0, 0, 0], turn = 0, lip } = brush;
  const [rx, ry, rz] = typeof reach === "number" ? [reach, reach, reach] : reach;
  const { positions, parts, q, side } = head;
  for (let v = 0; v < parts.length; v++) {
    const anchor = rigidAnchors[parts[v]!];
    const dx = (anchor ? anchor[0] : positions[3 * v]!) * mirror - at[0];
    const dy = (anchor ? anchor[1] : positions[3 * v + 1]!) - at[1];
    const dz = (anchor ? anchor[2] : positions[3 * v + 2]!) - at[2];
    const distance = (dx / rx) ** 2 + (dy / ry) ** 2 + (dz / rz) ** 2;
    if (distance >= 1) continue;
    if (lip && !anchor && lip !== (side[v]! > 0 || (side[v] === 0 && q[v]! > MOUTH_Q) ? "upper" : "lower")) continue;
    const amount = sign * bump(Math.sqrt(distance));
    out[3 * v]! += mirror * amount * (move[0] + grow[0] * dx - turn * dy);
    out[3 * v + 1]! += amount * (move[1] + grow[1] * dy + turn * dx);
    out[3 * v + 2]! += amount * (move[2] + grow[2] * dz);
  }
}
