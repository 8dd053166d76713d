import { createHash } from "node:crypto";
import { type Split, splits } from "@/lib/data/sample.ts";
import { InputError } from "@/lib/errors.ts";

/** Of all subjects, those that training does not see; one at least. */
const HELD_OUT_SHARE = 0.05;

/**
 * The places of photos in each split, in order. Photos of one subject are never in two splits: their rotations would be
 * known from training. Who is in which is a matter of the subjects' names alone, in an order of their hashes. Throws an
 * InputError where there are fewer than three subjects.
 */
export function splitBySubject(
  photos: readonly { readonly subject: string }[],
): Readonly<Record<Split, Uint32Array>> {
  const subjects = [...new Set(photos.map(({ subject }) => subject))];
  if (subjects.length < splits.length) {
    throw new InputError(
      `Cannot split photos of ${subjects.length} subjects into ${
        splits.join(", ")
      }: photos of at least three, which are ` +
        "not rotations of each other, were expected",
    );
  }
  const hashes = new Map(subjects.map((subject) => [subject, createHash("sha256").update(subject).digest("hex")]));
  subjects.sort((a, b) => hashes.get(a)! < hashes.get(b)! ? -1 : 1);
  const heldOut = Math.max(1, Math.round(HELD_OUT_SHARE * subjects.length));
  const splitOf = new Map(
    subjects.map((
      subject,
      rank,
    ): [string, Split] => [subject, rank < heldOut ? "validation" : rank < 2 * heldOut ? "test" : "train"]),
  );
  const places: Record<Split, number[]> = { train: [], validation: [], test: [] };
  photos.forEach(({ subject }, place) => places[splitOf.get(subject)!].push(place));
  return {
    train: Uint32Array.from(places.train),
    validation: Uint32Array.from(places.validation),
    test: Uint32Array.from(places.test),
  };
}
