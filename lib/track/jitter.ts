import { faceSize } from "@/lib/evaluate/nme.ts";
import type { FaceFit, TrackedFit } from "@/lib/track/face_tracker.ts";

/** How much points tremble, in percent of the face's size: mean second difference of the landmarks from frame to frame. */
export interface Jitter {
  /** While the face moves less than {@linkcode STILL}; none where it never was so. */
  readonly atRest: number | undefined;
  readonly inMotion: number | undefined;
}

/** Face sizes a second: below this a face counts as at rest. */
const STILL = 0.25;

type Segment = Pick<TrackedFit<FaceFit>, "id" | "segment" | "isFound">;

/** Measures jitter frame by frame, for each face by its number, from each time on that it was found anew. */
export class JitterMeter {
  /** By the face's number. */
  readonly #last = new Map<
    number,
    { readonly frame: number; readonly segment: number; readonly points: readonly Float32Array[] }
  >();
  readonly #sums = { atRest: { sum: 0, count: 0 }, inMotion: { sum: 0, count: 0 } };
  readonly #framesPerSecond: number;

  constructor({ framesPerSecond }: { readonly framesPerSecond: number }) {
    this.#framesPerSecond = framesPerSecond;
  }

  /** Landmarks are [68, 3]; frames are numbered one by one. */
  add({ id, segment, isFound }: Segment, frame: number, landmarks: Float32Array): void {
    if (!isFound) return;
    const before = this.#last.get(id);
    const goesOn = before?.frame === frame - 1 && before.segment === segment;
    const points = [...goesOn ? before.points.slice(-2) : [], landmarks.slice()];
    this.#last.set(id, { frame, segment, points });
    const [a, b, c] = points;
    if (!a || !b || !c) return;
    const size = faceSize(c);
    let second = 0, path = 0;
    for (let i = 0; i < c.length; i += 3) {
      second += Math.hypot(c[i]! - 2 * b[i]! + a[i]!, c[i + 1]! - 2 * b[i + 1]! + a[i + 1]!);
      path += Math.hypot(c[i]! - a[i]!, c[i + 1]! - a[i + 1]!) / 2;
    }
    const count = c.length / 3;
    const speed = path / count / size * this.#framesPerSecond;
    const sum = speed < STILL ? this.#sums.atRest : this.#sums.inMotion;
    sum.sum += 100 * second / count / size;
    sum.count++;
  }

  get jitter(): Jitter {
    const mean = ({ sum, count }: { sum: number; count: number }) => count > 0 ? sum / count : undefined;
    return { atRest: mean(this.#sums.atRest), inMotion: mean(this.#sums.inMotion) };
  }
}
