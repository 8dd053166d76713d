import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { counted } from "@/lib/counted.ts";
import type { Source } from "@/lib/data/sources/source.ts";
import { InputError, SettingError } from "@/lib/errors.ts";
import { isComponent } from "@/lib/face/expression_names.ts";
import { EYE_LANDMARKS, EYES } from "@/lib/model/eyes.ts";
import { EXPRESSION_FEATURES, EXPRESSIONS, PRESENCE } from "@/lib/model/heads.ts";
import { hasSameTexels } from "@/lib/train/same_texels.ts";
import { grows, widens } from "@/lib/train/started_settings.ts";
import { measureStatistics, valuesOf } from "@/lib/model/normalization.ts";
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
 * Gives a new network the weights of a trained one, by their layers' names, and of expressions by the names of these; a
 * wider one computes what that does. What a model may lack or have otherwise are heads: these stay new. Throws an
 * InputError where there is no such model or another weight does not fit, a SettingError where a setting differs, or a map
 * is to be frozen that is not the model's; the network is as it was then.
 *
 * @param from the folder of a trained model or of a run
 * @param faces of the training; `onWarning` is called where the model's maps are of another surface, and of what the model
 * says and the network does not
 * @param images pictures of the training, [count, size, size, 3] each, RGB in [0, 1], for normalizations that come without
 * statistics
 */
export async function startFrom(
  from: string,
  { network, config, images, faces, onWarning }: {
    readonly network: tf.LayersModel;
    readonly config: Pick<Config, keyof NetworkShape | "freeze">;
    readonly images: AsyncIterable<tf.Tensor4D>;
    readonly faces: Pick<Source, "surface" | "expressionNames">;
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
  const { evaluation: _, ...summary } = description.summary ?? {};
  let fingerprint: string;
  const taken = new Set<string>();
  try {
    const isOfSurface = hasSameTexels(faces.surface, description.surface, config.imageSize);
    if (config.freeze === "trunk") checkFrozen(from, { shape, config, isOfSurface });
    const said = { given: description.expressionNames, wanted: faces.expressionNames, isOfSurface };
    const models = { shape, config, trained, network };
    for (const sentence of losses(from, { ...models, ...said })) onWarning?.(sentence);
    fingerprint = await sha256(weightBytes(trained));
    tf.tidy(() => {
      const values = isWidening
        ? widenedWeights(trained, network)
        : new Map(trained.weights.map((weight) => [weight.originalName, weight.read()]));
      for (const [name, value] of expressionWeights(trained, network, said)) values.set(name, value);
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
      for (const weight of fitting) {
        weight.write(values.get(weight.originalName)!);
        taken.add(weight.originalName);
      }
    });
  } finally {
    trained.dispose();
  }
  if (lacksStatistics) await measureStatistics(network, images, (weightName) => taken.has(weightName));
  return { fingerprint, summary };
}

/** Layers that a model may lack: the heads, and what is seen of eyes, which in a new network moves nothing of the map. */
const heads = [EXPRESSIONS, PRESENCE, EXPRESSION_FEATURES, EYES];

interface Comparison {
  readonly shape: NetworkShape;
  readonly config: Pick<Config, "architecture" | "lids">;
  /** Whether the model's maps are of the training's surface. */
  readonly isOfSurface: boolean;
}

/** Throws a SettingError where the map of a network that starts from a model, and is to stay, would not be the model's. */
function checkFrozen(from: string, { shape, config: { architecture, lids }, isOfSurface }: Comparison): void {
  const refuse = (reason: (nameOf: (key: string) => string) => string) => {
    throw new SettingError((nameOf) => `Cannot set ${nameOf("freeze")} to trunk: ${reason(nameOf)}`);
  };
  if (!isOfSurface) refuse(() => `${from} has learned maps of another surface than these faces'`);
  if (architecture !== shape.architecture) {
    refuse(() => `${from} is of ${shape.architecture}, and most of what leads to the map of ${architecture} is new`);
  }
  if (lids !== shape.lids) {
    const found = shape.lids ? "moves its map's lids" : "moves no lids";
    refuse((nameOf) => `${from} ${found}, and its map is another one with ${nameOf("lids")} ${lids}`);
  }
}

/** A sentence for each thing that the model has learned and the network will not go on with. */
function losses(
  from: string,
  { shape, config, isOfSurface, trained, network, ...said }: Comparison & SaidExpressions & {
    readonly trained: tf.LayersModel;
    readonly network: tf.LayersModel;
  },
): string[] {
  const isLost = (head: string) => trained.outputNames.includes(head) && !network.outputNames.includes(head);
  const { given = [] } = said, kept = new Set(placesOf({ ...said, isOfSurface }));
  const unsaid = given.filter((_, place) => !kept.has(place));
  return [
    ...isOfSurface ? [] : [
      `${from} has learned maps of another surface than these faces': the map is learned anew; --source and ` +
      "--source-path name faces like those that it was trained on",
    ],
    ...shape.lids && !config.lids
      ? [`${from} moves its map's lids by what it sees of eyes: the map is another one without --lids true`]
      : [],
    ...isLost(EXPRESSIONS)
      ? [
        `${from} says expressions: the new network does not, which takes faces whose expressions are known, and ` +
        "--expression-weight above 0",
      ]
      : trained.outputNames.includes(EXPRESSIONS) && unsaid.length > 0
      ? [
        `${from} says ${counted(given.length, "expression")}, ${unsaid.length} of which, such as ` +
        `${unsaid.slice(0, 3).join(", ")}, are not among those of these faces: the new network does not say them`,
      ]
      : [],
    ...isLost(PRESENCE)
      ? [
        `${from} says whether there is a face: the new network does not, which takes drawn faces, --augment true, and ` +
        "--absent-share above 0",
      ]
      : [],
  ];
}

interface SaidExpressions {
  /** What the model says, by name. */
  readonly given: readonly string[] | undefined;
  /** What the network is to say. */
  readonly wanted: readonly string[] | undefined;
  readonly isOfSurface: boolean;
}

/**
 * Where the model says what the network is to say, −1 for what it does not. Principal components of another surface have the
 * same names, and mean something else.
 */
function placesOf({ given = [], wanted = [], isOfSurface }: SaidExpressions): number[] {
  return wanted.map((name) => isComponent(name) && !isOfSurface ? -1 : given.indexOf(name));
}

/**
 * The weights of a network's head of expressions, by name: for expressions that the model says, too, those of the model,
 * whatever their order.
 */
function expressionWeights(
  trained: tf.LayersModel,
  network: tf.LayersModel,
  said: SaidExpressions,
): [string, tf.Tensor][] {
  const places = placesOf(said), { given = [] } = said;
  const known = new Map(trained.weights.map((weight) => [weight.originalName, weight]));
  return network.weights.filter(({ originalName }) => originalName.startsWith(`${EXPRESSIONS}/`)).map((weight) => {
    const { originalName, shape } = weight, found = known.get(originalName);
    const values = valuesOf(weight).slice();
    if (found?.shape.join() === [...shape.slice(0, -1), given.length].join()) {
      const learned = valuesOf(found);
      values.forEach((_, i) => {
        const row = Math.floor(i / places.length), place = places[i % places.length]!;
        if (place >= 0) values[i] = learned[row * given.length + place]!;
      });
    }
    return [originalName, tf.tensor(values, shape as number[])];
  });
}
