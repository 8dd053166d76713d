import type { Vec3 } from "@/lib/types.ts";
import { bump } from "./curve.ts";
import { MOUTH_Q } from "./grid.ts";
import type { Head, PartName } from "./head.ts";
import { eyeball, lidAt, lidShell } from "./lids.ts";

/** A soft region that moves: inside its ellipsoid, most at the center, not at all at its border. */
export interface Brush {
  /** Center and half axes, centimeters. */
  readonly at: Vec3;
  readonly reach: number | Vec3;
  /** Centimeters. */
  readonly move?: Vec3;
  /** Growth around the center, as shares of the distance. */
  readonly grow?: Vec3;
  /** Turn about the axis through the center along z, radians. */
  readonly turn?: number;
  /** Only what lies above or below the mouth's slit. */
  readonly lip?: "upper" | "lower";
  /** Also on the other side: mirrored, or the opposite (for what makes a face uneven). Not given: this side alone. */
  readonly other?: "mirrored" | "opposite";
}

/** Points that rigid parts move with, as a whole. */
const anchors: Partial<Record<PartName, Vec3>> = {
  leftEyeball: [-eyeball.x, eyeball.y, eyeball.z + eyeball.radius],
  rightEyeball: [eyeball.x, eyeball.y, eyeball.z + eyeball.radius],
  upperJaw: [0, -6.4, 9.3],
  lowerJaw: [0, -7.4, 9.1],
};

/** A vertex of the lids: it slides on the shell over its eyeball. */
interface LidVertex {
  readonly vertex: number;
  /** A vertex of the eyeball. */
  readonly eyeball: number;
  /** How much it keeps to the shell, 0 to 1. */
  readonly cover: number;
  /** Slope of the shell along x and y. */
  readonly slope: readonly [number, number];
}

/** Makes the displacements of a head's vertices from brushes. */
export class Painter {
  readonly #count: number;
  /** [vertexCount, 3], where each vertex feels the brushes. */
  readonly #sites: Float64Array;
  /** [vertexCount], 1 above the mouth, -1 below it, 0 for what belongs to no lip. */
  readonly #lips: Int8Array;
  readonly #lids: readonly LidVertex[];

  constructor(head: Head) {
    this.#count = head.parts.length;
    this.#sites = Float64Array.from(head.positions);
    this.#lips = new Int8Array(this.#count);
    head.parts.forEach((part, v) => {
      const anchor = anchors[part];
      if (anchor) this.#sites.set(anchor, 3 * v);
      else this.#lips[v] = head.q[v]! > MOUTH_Q || (head.q[v] === MOUTH_Q && head.side[v]! >= 0) ? 1 : -1;
    });
    this.#lids = lidVertices(head);
  }

  /** [vertexCount, 3] */
  paint(brushes: readonly Brush[]): Float32Array {
    const out = new Float32Array(3 * this.#count);
    for (const brush of brushes) {
      this.#stroke(brush, 1, 1, out);
      if (brush.other) this.#stroke(brush, -1, brush.other === "mirrored" ? 1 : -1, out);
    }
    for (const { vertex, eyeball, cover, slope } of this.#lids) {
      const [v, e] = [3 * vertex, 3 * eyeball];
      const onShell = out[e + 2]! + slope[0] * (out[v]! - out[e]!) + slope[1] * (out[v + 1]! - out[e + 1]!);
      out[v + 2]! += cover * (onShell - out[v + 2]!);
    }
    return out;
  }

  #stroke(brush: Brush, mirror: 1 | -1, sign: 1 | -1, out: Float32Array): void {
    const { at: [ax, ay, az], reach, move = [0, 0, 0], grow = [0, 0, 0], turn = 0, lip } = brush;
    const [rx, ry, rz] = typeof reach === "number" ? [reach, reach, reach] : reach;
    const otherLip = lip === "upper" ? -1 : lip === "lower" ? 1 : 2;
    const [sites, lips] = [this.#sites, this.#lips];
    for (let v = 0, i = 0; v < lips.length; v++, i += 3) {
      const dy = sites[i + 1]! - ay;
      if (dy > ry || dy < -ry || lips[v] === otherLip) continue;
      const dx = sites[i]! * mirror - ax;
      const dz = sites[i + 2]! - az;
      const distance = (dx / rx) ** 2 + (dy / ry) ** 2 + (dz / rz) ** 2;
      if (distance >= 1) continue;
      const amount = sign * bump(Math.sqrt(distance));
      out[i]! += mirror * amount * (move[0] + grow[0] * dx - turn * dy);
      out[i + 1]! += amount * (move[1] + grow[1] * dy + turn * dx);
      out[i + 2]! += amount * (move[2] + grow[2] * dz);
    }
  }
}

function lidVertices(head: Head): LidVertex[] {
  const { sheets } = head;
  const eyeballs = [head.parts.indexOf("leftEyeball"), head.parts.indexOf("rightEyeball")] as const;
  const found: LidVertex[] = [];
  for (let vertex = 0; vertex < sheets.p.length; vertex++) {
    const p = sheets.p[vertex]!;
    const lid = lidAt({ p: Math.abs(p), q: sheets.q[vertex]!, side: sheets.side[vertex]! });
    if (!lid || lid.cover === 0) continue;
    const [x, y] = head.point(vertex);
    const step = 1e-3;
    const slopeX = (lidShell(Math.abs(x) + step, y) - lidShell(Math.abs(x) - step, y)) / (2 * step);
    const slopeY = (lidShell(Math.abs(x), y + step) - lidShell(Math.abs(x), y - step)) / (2 * step);
    const slope = [Math.sign(p) * slopeX, slopeY] as const;
    found.push({ vertex, eyeball: eyeballs[p < 0 ? 0 : 1], cover: lid.cover, slope });
  }
  for (
    const [socket, eyeball] of [[head.sockets.leftEye, eyeballs[0]], [head.sockets.rightEye, eyeballs[1]]] as const
  ) {
    for (const vertex of socket) found.push({ vertex, eyeball, cover: 1, slope: [0, 0] });
  }
  return found;
}
