import type { Photo } from "@/lib/types.ts";

/** Points across and down at which pictures are compared. */
const [ACROSS, DOWN] = [32, 24] as const;
/** Mean change of the points' bytes from one frame to the next that no movement makes. */
const CUT = 30;

/** Notices where a video goes on with another picture. */
export class CutDetector {
  #before: Uint8Array | undefined;

  /** Whether this frame has nothing to do with the last one. */
  isCut({ width, height, rgb }: Photo): boolean {
    const points = new Uint8Array(3 * ACROSS * DOWN);
    for (let row = 0, i = 0; row < DOWN; row++) {
      const y = Math.floor((row + 0.5) * height / DOWN);
      for (let column = 0; column < ACROSS; column++, i += 3) {
        const at = 3 * (y * width + Math.floor((column + 0.5) * width / ACROSS));
        for (let c = 0; c < 3; c++) points[i + c] = rgb[at + c]!;
      }
    }
    const before = this.#before ?? points;
    this.#before = points;
    return points.reduce((sum, value, i) => sum + Math.abs(value - before[i]!), 0) > CUT * points.length;
  }
}
