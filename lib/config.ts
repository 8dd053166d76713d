import * as z from "zod";
import { InputError, SettingError } from "@/lib/errors.ts";

/** Where faces come from: a source's name, and whatever else that source asks for; see `lib/data/sources`. */
const source = z.looseObject({ name: z.string() }, 'an object such as { name: "built-in" }');

/** A source by its name, with what that source asks for, such as `{ name: "ict", path: "ict-facekit/FaceXModel" }`. */
export type SourceSettings = z.infer<typeof source>;

const anyWhole = z.int("a whole number of at most 15 digits");
const boolean = z.boolean("true or false");
const positive = numberFrom(0, "a number above 0").positive("a number above 0");
const notNegative = numberFrom(0, "a number from 0");
const wantedWeights = "a number from 0 for each of landmarks, eyes, nose, mouth, face and neck, one of them above 0";
const weight = numberFrom(0, wantedWeights);

function wholeFrom(least: number) {
  return z.int(`a whole number from ${least}`).min(least, `a whole number from ${least}`);
}

function numberFrom(least: number, wanted: string) {
  return z.number(wanted).min(least, wanted);
}

function oneOf<const T extends readonly [string | number, ...(string | number)[]]>(...values: T) {
  return z.literal(values, `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`);
}

/** What TensorFlow computes on: a GPU where there is one, the processor, the first GPU, or one by its number from 0. */
export type Device = "auto" | "cpu" | "gpu" | `gpu:${number}`;

/** The networks that can be trained, as {@linkcode Config} names them. */
export const architectures = ["prnet", "lite", "heatmap"] as const;

/** Every setting of a training run, flat; see `defaults` for what each means. Messages say what is wanted. */
const schema = z.strictObject({
  seed: anyWhole,
  architecture: oneOf(...architectures),
  source,
  backend: oneOf("tensorflow", "webgpu"),
  device: z.custom<Device>(
    (value) => typeof value === "string" && /^(auto|cpu|gpu(:\d{1,4})?)$/.test(value),
    "auto, cpu, gpu, or such as gpu:1 for the second one",
  ),
  precision: oneOf("float32", "bfloat16"),
  xla: oneOf("auto", "on", "off"),
  imageSize: oneOf(64, 128, 256),
  width: wholeFrom(4),
  steps: wholeFrom(1),
  stepsPerEpoch: wholeFrom(1),
  batchSize: wholeFrom(1),
  gradAccumulate: wholeFrom(1),
  syncBatchNorm: boolean,
  optimizer: oneOf("adam", "muon"),
  learningRate: positive,
  schedule: oneOf("halve", "cosine"),
  cycles: wholeFrom(1),
  loss: oneOf("mse", "l1"),
  maskWeights: z.strictObject(
    { landmarks: weight, eyes: weight, nose: weight, mouth: weight, face: weight, neck: weight },
    wantedWeights,
  ).refine((weights) => Object.values(weights).some((weight) => weight > 0), wantedWeights),
  depthWeight: notNegative,
  l2: notNegative,
  encoding: oneOf("paper", "centered", "prnet"),
  augment: boolean,
  absentShare: notNegative.max(0.5, "a number from 0 to 0.5"),
  shots: wholeFrom(1),
  expressionWeight: notNegative,
  eyes: boolean,
  lids: boolean,
  freeze: oneOf("nothing", "trunk"),
  teacher: z.string(),
  teacherShare: notNegative.max(1, "a number from 0 to 1"),
  averaging: notNegative.lt(1, "a number from 0, below 1"),
  workers: wholeFrom(0),
  overfitBatches: wholeFrom(0),
  validationSamples: wholeFrom(1),
  testSamples: wholeFrom(1),
  exampleSamples: wholeFrom(1),
  validateEvery: wholeFrom(1),
  checkpointEvery: wholeFrom(1),
});

/** Every setting of a training run; see {@linkcode defaults} for what each means. */
export type Config = z.infer<typeof schema>;

