import { cropSample, type LabeledPhoto, randomAugmentation } from "@/lib/data/augment.ts";
import { type Split, splits } from "@/lib/data/sample.ts";
import { firstUsable } from "@/lib/data/sources/passing_over.ts";
import type { OpenOptions, Source, SourceSpec } from "@/lib/data/sources/source.ts";
import { Random } from "@/lib/random.ts";

type Options = Pick<SourceSpec, "seed" | "augment"> & Pick<OpenOptions, "onRefused" | "timer">;

/** Photos with labels, whatever they are made of. */
export interface LabeledPhotos {
  readonly counts: Readonly<Record<Split, number>>;
  /** Throws an InputError where the photo cannot be used; the next one that can takes its place. */
  labeledPhoto(place: number, split: Split): Promise<LabeledPhoto>;
  /** Who the photo at each place shows, where several may show one person; see {@linkcode personNumbers}. */
  readonly people?: Readonly<Record<Split, ArrayLike<number>>> | undefined;
}

/** The part of a source that makes samples, where these are crops of photos: in each epoch, a photo is augmented anew. */
export function photoSamples(
  { counts, labeledPhoto, people }: LabeledPhotos,
  { seed, augment, onRefused, timer }: Options,
): Pick<Source, "counts" | "sample" | "label"> {
  const usable = (index: number, split: Split) =>
    firstUsable(index, {
      count: counts[split],
      make: async (place) => ({ labeled: await labeledPhoto(place, split), person: people?.[split][place] }),
      onRefused,
    });
  return {
    counts,
    async sample(index, split, epoch = 0) {
      const { labeled, person } = await usable(index, split);
      timer?.begin("crop");
      const random = new Random(`${seed}/${split}/photo ${index}/${epoch}`);
      const sample = cropSample(labeled, augment ? randomAugmentation(random) : undefined);
      timer?.end();
      return { ...sample, person };
    },
    label: async (index, split) => (await usable(index, split)).labeled.label,
  };
}

/** Numbers of the people who photos show, by the names of their subjects: the place where each name stands first. */
export function personNumbers(names: readonly string[]): Int32Array {
  const firsts = new Map<string, number>();
  return Int32Array.from(names, (name, place) => firsts.getOrInsertComputed(name, () => place));
}

/** Something of each split. */
export function bySplit<T>(of: (split: Split) => T): Record<Split, T> {
  return Object.fromEntries(splits.map((split) => [split, of(split)])) as Record<Split, T>;
}
