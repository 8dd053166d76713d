import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { InputError, SettingError } from "@/lib/errors.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { EYE_LANDMARKS, EYES } from "@/lib/model/eyes.ts";
import { EXPRESSION_FEATURES, EXPRESSIONS, PRESENCE } from "@/lib/model/heads.ts";
import { hasSameTexels } from "@/lib/train/same_texels.ts";
import { grows, widens } from "@/lib/train/started_settings.ts";
import { measureStatistics } from "@/lib/model/normalization.ts";
import { sha256 } from "@/lib/formats/seal.ts";
import { widenedWeights } from "@/lib/model/widen.ts";
import { type NetworkShape, openTrainedModel, readShape, weightBytes } from "@/lib/model/trained_model.ts";

/** The model that a training began with. */
export interface Ancestor {
  /** SHA-256 of its weights, in hexadecimal digits. */
  readonly fingerprint: string;
  /** What its description says of its own making, ancestors with it, without its errors. */
  readonly summary: Readonly<Record<string, unknown>>;
}

/**
 * Gives a new network the weights of a trained one, by their layers' names; a wider one computes what that does. What a
 * model may lack or have otherwise are heads: these stay new. Throws an InputError where there is no such model or
 * another weight does not fit, a SettingError where a setting differs; the network is as it was then.
 *
 * @param from the folder of a trained model or of a run
 * @param surface of the training's faces; `onWarning` is called where the model's maps are of another one
 * @param images pictures of the training, [count, size, size, 3] each, RGB in [0, 1], for normalizations that come without
 * statistics
 */
export async function startFrom(
  from: string,
  { network, config, images, surface, onWarning }: {
    readonly network: tf.LayersModel;
    readonly config: Pick<Config, keyof NetworkShape>;
    readonly images: AsyncIterable<tf.Tensor4D>;
    readonly surface: FaceSurface;
    readonly onWarning?: ((sentence: string) => void) | undefined;
  },
): Promise<Ancestor> {
  const shape = await readShape(from);
  const isGrowing = grows(shape, config), isWidening = widens(shape, config);
  for (const setting of ["architecture", "imageSize", "width", "encoding"] as const) {
    if (setting === "architecture" && isGrowing || setting === "width" && isWidening) continue;
    const [wanted, found] = [config[setting], shape[setting]];
    if (wanted === found) continue;
    throw new SettingError((nameOf) =>
      `Cannot start from ${from} with ${nameOf(setting)} ${wanted}: that model has ${found}`
    );
  }
  const { network: trained, description, lacksStatistics } = await openTrainedModel(from);
  if (!hasSameTexels(surface, description.surface, config.imageSize)) {
    onWarning?.(
      `${from} has learned maps of another surface than these faces': the map is learned anew; --source and ` +
        "--source-path name faces like those that it was trained on",
    );
  }
  if (shape.lids && !config.lids) {
    onWarning?.(`${from} moves its map's lids by what it sees of eyes: the map is another one without --lids true`);
  }
  const { evaluation: _, ...summary } = description.summary ?? {};
  let fingerprint: string;
  try {
    fingerprint = await sha256(weightBytes(trained));
    tf.tidy(() => {
      const values = isWidening
        ? widenedWeights(trained, network)
        : new Map(trained.weights.map((weight) => [weight.originalName, weight.read()]));
      const fitting = network.weights.filter(({ originalName, shape }) => {
        if (originalName.startsWith(`${EYE_LANDMARKS}/`)) return false; // its surface may be another
        const value = values.get(originalName);
        if (value?.shape.join() === shape.join()) return true;
        if (isGrowing || heads.some((head) => originalName.startsWith(`${head}/`))) return false;
        throw new InputError(
          `Cannot start from ${from}: wanted ${originalName} of shape [${shape}], ` +
            `found ${value ? `[${value.shape}]` : "none"}`,
        );
      });
      for (const weight of fitting) weight.write(values.get(weight.originalName)!);
    });
  } finally {
    trained.dispose();
  }
  if (lacksStatistics) await measureStatistics(network, images);
  return { fingerprint, summary };
}

/** Layers that a model may lack: the heads, and what is seen of eyes, which in a new network moves nothing of the map. */
const heads = [EXPRESSIONS, PRESENCE, EXPRESSION_FEATURES, EYES];
