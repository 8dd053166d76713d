import { InputError } from "@/lib/errors.ts";

/** A rank has ended, hangs, or is cut off: what was to be done together cannot be done. Its sentence is for the user. */
export class RankLostError extends InputError {
  override readonly name = "RankLostError";

  constructor(rank: number, address: string) {
    super(`Cannot train on together: rank ${rank} at ${address} has ended or does not answer`);
  }
}
