import { OneEuroFilter } from "@/lib/track/one_euro.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

const RATE = 30;
const SIZE = 100;

/** One point through these places with noise of half a percent of the size: raw and smoothed, [n, 3] each. */
function follow(places: readonly number[], filter = new OneEuroFilter()): { raw: number[]; smoothed: number[] } {
  const random = new Random("one euro");
  const raw: number[] = [], smoothed: number[] = [];
  places.forEach((x, i) => {
    const noisy = x + 0.5 * random.normal();
    raw.push(noisy);
    smoothed.push(filter.filter(Float32Array.of(noisy, 0, 0), { time: i / RATE, size: SIZE })[0]!);
  });
  return { raw, smoothed };
}

/** Mean absolute second difference. */
function jitter(values: readonly number[]): number {
  const seconds = values.slice(2).map((value, i) => Math.abs(value - 2 * values[i + 1]! + values[i]!));
  return seconds.reduce((sum, value) => sum + value, 0) / seconds.length;
}

Deno.test("OneEuroFilter takes two thirds of the jitter at rest", () => {
  const { raw, smoothed } = follow(Array(200).fill(50));
  assert(jitter(smoothed) < jitter(raw) / 3, `${jitter(smoothed)} of ${jitter(raw)}`);
});

Deno.test("OneEuroFilter lags less than a frame behind a face that moves its size in a second", () => {
  const places = Array.from({ length: 90 }, (_, i) => i * SIZE / RATE);
  const { smoothed } = follow(places);
  const behind = places.slice(30).map((x, i) => x - smoothed[i + 30]!);
  const frames = behind.reduce((sum, value) => sum + value, 0) / behind.length / (SIZE / RATE);
  assert(frames < 1, `${frames} frames`);
});

Deno.test("OneEuroFilter starts with the points as they are, also after a reset, and keeps none of the caller's", () => {
  const filter = new OneEuroFilter();
  const points = Float32Array.of(1, 2, 3);
  assertAllClose(filter.filter(points, { time: 0, size: 1 }), [1, 2, 3], 0);
  filter.filter(Float32Array.of(1.1, 2, 3), { time: 0.1, size: 1 });
  assertEquals([...points], [1, 2, 3]);
  filter.reset();
  assertAllClose(filter.filter(Float32Array.of(9, 9, 9), { time: 0.2, size: 1 }), [9, 9, 9], 0);
});

Deno.test("OneEuroFilter moves with its points where the rate of frames changes", () => {
  const filter = new OneEuroFilter();
  let time = 0, last = 0;
  for (const seconds of [1 / 30, 1 / 10, 1 / 60, 1 / 5, 1 / 30, 1 / 30]) {
    time += seconds;
    last = filter.filter(Float32Array.of(7, 7, 7), { time, size: 10 })[0]!;
  }
  assertAllClose([last], [7], 1e-5);
});
