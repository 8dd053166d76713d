import { InputError } from "@/lib/errors.ts";

/** The number that --port says. Throws an InputError where it is none. */
export function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InputError(`Cannot listen on port ${text}: --port takes a number from 0 to 65535`);
}
