import { bytesField, bytesOf, concatBytes, doubleField } from "@/lib/formats/protobuf.ts";

/**
 * A HistogramProto (tensorflow/core/framework/summary.proto) in TensorFlow's own buckets
 * (xla/tsl/lib/histogram/histogram.cc): each reaches 10 % further than the one before, from 1e-12 to 1e20, on both sides
 * of 0; of several empty ones in a row, only the last limit is written. Throws a RangeError where a value is not finite.
 */
export function encodeHistogram(tag: string, values: ArrayLike<number>): Uint8Array {
  const counts = new Float64Array(limits.length);
  let [min, max, sum, sumOfSquares] = [Number.MAX_VALUE, -Number.MAX_VALUE, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    counts[bucketOf(value)]!++;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumOfSquares += value * value;
  }
  if (!Number.isFinite(sum)) throw new RangeError(`Cannot write the histogram ${tag}: a value is not finite`);
  const shown = [...counts.keys()].filter((i) => counts[i]! > 0 || i + 1 === limits.length || counts[i + 1]! > 0);
  return concatBytes(
    ...[min, max, values.length, sum, sumOfSquares].map((value, i) => doubleField(i + 1, value)),
    bytesField(6, bytesOf(Float64Array.from(shown, (i) => limits[i]!))),
    bytesField(7, bytesOf(Float64Array.from(shown, (i) => counts[i]!))),
  );
}

const SMALLEST = 1e-12;
const GROWTH = 1.1;

/** Upper ends of the buckets, which do not belong to them. */
const limits = bucketLimits();
/** The bucket of 0. */
const MIDDLE = (limits.length + 1) / 2;

function bucketLimits(): Float64Array {
  const positive: number[] = [];
  for (let limit = SMALLEST; limit < 1e20; limit *= GROWTH) positive.push(limit);
  positive.push(Number.MAX_VALUE);
  return Float64Array.of(...positive.map((limit) => -limit).reverse(), 0, ...positive);
}

function bucketOf(value: number): number {
  const size = Math.abs(value);
  // how often 1.1 goes into it; rounding is made good below
  const steps = size < SMALLEST ? 0 : Math.min(MIDDLE - 2, Math.ceil(Math.log(size / SMALLEST) / Math.log(GROWTH)));
  let bucket = value < 0 ? MIDDLE - 1 - steps : MIDDLE + steps;
  while (bucket > 0 && value < limits[bucket - 1]!) bucket--;
  while (bucket < limits.length - 1 && value >= limits[bucket]!) bucket++;
  return bucket;
}
