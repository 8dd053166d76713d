import { isDeepStrictEqual } from "node:util";

/** Rounding of single precision, relative to numbers near 1. */
export const FLOAT32_TOLERANCE = 1e-5;
/** Rounding of double precision, relative to numbers near 1. */
export const FLOAT64_TOLERANCE = 1e-9;

export function assert(condition: unknown, message = "Assertion failed"): asserts condition {
  if (!condition) throw new Error(message);
}

/** Written so that NaN fails. */
export function assertClose(actual: number, expected: number, tolerance: number, what = ""): void {
  if (!(Math.abs(actual - expected) <= tolerance)) {
    throw new Error(`Expected ${what} ${expected} ± ${tolerance}, got ${actual}`);
  }
}

export function assertAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  if (actual.length !== expected.length) {
    throw new Error(`Expected ${expected.length} numbers, got ${actual.length}`);
  }
  for (let i = 0; i < actual.length; i++) assertClose(actual[i]!, expected[i]!, tolerance, `[${i}]`);
}

/** Equal all through: of the same classes, with the same entries, NaN to itself and 0 not to -0. */
export function assertEquals(actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const [a, e] = [actual, expected].map((value) =>
    Deno.inspect(value, { compact: true, breakLength: Infinity, depth: 8, iterableLimit: 200, strAbbreviateSize: 1e4 })
  );
  throw new Error(`Expected ${e}, got ${a}`);
}

/** The error that the call throws or rejects with, which must be of this class. */
export async function assertThrows<E extends Error>(
  call: () => unknown,
  // deno-lint-ignore no-explicit-any -- any constructor of an error will do
  ErrorClass: new (...args: any[]) => E,
  message: RegExp,
): Promise<E> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ErrorClass)) throw error;
    if (!message.test(error.message)) throw new Error(`Expected a message like ${message}, got: ${error.message}`);
    return error;
  }
  throw new Error(`Expected ${ErrorClass.name}, nothing was thrown`);
}

/** A folder of shared test data, or undefined where this machine has none. */
export function sharedData(name: string): string | undefined {
  const path = `${import.meta.dirname}/../../shared/data/${name}`;
  try {
    Deno.statSync(path);
    return path;
  } catch {
    return undefined;
  }
}

/** Runs a test with variables of the environment set, or without them. */
export async function withEnvironment(
  values: Record<string, string | undefined>,
  test: () => Promise<void>,
): Promise<void> {
  const before = Object.keys(values).map((name) => [name, Deno.env.get(name)] as const);
  const set = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  try {
    for (const [name, value] of Object.entries(values)) set(name, value);
    await test();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}
