import { type BatchOptions, openBatches } from "@/lib/data/batches.ts";
import type { LabeledFace } from "@/lib/evaluate/evaluate.ts";
import { yawOfLandmarks } from "@/lib/evaluate/nme.ts";

/** A made face, of which the whole map is known. */
export interface MadeFace extends LabeledFace {
  /** [size, size, 3], encoded positions. */
  readonly target: Float32Array;
}

/** The first `sampleCount` faces of a split, made anew from the seed. */
export async function makeFaces(options: BatchOptions & { readonly sampleCount: number }): Promise<MadeFace[]> {
  using batches = openBatches(options);
  const faces: MadeFace[] = [];
  for await (const { batchSize, imageSize, images, targets, landmarks } of batches) {
    const texels = imageSize * imageSize * 3;
    for (let i = 0; i < batchSize; i++) {
      const points = landmarks.slice(i * 68 * 3, (i + 1) * 68 * 3);
      faces.push({
        image: { width: imageSize, height: imageSize, rgb: images.slice(i * texels, (i + 1) * texels) },
        target: targets.slice(i * texels, (i + 1) * texels),
        landmarks: points,
        yaw: yawOfLandmarks(points),
      });
    }
  }
  return faces;
}
