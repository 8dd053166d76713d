import fc from "@/tests/fast_check.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

/** Standard errors that a statistic may be off; seeds are fixed, so that it passes always or never. */
const SIGMAS = 4;

function draws(count: number, draw: () => number): number[] {
  return Array.from({ length: count }, draw);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** In standard errors of what independent streams would give. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const sum = (f: (i: number) => number) => a.reduce((total, _, i) => total + f(i), 0);
  const covariance = sum((i) => (a[i]! - meanA) * (b[i]! - meanB));
  const scale = Math.sqrt(sum((i) => (a[i]! - meanA) ** 2) * sum((i) => (b[i]! - meanB) ** 2));
  return covariance / scale * Math.sqrt(a.length);
}

/** That cells, each from 0 to count - 1, are hit equally often: chi-squared, in its standard deviations. */
function assertEven(cells: readonly number[], count: number): void {
  const hits = new Float64Array(count);
  for (const cell of cells) hits[cell]!++;
  const expected = cells.length / count;
  const chiSquared = hits.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  assertClose((chiSquared - (count - 1)) / Math.sqrt(2 * (count - 1)), 0, SIGMAS);
}

Deno.test("next() fills [0, 1) evenly, alone and in pairs", () => {
  const random = new Random(7);
  const values = draws(20_000, () => random.next());
  assert(values.every((value) => value >= 0 && value < 1));
  assertEven(values.map((value) => Math.floor(value * 100)), 100);
  const pairs = values.slice(1).map((value, i) => Math.floor(value * 10) * 10 + Math.floor(values[i]! * 10));
  assertEven(pairs, 100);
});

Deno.test("uniform() and integer() stay between their ends, and integer() reaches both", () => {
  const limits = fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 0, max: 9 }));
  fc.assert(fc.property(fc.integer(), limits, (seed, [low, extent]) => {
    const random = new Random(seed);
    const integers = draws(200, () => random.integer(low, low + extent));
    assertEquals([Math.min(...integers), Math.max(...integers)], [low, low + extent]);
    const value = random.uniform(low, low + extent + 1);
    assert(value >= low && value < low + extent + 1);
  }));
  const random = new Random(7);
  assertEven(draws(20_000, () => random.integer(0, 6)), 7);
});

Deno.test("normal() has a normal distribution's mean, variance, skew and kurtosis", () => {
  const random = new Random(7);
  const count = 50_000;
  const values = draws(count, () => random.normal());
  const moment = (power: number) => mean(values.map((value) => value ** power));
  // E[x^2n] = (2n - 1)!!, so Var[x^n] = (2n - 1)!! - E[x^n]^2
  for (const [power, expected, variance] of [[1, 0, 1], [2, 1, 2], [3, 0, 15], [4, 3, 96]] as const) {
    assertClose(moment(power), expected, SIGMAS * Math.sqrt(variance / count), `E[x^${power}]`);
  }
  const within = values.filter((value) => Math.abs(value) < 1).length / count;
  assertClose(within, 0.6827, SIGMAS * Math.sqrt(0.6827 * 0.3173 / count));
});

Deno.test("chance() is true as often as its probability says, pick() takes each choice as often", async () => {
  const random = new Random(7);
  const count = 20_000;
  for (const probability of [0, 0.1, 0.5, 1]) {
    const hits = draws(count, () => Number(random.chance(probability)));
    assertClose(mean(hits), probability, SIGMAS * Math.sqrt(probability * (1 - probability) / count));
  }
  assertEven(draws(count, () => random.pick([0, 1, 2])), 3);
  await assertThrows(() => random.pick([]), RangeError, /empty/);
});

Deno.test("a seed gives the same numbers every time", () => {
  fc.assert(fc.property(fc.oneof(fc.integer(), fc.string()), (seed) => {
    const [a, b] = [new Random(seed), new Random(seed)];
    assertEquals(draws(5, () => a.next()), draws(5, () => b.next()));
  }));
  const random = new Random(7);
  // a change of the generator would change every published number, so it must not pass unseen
  assertEquals(draws(3, () => random.integer(0, 999)), [266, 165, 751]);
});

Deno.test("seeds that differ by one give unrelated streams", () => {
  const streams = Array.from({ length: 40 }, (_, seed) => {
    const random = new Random(seed);
    return draws(2000, () => random.next());
  });
  for (let i = 1; i < streams.length; i++) assertClose(correlation(streams[i - 1]!, streams[i]!), 0, SIGMAS);
});

Deno.test("forks by number are as even as one stream, draw by draw", () => {
  const root = new Random(7);
  const forks = Array.from({ length: 10_000 }, (_, index) => {
    const random = root.fork(index);
    return draws(4, () => random.next());
  });
  for (let draw = 0; draw < 4; draw++) {
    const values = forks.map((fork) => fork[draw]!);
    assertEven(values.map((value) => Math.floor(value * 50)), 50);
    assertClose(correlation(values.slice(1), values.slice(0, -1)), 0, SIGMAS); // with the next fork
    for (let other = 0; other < draw; other++) { // with the fork's other draws
      assertEven(forks.map((fork) => Math.floor(fork[draw]! * 7) * 7 + Math.floor(fork[other]! * 7)), 49);
    }
  }
});

Deno.test("fork() depends on the name alone, and takes nothing from its parent", () => {
  fc.assert(fc.property(fc.integer(), fc.string(), fc.nat(20), (seed, name, drawn) => {
    const [parent, untouched] = [new Random(seed), new Random(seed)];
    draws(drawn, () => parent.next());
    draws(drawn, () => untouched.next());
    const [late, early] = [parent.fork(name), new Random(seed).fork(name)];
    assertEquals(draws(5, () => late.next()), draws(5, () => early.next()));
    assertEquals(parent.next(), untouched.next());
  }));
});

Deno.test("forks of other names, of other parents and a fork and its parent are unrelated", () => {
  const parent = new Random(7);
  const randoms = [parent, new Random(8), parent.fork("a"), parent.fork("b"), parent.fork("a").fork("a")];
  const streams = [...randoms, new Random(8).fork("a"), parent.fork("")].map((r) => draws(5000, () => r.next()));
  for (const [i, a] of streams.entries()) {
    for (const b of streams.slice(0, i)) assertClose(correlation(a, b), 0, SIGMAS);
  }
});
