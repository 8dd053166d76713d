import type { Sample } from "@/lib/data/sample.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import { clamp } from "@/lib/numbers.ts";

/**
 * A ring of batches in memory that threads share. Workers take tickets in order, one a head, whose samples have places in
 * the batches: place p belongs to batch ⌊p / batchSize⌋, which lies in slot batch % slotCount once the batch before it there
 * is released.
 */
export interface BatchRing {
  readonly batchSize: number;
  readonly imageSize: number;
  readonly slotCount: number;
  /** Expressions whose amounts are taken along; 0 where none are. */
  readonly expressionCount: number;
  /** Samples that there will ever be; the last batch may be short. */
  readonly sampleCount: number;
  /** Int32: tickets taken, batches released, whether closed, and for each slot the samples that are done. */
  readonly control: SharedArrayBuffer;
  /** Uint8 [slotCount, batchSize, imageSize, imageSize, 3]. */
  readonly images: SharedArrayBuffer;
  /** Float32, of the same shape: encoded position maps. */
  readonly targets: SharedArrayBuffer;
  /** Float32 [slotCount, batchSize, 68, 3], crop pixels. */
  readonly landmarks: SharedArrayBuffer;
  /** Float32 [slotCount, batchSize, expressionCount], 0 to 1. */
  readonly expressions: SharedArrayBuffer;
  /** Float32 [slotCount, batchSize], 1 where the crop has a face, else 0. */
  readonly presence: SharedArrayBuffer;
  /** Int32 [slotCount, batchSize], who each sample shows; -1 where nobody else's sample shows them. */
  readonly people: SharedArrayBuffer;
}

const TICKETS = 0;
const RELEASED = 1;
const CLOSED = 2;
const DONE = 3;

/** Taken at once: a source may make neighbors of one person, and need not make that person in every thread. */
const TICKETS_TAKEN = 4;

/** More than any batch's number: what is released when the ring is closed, so that nobody waits on. */
const EVERYTHING = 2 ** 30;

/** A ring with no sample made and no slot taken, in memory that threads share. */
export function createRing(
  shape: Pick<BatchRing, "batchSize" | "imageSize" | "slotCount" | "sampleCount" | "expressionCount">,
): BatchRing {
  const { batchSize, imageSize, slotCount, expressionCount } = shape;
  const values = slotCount * batchSize * imageSize * imageSize * 3;
  return {
    ...shape,
    control: new SharedArrayBuffer(4 * (DONE + slotCount)),
    images: new SharedArrayBuffer(values),
    targets: new SharedArrayBuffer(4 * values),
    landmarks: new SharedArrayBuffer(4 * slotCount * batchSize * LANDMARK_COUNT * 3),
    expressions: new SharedArrayBuffer(4 * slotCount * batchSize * expressionCount),
    presence: new SharedArrayBuffer(4 * slotCount * batchSize),
    people: new SharedArrayBuffer(4 * slotCount * batchSize),
  };
}

/** Views of one batch, or of one sample of it. */
export interface RingViews {
  readonly images: Uint8Array;
  readonly targets: Float32Array;
  readonly landmarks: Float32Array;
  readonly expressions: Float32Array;
  readonly presence: Float32Array;
  readonly people: Int32Array;
}

/** The samples [first, first + count) of a batch. */
export function ringViews(ring: BatchRing, batch: number, [first, count]: readonly [number, number]): RingViews {
  const start = (batch % ring.slotCount) * ring.batchSize + first;
  const pixels = ring.imageSize * ring.imageSize * 3;
  return {
    images: new Uint8Array(ring.images, start * pixels, count * pixels),
    targets: new Float32Array(ring.targets, 4 * start * pixels, count * pixels),
    landmarks: new Float32Array(ring.landmarks, 4 * start * LANDMARK_COUNT * 3, count * LANDMARK_COUNT * 3),
    expressions: new Float32Array(
      ring.expressions,
      4 * start * ring.expressionCount,
      count * ring.expressionCount,
    ),
    presence: new Float32Array(ring.presence, 4 * start, count),
    people: new Int32Array(ring.people, 4 * start, count),
  };
}

/** How many samples a batch has: the last one fewer, those after it none. */
export function batchLength({ batchSize, sampleCount }: BatchRing, batch: number): number {
  return clamp(sampleCount - batch * batchSize, 0, batchSize);
}

/** For workers: the tickets [first, end) of `count` that are theirs next, or undefined after the last. */
export function takeTickets({ control }: BatchRing, count: number): [number, number] | undefined {
  const first = Atomics.add(new Int32Array(control), TICKETS, TICKETS_TAKEN);
  return first < count ? [first, Math.min(count, first + TICKETS_TAKEN)] : undefined;
}

/** For workers: waits until the sample's place is free. False where the ring was closed. */
export function waitForPlace({ control: shared, batchSize, slotCount }: BatchRing, place: number): boolean {
  const control = new Int32Array(shared);
  const batch = Math.floor(place / batchSize);
  for (;;) {
    const released = Atomics.load(control, RELEASED);
    if (Atomics.load(control, CLOSED) !== 0) return false;
    if (batch < released + slotCount) return true;
    Atomics.wait(control, RELEASED, released);
  }
}

/** For workers: lays a sample down. True where it completes its batch. */
export function putSample(ring: BatchRing, place: number, sample: EncodedSample): boolean {
  const { image, targets, landmarks, expressions = new Float32Array(ring.expressionCount) } = sample;
  const { isAbsent = false, person = -1 } = sample;
  const batch = Math.floor(place / ring.batchSize);
  const views = ringViews(ring, batch, [place % ring.batchSize, 1]);
  checkLength("image", image.rgb, views.images);
  checkLength("map", targets, views.targets);
  checkLength("landmarks", landmarks, views.landmarks);
  if (ring.expressionCount > 0) checkLength("expressions", expressions, views.expressions);
  views.images.set(image.rgb);
  views.targets.set(targets);
  views.landmarks.set(landmarks);
  if (ring.expressionCount > 0) views.expressions.set(expressions);
  views.presence[0] = isAbsent ? 0 : 1;
  views.people[0] = person;
  const control = new Int32Array(ring.control);
  return Atomics.add(control, DONE + batch % ring.slotCount, 1) + 1 === batchLength(ring, batch);
}

type EncodedSample = Pick<Sample, "image" | "landmarks" | "expressions" | "isAbsent" | "person"> & {
  readonly targets: Float32Array;
};

function checkLength(what: string, found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  if (found.length === wanted.length) return;
  throw new TypeError(`Cannot batch a sample: its ${what} has ${found.length} numbers, ${wanted.length} were expected`);
}

/** For the reader. */
export function isComplete(ring: BatchRing, batch: number): boolean {
  const control = new Int32Array(ring.control);
  return Atomics.load(control, DONE + batch % ring.slotCount) === batchLength(ring, batch);
}

/** For the reader: gives the slot of a complete batch back to the workers. Batches are released in order. */
export function releaseBatch(ring: BatchRing, batch: number): void {
  const control = new Int32Array(ring.control);
  Atomics.store(control, DONE + batch % ring.slotCount, 0);
  Atomics.add(control, RELEASED, 1);
  Atomics.notify(control, RELEASED);
}

/** For the reader: sends the workers home. */
export function closeRing(ring: BatchRing): void {
  const control = new Int32Array(ring.control);
  Atomics.store(control, CLOSED, 1);
  Atomics.add(control, RELEASED, EVERYTHING);
  Atomics.notify(control, RELEASED);
}
