import { cropSample, type LabeledPhoto, randomAugmentation } from "@/lib/data/augment.ts";
import { type Sample, type Split, splits } from "@/lib/data/sample.ts";
import { firstUsable } from "@/lib/data/sources/passing_over.ts";
import type { OpenOptions, Source, SourceSpec } from "@/lib/data/sources/source.ts";
import { InputError } from "@/lib/errors.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import { Random } from "@/lib/random.ts";

type Options = Pick<SourceSpec, "seed" | "imageSize" | "augment"> & Pick<OpenOptions, "onRefused" | "timer">;

/** Photos with labels, whatever they are made of. */
export interface LabeledPhotos {
  readonly counts: Readonly<Record<Split, number>>;
  /**
   * Throws an InputError where the photo cannot be used. In training the next one that can takes its place; held out, where
   * each counts once, its sample has no face to judge.
   */
  labeledPhoto(place: number, split: Split): Promise<LabeledPhoto>;
  /** Who the photo at each place shows, where several may show one person; see {@linkcode personNumbers}. */
  readonly people?: Readonly<Record<Split, ArrayLike<number>>> | undefined;
}

/** The part of a source that makes samples, where these are crops of photos: in each epoch, a photo is augmented anew. */
export function photoSamples(
  { counts, labeledPhoto, people }: LabeledPhotos,
  { seed, imageSize, augment, onRefused, timer }: Options,
): Pick<Source, "counts" | "sample" | "label"> {
  const photoAt = async (place: number, split: Split) => ({
    labeled: await labeledPhoto(place, split),
    person: people?.[split][place],
  });
  const usable = (index: number, split: Split) =>
    firstUsable(index, { count: counts[split], make: (place) => photoAt(place, split), onRefused });
  const heldOut = async (index: number, split: Split) => {
    try {
      return await photoAt(index % counts[split], split);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      onRefused?.(error.message);
    }
  };
  return {
    counts,
    async sample(index, split, epoch = 0) {
      const found = await (split === "train" ? usable : heldOut)(index, split);
      if (!found) return absentSample(imageSize);
      const { labeled, person } = found;
      timer?.begin("crop");
      const random = new Random(`${seed}/${split}/photo ${index}/${epoch}`);
      const sample = cropSample(labeled, augment ? randomAugmentation(random) : undefined);
      timer?.end();
      return { ...sample, person };
    },
    label: async (index, split) => (await usable(index, split)).labeled.label,
  };
}

/** In the place of a photo that cannot be used: black, and no face to judge. */
function absentSample(size: number): Sample {
  return {
    image: { width: size, height: size, rgb: new Uint8Array(3 * size * size) },
    map: { size, positions: new Float32Array(3 * size * size) },
    landmarks: new Float32Array(3 * LANDMARK_COUNT),
    isAbsent: true,
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