/** The published training (PRNet, section 3.3; Adam, batch 16) on built-in faces. */
export const defaults: Config = {
  seed: 7,
  architecture: "prnet",
  source: { name: "built-in" }, // or another of lib/data/sources, such as "ict", with the path of its files
  backend: "tensorflow", // or "webgpu", for any GPU, without TensorFlow's library
  device: "auto", // TensorFlow's: a GPU where there is one; or "cpu", "gpu", "gpu:1"
  precision: "float32", // or "bfloat16": of convolutions and their gradients, in training; TensorFlow's
  xla: "auto", // on a GPU, XLA compiles the step
  imageSize: 256, // pixels a side, of the crop and of the position map
  width: 16, // channels after the first convolution
  steps: 20_000,
  stepsPerEpoch: 1_000, // samples are made on the fly, so an epoch is only a unit of the schedule
  batchSize: 16,
  gradAccumulate: 1, // batches that a step takes one after the other, for the memory of one; their gradients' mean counts
  syncBatchNorm: false, // whether, of several ranks, each normalizes by the batches of all, or by its own
  optimizer: "adam", // or "muon", for kernels of hidden layers: stands a high rate better, and a step takes an eighth longer
  learningRate: 1e-4, // at step 0
  schedule: "halve", // every 5 epochs; or "cosine", down to 0 at the last step
  cycles: 1, // how often "cosine" falls to 0; each time but the last, it starts again at the full rate
  loss: "mse",
  maskWeights: { landmarks: 16, eyes: 4, nose: 4, mouth: 4, face: 3, neck: 0 }, // of errors in the loss, by region
  depthWeight: 1, // of errors of depth in the loss, beside those in the picture
  l2: 2e-4, // weight of half the sum of the squared convolution weights, in the loss
  encoding: "centered",
  augment: true, // crops turned, shifted and scaled, occluders: for use in the wild, learned more slowly
  absentShare: 0, // of augmented training crops of drawn heads, without a face: above 0, lite and heatmap say whether there is one
  shots: 1, // pictures of each head that is drawn for augmented training, of other crops, colors and covers
  expressionWeight: 0, // of the expressions' error in the loss: above 0, lite and heatmap say what they are
  eyes: false, // whether it sees the eyes by themselves for these: blinks and gaze are too small for it otherwise
  lids: false, // whether what it sees of them moves the map, too: its lids, above all
  freeze: "nothing", // or "trunk": all that leads to the map stays as given weights have it, and what else is said is learned
  teacher: "", // the folder of a trained model that is learned from, too: maps are to be as the mean of the truth and of its maps
  teacherShare: 0.5, // its share in that mean
  averaging: 0, // decay of the weights' exponential average, which is what is validated and saved; 0: no average
  workers: 2, // threads that make samples; 0: the training's own thread does, when it needs them
  overfitBatches: 0, // 0: a new batch every step
  validationSamples: 64,
  testSamples: 256,
  exampleSamples: 128, // training samples that the network starts from, and whose mean is the baseline's answer
  validateEvery: 500, // steps
  checkpointEvery: 500, // steps
};

/** What the light and the heatmap network are trained with, whatever the faces. */
const shared = {
  architecture: "lite",
  imageSize: 128,
  batchSize: 32,
  learningRate: 2e-3,
  schedule: "cosine",
  loss: "l1",
  l2: 0,
  absentShare: 0.05,
  shots: 4,
  expressionWeight: 1,
} as const;

/** How many faces a step takes, of several batches such as "4 × 16". */
export function batchText({ batchSize, gradAccumulate }: Pick<Config, "batchSize" | "gradAccumulate">): string {
  return gradAccumulate > 1 ? `${gradAccumulate} × ${batchSize}` : String(batchSize);
}

/** What either is trained with where its weights are not to come along. */
const alone = { ...shared, steps: 5_500, validateEvery: 250, checkpointEvery: 250 } as const;

