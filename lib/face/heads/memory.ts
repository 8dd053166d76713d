import { clamp } from "@/lib/numbers.ts";

/** What a head takes that a file of few bytes can ask for, as where it is packed, or names the same numbers many times. */

/** Bytes of a triangle, until a model has been made of it, and of each of its corners. */
export const TRIANGLE_BYTES = 480;

/** To the file's bytes. */
const MOST_INFLATION = 64;
/** Bytes that a head may take in any case, and in none. */
const [FREE_BYTES, MOST_BYTES] = [2 ** 27, 2 ** 31];

/** Whether these bytes are more than a file of this size may ask for. */
export function takesTooMuch(bytes: number, fileSize: number): boolean {
  return !(bytes <= clamp(MOST_INFLATION * fileSize, FREE_BYTES, MOST_BYTES));
}
