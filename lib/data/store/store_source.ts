import type { LabeledPhoto } from "@/lib/data/augment.ts";
import { decodePhoto } from "@/lib/data/files/images.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { Split } from "@/lib/data/sample.ts";
import { bySplit, photoSamples } from "@/lib/data/sources/photo_samples.ts";
import type { OpenOptions, Source, SourceSpec } from "@/lib/data/sources/source.ts";
import { FACE, keyOf, needManifest, type ShardEntry } from "@/lib/data/store/manifest.ts";
import { Shard } from "@/lib/data/store/shard.ts";
import { decodeSample } from "@/lib/data/store/stored_sample.ts";
import { InputError, SettingError } from "@/lib/errors.ts";
import { readBytes } from "@/lib/files.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { mirrorVertices } from "@/lib/face/mirror.ts";
import { decodeModel } from "@/lib/face/model_file.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { sha256 } from "@/lib/formats/seal.ts";

type Options = Pick<SourceSpec, "seed" | "imageSize" | "augment"> & Pick<OpenOptions, "onRefused" | "timer">;

const ADVICE = "preparing the store again makes what is damaged anew";

/** Samples that `buildStore` has kept. Throws an InputError where the folder holds no whole store of this size. */
export async function openStore(folder: string, options: Options): Promise<Source> {
  const { imageSize, timer } = options;
  const { plan, content } = await needManifest(folder);
  if (!content) throw new InputError(`Cannot open the store ${folder}: it is not finished, preparing it again goes on`);
  if (plan.imageSize !== imageSize) {
    throw new SettingError((nameOf) =>
      `Cannot open the store ${folder} with ${nameOf("imageSize")} ${imageSize}: it was made for ${plan.imageSize}`
    );
  }
  const key = await keyOf(plan);
  const face = decodeModel(await readBytes(`${folder}/${FACE}`, ADVICE), key.toHex());
  if (!face) throw new InputError(`Cannot use ${folder}/${FACE}: it is damaged, or of another store; ${ADVICE}`);
  for (const { file, bytes } of content.shards) {
    const { size } = await Deno.stat(`${folder}/${file}`).catch(() => ({ size: 0 }));
    if (size === bytes) continue;
    throw new InputError(`Cannot use ${folder}/${file}: it has ${size} bytes, ${bytes} were expected; ${ADVICE}`);
  }
  const { surface } = face;
  const layout = uvLayout(surface, imageSize);
  const shards = bySplit((own) => new SplitShards(folder, key, content.shards.filter(({ split }) => split === own)));
  const facts = {
    mirror: mirrorVertices(face),
    neutralLandmarks: valuesAt(meshLandmarks(face), face.mean),
    license: plan.license,
  };

  async function stored(place: number, split: Split): Promise<LabeledPhoto> {
    timer?.begin("read");
    const [shard, index] = shards[split].at(place);
    const bytes = await shard.read(index);
    try {
      const { photo, ...sample } = decodeSample(bytes, imageSize);
      timer?.begin("decode");
      return { photo: await decodePhoto(photo), ...sample };
    } catch (error) {
      throw shard.damaged(index, error);
    }
  }

  return {
    surface,
    layout,
    ...photoSamples({ counts: content.samples, labeledPhoto: stored, people: content.people }, options),
    facts: () => facts,
    fingerprint: () => sha256(JSON.stringify({ plan, content })),
  };
}

/** The samples of a split, one shard after the other. */
class SplitShards {
  readonly #shards: readonly Shard[];
  /** The first sample of each. */
  readonly #firsts: readonly number[];

  constructor(folder: string, key: Uint8Array, entries: readonly ShardEntry[]) {
    this.#shards = entries.map(({ file, samples }) => new Shard(`${folder}/${file}`, key, samples));
    let next = 0;
    this.#firsts = entries.map(({ samples }) => (next += samples) - samples);
  }

  at(place: number): [Shard, number] {
    let [low, high] = [0, this.#firsts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#firsts[middle]! <= place) low = middle;
      else high = middle - 1;
    }
    return [this.#shards[low]!, place - this.#firsts[low]!];
  }
}