/** What weights that come along are trained with, on faces that they may be given away for. */
const shipped = {
  ...shared,
  source: { name: "ict" }, // with the path of ICT-FaceKit
  averaging: 0.999,
  checkpointEvery: 250,
  eyes: true,
  lids: true,
  depthWeight: 0.3,
  architecture: "heatmap",
  optimizer: "muon",
} as const;

/** Each names only what it changes. Results and costs stand in the README. */
export const presets = {
  prnet: {},
  lite: alone,
  heatmap: { ...alone, architecture: "heatmap" },
  quick: {
    architecture: "lite",
    imageSize: 128,
    learningRate: 1.5e-3,
    schedule: "cosine",
    loss: "l1",
    l2: 0,
    expressionWeight: 0.1,
    augment: false,
    steps: 1_750,
    validateEvery: 250,
    checkpointEvery: 250,
  },
  weights: {
    ...shipped,
    width: 12,
    steps: 36_000,
    // when it is asked for: a bundle for browsers has no such folder, and this file's address may be no base there
    get teacher() {
      const { pathname } = new URL("../data/weights/large", import.meta.url);
      return decodeURIComponent(pathname).replace(/^\/(?=[A-Z]:)/, ""); // as fileURLToPath(), which browsers lack
    },
  },
  "weights-large": { ...shipped, steps: 24_000 },
} satisfies Record<string, Partial<Config>>;

/** What `deno task train` takes first. */
export type PresetName = keyof typeof presets;

/** The preset with these settings changed. Throws an InputError for an unknown setting or a value out of range. */
export function resolveConfig(preset: PresetName, overrides: Readonly<Record<string, unknown>> = {}): Config {
  for (const key of Object.keys(overrides)) {
    if (!Object.hasOwn(defaults, key)) {
      throw new InputError(`Cannot set "${key}": the settings are ${Object.keys(defaults).join(", ")}`);
    }
  }
  return parseConfig({ ...defaults, ...presets[preset], ...overrides });
}

/** The settings, if they are all there and in range; throws a SettingError that names the first that is not. */
export function parseConfig(settings: unknown): Config {
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  const { path: [key], message } = result.error.issues[0]!;
  if (key === undefined) throw new InputError(`Cannot use these settings: ${message}`);
  return refuseSetting(String(key), { value: (settings as Record<PropertyKey, unknown>)[key], wanted: message });
}

/** A setting's value, if it can have it; throws a SettingError that says what is wanted. */
export function parseSetting<Name extends keyof Config>(name: Name, value: unknown): Config[Name] {
  const { data, error } = schema.shape[name].safeParse(value);
  if (!error) return data as Config[Name];
  return refuseSetting(name, { value, wanted: error.issues[0]!.message });
}

function refuseSetting(name: string, { value, wanted }: { readonly value: unknown; readonly wanted: string }): never {
  const found = typeof value === "string" ? JSON.stringify(value) : settingText(value);
  throw new SettingError((nameOf) => `Cannot set ${nameOf(name)} to ${found}: ${wanted} is wanted`);
}

/** The settings in a file that may be older than some of them, which have their defaults, and than names in use. */
export function parseSavedConfig(saved: object): Config {
  const { sourcePath, model = defaults.architecture, architecture = model, ...rest } = saved as Readonly<
    Record<string, unknown>
  >;
  const settings = { ...defaults, ...rest, architecture: currentArchitecture(architecture) };
  if (typeof settings.source !== "string") return parseConfig(settings);
  const name = parseSourceName(settings.source);
  const hasPath = name !== defaults.source.name && sourcePath !== "";
  return parseConfig({ ...settings, source: { name, ...hasPath && { path: sourcePath } } });
}

/** An architecture's name in a file, where it may be an older one. */
export function currentArchitecture(saved: unknown): unknown {
  return saved === "large" ? "heatmap" : saved;
}

/** A source's name in a file, where it may be an older one. */
export function parseSourceName(saved: string): string {
  return saved === "procedural" ? defaults.source.name : saved;
}

/** A setting as people read it, those with parts too. */
export function settingText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value).map(([key, part]) => key === "name" ? part : `${key} ${part}`).join(", ");
}
