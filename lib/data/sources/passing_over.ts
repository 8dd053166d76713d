import { InputError } from "@/lib/errors.ts";

/** Files in a row that cannot be used before all are given up. */
const MOST_REFUSED = 50;

/**
 * What is made of the first place that something can be made of, from this one on, around: one bad file among thousands
 * must not end a training, and must be replaced by the same one in every thread.
 *
 * @param onRefused called with the sentence of each InputError that was passed over
 */
export async function firstUsable<T>(
  from: number,
  { count, make, onRefused }: {
    readonly count: number;
    readonly make: (place: number) => Promise<T>;
    readonly onRefused?: ((sentence: string) => void) | undefined;
  },
): Promise<T> {
  const most = Math.min(count, MOST_REFUSED);
  for (let tried = 0;; tried++) {
    try {
      return await make((from + tried) % count);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (tried + 1 === most) throw new InputError(`${error.message}; nor could the ${tried} before it be used`);
      onRefused?.(error.message);
    }
  }
}
