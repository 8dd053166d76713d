import type * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { SettingError } from "@/lib/errors.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { sha256 } from "@/lib/formats/seal.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { runFolded } from "@/lib/model/run_folded.ts";
import { openTrainedModel, weightBytes } from "@/lib/model/trained_model.ts";
import { hasSameTexels } from "@/lib/train/same_texels.ts";

/** A trained network whose maps another one learns from (Hinton et al., 2015, arXiv 1503.02531). */
export interface Teacher {
  /** SHA-256 of its weights, in hexadecimal digits. */
  readonly fingerprint: string;
  /** Its encoded maps, [batch, size, size, 3], of pictures of that shape, RGB in [0, 1]. */
  see(images: tf.Tensor4D): tf.Tensor4D;
}

/**
 * Opens a trained model as a teacher of a network with these settings, for maps of this surface. Throws an InputError
 * where there is none, a SettingError where its maps mean something else than those that are to be learned.
 *
 * @param path the folder of a trained model or of a run
 */
export async function openTeacher(
  path: string,
  { surface, ...config }: Pick<Config, "imageSize" | "encoding"> & { readonly surface: FaceSurface },
): Promise<Teacher> {
  const { network, description } = await openTrainedModel(path);
  try {
    for (const setting of ["imageSize", "encoding"] as const) {
      const [wanted, found] = [config[setting], description[setting]];
      if (wanted === found) continue;
      throw new SettingError((nameOf) =>
        `Cannot learn from ${path} with ${nameOf(setting)} ${wanted}: that model has ${found}`
      );
    }
    if (!hasSameTexels(surface, description.surface, config.imageSize)) {
      throw new SettingError((nameOf) =>
        `Cannot learn from ${path}: its maps are of another surface, and have the landmarks at other texels; ` +
        `${nameOf("teacher")} "" learns without one`
      );
    }
    const see = runFolded(foldNetwork(network));
    return { fingerprint: await sha256(weightBytes(network)), see: (images) => see(images) as tf.Tensor4D };
  } finally {
    network.dispose(); // folding has copied its weights
  }
}
