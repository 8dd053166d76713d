import { type MaterialName, materialNames } from "@/lib/face/morphable_model.ts";
import { pointAt } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";
import { mirroredPlace, pushQuad, type Sheets } from "./grid.ts";

/** How a vertex moves: the eyeballs and the jaws with their teeth are rigid. */
export type PartName = "skin" | "scalp" | "leftEyeball" | "rightEyeball" | "upperJaw" | "lowerJaw" | "mouthCavity";

/** A head in the making: the sheet's vertices first, then all that the position map leaves out. */
export class Head {
  /** [vertexCount, 3] */
  readonly positions: number[] = [];
  readonly parts: PartName[] = [];
  /** [vertexCount], sheet coordinate q, which tells what lies above the mouth from what lies below it. */
  readonly q: number[] = [];
  /** [vertexCount], 1 above the slit of an opening, -1 below it, 0 elsewhere. */
  readonly side: number[] = [];
  /** [triangleCount, 3] */
  readonly triangles: number[] = [];
  /** [triangleCount] */
  readonly materials: number[] = [];
  /** The inner ends of the lids, in the order of the openings' loops. */
  readonly sockets: Record<"leftEye" | "rightEye", number[]> = { leftEye: [], rightEye: [] };

  constructor(readonly sheets: Sheets, positions: Float64Array) {
    for (let v = 0; v < sheets.p.length; v++) {
      const [x, y, z] = positions.subarray(3 * v, 3 * v + 3);
      this.add([x!, y!, z!], "skin", { q: sheets.q[v]!, side: sheets.side[v]! });
    }
    for (const index of sheets.triangles) this.triangles.push(index);
    this.cover("skin");
  }

  /** A new vertex; `like` is the sheet's vertex that it continues, if any. */
  add([x, y, z]: Vec3, part: PartName, like: { q: number; side: number } = { q: y, side: 0 }): number {
    this.positions.push(x, y, z);
    this.q.push(like.q);
    this.side.push(like.side);
    return this.parts.push(part) - 1;
  }

  point(v: number): Vec3 {
    return pointAt(this.positions, v);
  }

  /** What {@linkcode Head.add} takes to continue this vertex. */
  like(v: number): { q: number; side: number } {
    return { q: this.q[v]!, side: this.side[v]! };
  }

  /** The vertex of the left eye's socket that mirrors one of the right eye's. */
  mirroredSocket(v: number): number {
    const { leftEye, rightEye } = this.sockets;
    return leftEye[mirroredPlace(rightEye.indexOf(v), leftEye.length)]!;
  }

  /** Triangles between two closed rings of as many vertices, seen from where the outer one runs clockwise. */
  joinRings(outer: ArrayLike<number>, inner: ArrayLike<number>): void {
    for (let k = 0; k < inner.length; k++) {
      const next = (k + 1) % inner.length;
      const quad = [outer[next]!, outer[k]!, inner[k]!, inner[next]!];
      pushQuad(this.triangles, quad, this.positions[3 * inner[k]!]! >= 0);
    }
  }

  /** Triangles between rows of as many vertices, seen from where columns run right and rows down. */
  joinRows(rows: readonly (readonly number[])[]): void {
    for (let row = 0; row + 1 < rows.length; row++) {
      const [upper, lower] = [rows[row]!, rows[row + 1]!];
      for (let k = 0; k + 1 < upper.length; k++) {
        const quad = [upper[k]!, lower[k]!, lower[k + 1]!, upper[k + 1]!];
        pushQuad(this.triangles, quad, k >= upper.length >> 1);
      }
    }
  }

  /** Triangles between a closed ring and a point, seen from where the ring runs clockwise. */
  closeRing(ring: ArrayLike<number>, point: number): void {
    for (let k = 0; k < ring.length; k++) this.triangles.push(ring[(k + 1) % ring.length]!, ring[k]!, point);
  }

  /** Gives all triangles that have no material yet this one. */
  cover(material: MaterialName): void {
    while (this.materials.length < this.triangles.length / 3) this.materials.push(materialNames.indexOf(material));
  }
}
