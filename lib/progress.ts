/**
 * Called with the share of some work that is done, from 0 to 1, between its pieces, none of which takes longer than a user waits;
 * what it throws ends the work.
 */
export type ProgressListener = (done: number) => void;

/** For a part of the work, which reaches from one share of the whole to another. */
export function partProgress(whole: ProgressListener | undefined, from: number, to: number): ProgressListener {
  return (done) => whole?.(from + (to - from) * done);
}
