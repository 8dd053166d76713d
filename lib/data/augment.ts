import { imageToCropTransform } from "@/lib/data/maps/crop.ts";
import { warpPhoto } from "@/lib/data/maps/warp.ts";
import type { Label, Sample } from "@/lib/data/sample.ts";
import {
  composeSimilarities,
  type Similarity2D,
  similarityAbout,
  transformPositions,
} from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import type { Crop, Photo } from "@/lib/types.ts";

/** Ranges that augmentations are drawn from. */
export interface AugmentationOptions {
  /** Radians, to either side. */
  readonly rotation: number;
  /** Crop sides, to either side, along x and y. */
  readonly shift: number;
  /** The least and the most that a face is scaled by. */
  readonly scale: readonly [number, number];
  /** The least and the most that a color channel is multiplied by. */
  readonly gain: readonly [number, number];
  /** Patches of noise a sample has at most; each number from 0 is as likely. */
  readonly patches: number;
  /** The least and the most width and height of a patch, in crop sides. */
  readonly patchSide: readonly [number, number];
}

/** As in the paper (Feng et al., 2018, section 3.3), which leaves the patches open. */
export const paperAugmentation: AugmentationOptions = {
  rotation: Math.PI / 4,
  shift: 0.1,
  scale: [0.9, 1.2],
  gain: [0.6, 1.4],
  patches: 2,
  patchSide: [0.08, 0.35],
};

/** One change to a sample, whatever its size in pixels. */
export interface Augmentation {
  /** Radians; clockwise on the screen, about the crop's center. */
  readonly rotation: number;
  readonly scale: number;
  /** Crop sides. */
  readonly shift: readonly [number, number];
  /** Factors of red, green and blue. */
  readonly gains: readonly [number, number, number];
  readonly patches: readonly NoisePatch[];
}

/** A rectangle of noise, in crop sides. */
export interface NoisePatch {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Side of a speck of one color. */
  readonly grain: number;
  readonly seed: number;
}

/** An augmentation from within these ranges, each value as likely as the others. */
export function randomAugmentation(random: Random, options: AugmentationOptions = paperAugmentation): Augmentation {
  const shift = () => random.uniform(-options.shift, options.shift);
  const gain = () => random.uniform(...options.gain);
  return {
    rotation: random.uniform(-options.rotation, options.rotation),
    scale: random.uniform(...options.scale),
    shift: [shift(), shift()],
    gains: [gain(), gain(), gain()],
    patches: Array.from({ length: random.integer(0, options.patches) }, () => randomPatch(random, options)),
  };
}

function randomPatch(random: Random, { patchSide }: AugmentationOptions): NoisePatch {
  const [width, height] = [random.uniform(...patchSide), random.uniform(...patchSide)];
  return {
    left: random.uniform(-width / 2, 1 - width / 2),
    top: random.uniform(-height / 2, 1 - height / 2),
    width,
    height,
    grain: 0.004 * 2 ** random.uniform(0, 5), // from a pixel to an eighth of a crop
    seed: random.integer(0, 2 ** 31 - 1),
  };
}

/** Where the augmentation takes the points of a crop of `size` pixels a side. */
export function augmentationTransform({ rotation, scale, shift: [x, y] }: Augmentation, size: number): Similarity2D {
  return similarityAbout([size / 2, size / 2], { rotation, scale, dx: x * size, dy: y * size });
}

/** A photo whose face is known, before it is cropped. */
export interface LabeledPhoto {
  readonly photo: Photo;
  /** Where its face is. */
  readonly crop: Crop;
  /** In the pixels of the crop, brought to the size of its map. */
  readonly label: Label;
}

/**
 * The crop as a sample, changed where an augmentation is given. The photo is resampled once: what it shows beside the crop
 * comes in where a change turns or shrinks that, and black where the photo ends.
 */
export function cropSample({ photo, crop, label }: LabeledPhoto, augmentation?: Augmentation): Sample {
  const { size } = label.map;
  const cut = imageToCropTransform(crop, size);
  if (!augmentation) return { ...label, image: warpPhoto(photo, { transform: cut, width: size, height: size }) };
  const change = augmentationTransform(augmentation, size);
  const image = warpPhoto(photo, { transform: composeSimilarities(cut, change), width: size, height: size });
  applyGains(image.rgb, augmentation.gains);
  applyNoise(image.rgb, { size, patches: augmentation.patches });
  return {
    ...label,
    image,
    map: { size, positions: transformPositions(label.map.positions, change) },
    landmarks: transformPositions(label.landmarks, change),
  };
}

/**
 * The sample changed, image, map and landmarks alike; black comes in where the image ended. Training has {@linkcode cropSample}
 * for photos, where what was beside the crop comes in; drawn heads are turned, shifted, scaled and partly hidden as they are drawn.
 */
export function augmentSample({ image, ...label }: Sample, augmentation: Augmentation): Sample {
  return cropSample({ photo: image, crop: { left: 0, top: 0, side: image.width }, label }, augmentation);
}

/** Multiplies the channels of [n, 3] bytes in place. What passes white stays white. */
export function applyGains(rgb: Uint8Array, gains: readonly [number, number, number]): void {
  for (let channel = 0; channel < 3; channel++) {
    const gain = gains[channel]!;
    const levels = Uint8Array.from({ length: 256 }, (_, level) => Math.round(Math.min(255, gain * level)));
    for (let i = channel; i < rgb.length; i += 3) rgb[i] = levels[rgb[i]!]!;
  }
}

/** Covers parts of a [size, size, 3] image of bytes with noise, in place. */
export function applyNoise(
  rgb: Uint8Array,
  { size, patches }: { size: number; patches: readonly NoisePatch[] },
): void {
  for (const { left, top, width, height, grain, seed } of patches) {
    const random = new Random(seed);
    const grainPixels = Math.max(1, grain * size);
    const columns = Math.ceil(width * size / grainPixels);
    const specks = Float32Array.from(
      { length: 3 * columns * Math.ceil(height * size / grainPixels) },
      () => 255 * random.next(),
    );
    const [x, y] = [left * size, top * size];
    const [firstColumn, firstRow] = [Math.max(0, Math.ceil(x - 0.5)), Math.max(0, Math.ceil(y - 0.5))];
    for (let row = firstRow; row + 0.5 < y + height * size && row < size; row++) {
      for (let column = firstColumn; column + 0.5 < x + width * size && column < size; column++) {
        const speckRow = Math.floor((row + 0.5 - y) / grainPixels);
        const speck = 3 * (speckRow * columns + Math.floor((column + 0.5 - x) / grainPixels));
        rgb.set(specks.subarray(speck, speck + 3), 3 * (row * size + column));
      }
    }
  }
}
