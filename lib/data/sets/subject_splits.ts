import { createHash } from "node:crypto";
import { type Split, splits } from "@/lib/data/sample.ts";
import { InputError } from "@/lib/errors.ts";

/** Share of all subjects in each of validation and test, one subject at least. */
const HELD_OUT_SHARE = 0.05;

/**
 * The places of photos in each split. Photos of one subject are never in two splits: their rotations would be known from
 * training. Who is in which is a matter of the subjects' names alone, in an order of their hashes. Photos for training are
 * in order, others in that of their names' hashes: whoever judges by the first few sees many subjects. Throws an InputError
 * where there are fewer than three subjects.
 */
export function splitBySubject(
  photos: readonly { readonly name: string; readonly subject: string }[],
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
  subjects.sort(byHash());
  const heldOut = Math.max(1, Math.round(HELD_OUT_SHARE * subjects.length));
  const splitOf = new Map(
    subjects.map((
      subject,
      rank,
    ): [string, Split] => [subject, rank < heldOut ? "validation" : rank < 2 * heldOut ? "test" : "train"]),
  );
  const places: Record<Split, number[]> = { train: [], validation: [], test: [] };
  photos.forEach(({ subject }, place) => places[splitOf.get(subject)!].push(place));
  const order = byHash();
  const mixed = (places: number[]) => Uint32Array.from(places.sort((a, b) => order(photos[a]!.name, photos[b]!.name)));
  return { train: Uint32Array.from(places.train), validation: mixed(places.validation), test: mixed(places.test) };
}

/** Compares names by their hashes, each of which is made once. */
function byHash(): (a: string, b: string) => number {
  const hashes = new Map<string, string>();
  const hashOf = (name: string) =>
    hashes.getOrInsertComputed(name, () => createHash("sha256").update(name).digest("hex"));
  return (a, b) => hashOf(a) < hashOf(b) ? -1 : 1;
}
