import { createHash } from "node:crypto";
import type { LabeledPhoto } from "@/lib/data/augment.ts";
import { decodePhoto } from "@/lib/data/files/images.ts";
import { cropMiddle } from "@/lib/data/maps/crop.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { Split } from "@/lib/data/sample.ts";
import { readFittedFace } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import { FittedLabels, type FittedModel } from "@/lib/data/sets/300w_lp/fitted_faces.ts";
import type { ListedPhoto, Listing } from "@/lib/data/sets/300w_lp/listing.ts";
import { splitBySubject } from "@/lib/data/sets/subject_splits.ts";
import { bySplit, personNumbers, photoSamples } from "@/lib/data/sources/photo_samples.ts";
import type { OpenOptions, Source, SourceSpec } from "@/lib/data/sources/source.ts";
import { InputError } from "@/lib/errors.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { mirrorVertices } from "@/lib/face/mirror.ts";
import { meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { modelFingerprint } from "@/lib/face/model_file.ts";
import { sha256 } from "@/lib/formats/seal.ts";

type Options = Pick<SourceSpec, "seed" | "imageSize" | "augment"> & Pick<OpenOptions, "onRefused" | "timer">;

/** What comes of the photos of 300W-LP. */
export interface PhotoSource extends Source {
  /** The photos of each split, in the order of their samples. */
  readonly photos: Readonly<Record<Split, readonly ListedPhoto[]>>;
  /** The model without its modes. */
  readonly face: MorphableModel;
  /** Throws an InputError where the photo or its parameters cannot be used. */
  labeledPhoto(photo: ListedPhoto): Promise<LabeledPhoto>;
}

/** Samples of listed photos, made on the fly: the photo decoded, its face shaped, posed and baked, the crop cut. */
export function photoSource({ photos, refused }: Listing, fitted: FittedModel, options: Options): PhotoSource {
  const { onRefused, timer } = options;
  const { model } = fitted;
  const { surface } = model;
  const layout = uvLayout(surface, options.imageSize);
  const labels = new FittedLabels(fitted, layout);
  const facts = {
    mirror: mirrorVertices(model),
    neutralLandmarks: valuesAt(meshLandmarks(model), model.mean),
    license: "for research only, as are 300W-LP and the Basel Face Model",
  };
  const print = modelFingerprint(model);
  const places = splitBySubject(photos);
  const splitPhotos = bySplit((split) => Array.from(places[split], (place) => photos[place]!));
  for (const sentence of refused) onRefused?.(sentence);

  async function labeledPhoto({ photoPath, matPath }: ListedPhoto): Promise<LabeledPhoto> {
    timer?.begin("read");
    const fit = await readFittedFace(matPath);
    timer?.begin("decode");
    const photo = await decodePhoto(photoPath);
    timer?.begin("pose and shape");
    const expected = "the parameters of this photo were expected";
    let labeled;
    try {
      labeled = labels.label(fit, photo.fileHeight);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new InputError(`Cannot use ${photoPath} with ${matPath}: the face has no finite size, ${expected}`);
    }
    const { crop, label } = labeled;
    const [x, y] = cropMiddle(crop);
    if (photo.fileWidth !== photo.width) {
      throw new InputError(
        `Cannot use ${photoPath}: it has ${photo.fileWidth} × ${photo.fileHeight} pixels, more than are read at once`,
      );
    }
    if (!(x > 0 && x < photo.fileWidth && y > 0 && y < photo.fileHeight)) {
      throw new InputError(
        `Cannot use ${photoPath} with ${matPath}: the face is at (${Math.round(x)}, ${Math.round(y)}) of ` +
          `${photo.fileWidth} × ${photo.fileHeight} pixels, ${expected}`,
      );
    }
    return { photo, crop, label };
  }

  return {
    surface,
    layout,
    face: { ...model, identityModes: [], expressionModes: [], expressionNames: [] },
    photos: splitPhotos,
    labeledPhoto,
    ...photoSamples({
      counts: bySplit((split) => splitPhotos[split].length),
      labeledPhoto: (place, split) => labeledPhoto(splitPhotos[split][place]!),
      people: bySplit((split) => personNumbers(splitPhotos[split].map(({ subject }) => subject))),
    }, options),
    facts: () => facts,
    fingerprint: () => fingerprint(photos, print),
  };
}

/** Files that are read at once, as most of the time goes by in waiting. */
const AT_ONCE = 32;

/**
 * Fingerprint of the model, of photos by their names and sizes, and of what their parameters' files hold: a corrected one is as
 * large as before, and has another time of change in each copy. Those are 0.4 GB of the whole set.
 */
async function fingerprint(photos: readonly ListedPhoto[], model: string): Promise<string> {
  const hash = createHash("sha256").update(model);
  for (let first = 0; first < photos.length; first += AT_ONCE) {
    const lines = photos.slice(first, first + AT_ONCE).map(async ({ name, photoPath, matPath }) => {
      const unread = () => ""; // is passed over
      const [bytes, mat] = await Promise.all([
        Deno.stat(photoPath).then(({ size }) => size, unread),
        Deno.readFile(matPath).then(sha256, unread),
      ]);
      return `\n${name} ${bytes} ${mat}`;
    });
    for (const line of await Promise.all(lines)) hash.update(line);
  }
  return hash.digest("hex");
}
