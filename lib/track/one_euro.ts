/** Hz: what a point at rest is smoothed to. */
const MIN_CUTOFF = 0.9;
/** Hz of cutoff more for each face size that a point moves in a second. */
const SPEED_COEFFICIENT = 16;
/** Hz, of the speed's own smoothing. */
const SPEED_CUTOFF = 2;

export interface OneEuroMoment {
  /** Seconds; it grows from call to call. */
  readonly time: number;
  /** Length that speeds are measured in, in the points' unit: the face's size. */
  readonly size: number;
}

/**
 * The One-Euro filter (Casiez et al., CHI 2012) of points: a low pass whose cutoff rises with a point's speed, so that it
 * is calm at rest and does not lag in motion. All coordinates of a point share one cutoff, and its shape stays.
 */
export class OneEuroFilter {
  readonly #dimensions: number;
  #points: Float32Array | undefined;
  /** [n, dimensions], the smoothed velocity in sizes a second. */
  #velocities = new Float32Array();
  #time = 0;

  /** @param dimensions numbers of a point */
  constructor(dimensions = 3) {
    this.#dimensions = dimensions;
  }

  /** Forgets what came before, as after a cut. */
  reset(): void {
    this.#points = undefined;
  }

  /** The points, [n, dimensions], smoothed: the filter's own memory, valid until the next call. `points` are not kept. */
  filter(points: Float32Array, { time, size }: OneEuroMoment): Float32Array {
    const seconds = time - this.#time;
    this.#time = time;
    if (this.#points?.length !== points.length || !(seconds > 0)) {
      this.#velocities = new Float32Array(points.length);
      return this.#points = points.slice();
    }
    const smoothed = this.#points, velocities = this.#velocities;
    const kept = 1 - smoothingShare(SPEED_CUTOFF, seconds), perSize = 1 / (size * seconds);
    const dimensions = this.#dimensions;
    for (let i = 0; i < points.length; i += dimensions) {
      let squared = 0;
      for (let k = i; k < i + dimensions; k++) {
        const speed = velocities[k] = kept * velocities[k]! + (1 - kept) * perSize * (points[k]! - smoothed[k]!);
        squared += speed * speed;
      }
      const share = smoothingShare(MIN_CUTOFF + SPEED_COEFFICIENT * Math.sqrt(squared), seconds);
      for (let k = i; k < i + dimensions; k++) smoothed[k]! += share * (points[k]! - smoothed[k]!);
    }
    return smoothed;
  }
}

/** The share of a new value that a first-order low pass of this cutoff takes after these seconds. */
function smoothingShare(cutoffHertz: number, seconds: number): number {
  const rate = 2 * Math.PI * cutoffHertz * seconds;
  return rate / (rate + 1);
}
