export interface OneEuroOptions {
  /** Hz: what a point at rest is smoothed to. */
  readonly minCutoff?: number;
  /** Hz of cutoff more for each face size that a point moves in a second. */
  readonly speedCoefficient?: number;
  /** Hz, of the speed's own smoothing. */
  readonly speedCutoff?: number;
}

export interface OneEuroMoment {
  /** Seconds; it grows from call to call. */
  readonly time: number;
  /** Length that speeds are measured in, in the points' unit: the face's size. */
  readonly size: number;
}

/**
 * The One-Euro filter (Casiez et al., CHI 2012) of points: a low pass whose cutoff rises with a point's speed, so that it
 * is calm at rest and does not lag in motion. All three coordinates of a point share one cutoff, and its shape stays.
 */
export class OneEuroFilter {
  readonly #minCutoff: number;
  readonly #speedCoefficient: number;
  readonly #speedCutoff: number;
  #points: Float32Array | undefined;
  /** [n, 3], the smoothed velocity in sizes a second. */
  #velocities = new Float32Array();
  #time = 0;

  constructor({ minCutoff = 0.9, speedCoefficient = 16, speedCutoff = 2 }: OneEuroOptions = {}) {
    this.#minCutoff = minCutoff;
    this.#speedCoefficient = speedCoefficient;
    this.#speedCutoff = speedCutoff;
  }

  /** Forgets what came before, as after a cut. */
  reset(): void {
    this.#points = undefined;
  }

  /** The points, [n, 3], smoothed: the filter's own memory, valid until the next call. `points` are not kept. */
  filter(points: Float32Array, { time, size }: OneEuroMoment): Float32Array {
    const seconds = time - this.#time;
    this.#time = time;
    if (this.#points?.length !== points.length || !(seconds > 0)) {
      this.#velocities = new Float32Array(points.length);
      return this.#points = points.slice();
    }
    const smoothed = this.#points, velocities = this.#velocities;
    const kept = 1 - smoothingShare(this.#speedCutoff, seconds), perSize = 1 / (size * seconds);
    for (let i = 0; i < points.length; i += 3) {
      const dx = points[i]! - smoothed[i]!,
        dy = points[i + 1]! - smoothed[i + 1]!,
        dz = points[i + 2]! - smoothed[i + 2]!;
      const vx = velocities[i]! = kept * velocities[i]! + (1 - kept) * dx * perSize;
      const vy = velocities[i + 1]! = kept * velocities[i + 1]! + (1 - kept) * dy * perSize;
      const vz = velocities[i + 2]! = kept * velocities[i + 2]! + (1 - kept) * dz * perSize;
      const cutoff = this.#minCutoff + this.#speedCoefficient * Math.sqrt(vx * vx + vy * vy + vz * vz);
      const share = smoothingShare(cutoff, seconds);
      smoothed[i]! += share * dx;
      smoothed[i + 1]! += share * dy;
      smoothed[i + 2]! += share * dz;
    }
    return smoothed;
  }
}

/** The share of a new value that a first-order low pass of this cutoff takes after so many seconds. */
function smoothingShare(cutoffHertz: number, seconds: number): number {
  const rate = 2 * Math.PI * cutoffHertz * seconds;
  return rate / (rate + 1);
}
