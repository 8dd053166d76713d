import { clamp } from "@/lib/numbers.ts";
import type { FaceFit, TrackedFit } from "@/lib/track/face_tracker.ts";
import { smoothedAt } from "@/lib/track/savitzky_golay.ts";

/** A frame's faces, and whatever goes with the frame. */
export interface TrackedFrame<Fit extends FaceFit, Extra> {
  readonly extra: Extra;
  readonly faces: readonly TrackedFit<Fit>[];
}

/**
 * Smooths tracked faces by what comes before and after (Savitzky and Golay), for whoever need not have a frame at once:
 * frames come out in order, as many later as are looked ahead.
 */
export class DelayedSmoothing<Fit extends FaceFit, Extra> {
  readonly #reach: number;
  readonly #frames: TrackedFrame<Fit, Extra>[] = [];
  /** The place in the list of the frame that comes out next. */
  #next = 0;

  /** `reach` is the count of frames to each side that a frame is smoothed by. */
  constructor({ reach = 5 }: { readonly reach?: number } = {}) {
    this.#reach = reach;
  }

  /** The frame that can be smoothed now that this one is known; none at first. */
  add(frame: TrackedFrame<Fit, Extra>): TrackedFrame<Fit, Extra> | undefined {
    this.#frames.push(frame);
    return this.#frames.length - this.#next > this.#reach ? this.#take() : undefined;
  }

  /** The frames that are left, at the end. */
  *rest(): Generator<TrackedFrame<Fit, Extra>> {
    while (this.#next < this.#frames.length) yield this.#take();
  }

  #take(): TrackedFrame<Fit, Extra> {
    const frame = this.#frames[this.#next]!;
    const faces = frame.faces.map((face) => ({
      ...face,
      landmarks: this.#smoothed(face, (fit) => fit.landmarks),
      vertices: this.#smoothed(face, (fit) => fit.vertices),
      expressions: this.#smoothed(face, (fit) => fit.expressions).map((value, m) => {
        const seen = face.fit.expressions[m]!; // beyond 0 and 1 of components alone
        return clamp(value, Math.min(0, seen), Math.max(1, seen));
      }),
    }));
    if (this.#next < this.#reach) this.#next++;
    else this.#frames.shift();
    return { ...frame, faces };
  }

  /** By the frames around without a gap, and without a cut, in which this face was found. */
  #smoothed({ id, segment, fit, isFound }: TrackedFit<Fit>, pick: (fit: Fit) => Float32Array): Float32Array {
    if (!isFound) return pick(fit);
    const at = (place: number) =>
      this.#frames[place]?.faces.find((face) => face.id === id && face.segment === segment && face.isFound);
    let first = this.#next, end = this.#next + 1;
    while (first > 0 && at(first - 1)) first--;
    while (end <= this.#next + this.#reach && at(end)) end++;
    const window = Array.from({ length: end - first }, (_, i) => pick(at(first + i)!.fit));
    return smoothedAt(window, this.#next - first);
  }
}
