import { architectures, type Config, defaults, type PresetName, presets, resolveConfig } from "@/lib/config.ts";
import { InputError, SettingError } from "@/lib/errors.ts";
import { checkCompilation } from "@/lib/experiment/compilation.ts";
import type { NetworkShape } from "@/lib/model/trained_model.ts";
import { resumedConfig } from "@/lib/train/resumed_config.ts";
import { readConfigFile, readRunConfig } from "@/lib/train/run_folder.ts";
import { startedSettings } from "@/lib/train/started_settings.ts";
import type { TaskConsole } from "@/tasks/console/task_console.ts";
import { settingsOf, sourceOf } from "@/tasks/settings.ts";
import { settingNames } from "@/tasks/train/setting_flags.ts";

/** What a command line says that bears on settings; those that have flags of their own are among the rest. */
export interface SettingOptions extends Readonly<Record<string, unknown>> {
  readonly architecture?: string;
  readonly config?: string;
  readonly fastDevRun?: boolean;
  readonly from?: string;
  readonly resume?: boolean;
  readonly run?: string;
}

interface ChooseOptions {
  /** The preset that the command line names. */
  readonly preset: string | undefined;
  /** Whether rank 0 has the run, and says what its settings are. */
  readonly follows: boolean;
  /** Whether several processes train together. */
  readonly hasRanks: boolean;
  readonly console: TaskConsole;
}

interface ChosenSettings {
  readonly config: Config;
  /** What of these the command line says, and the source. */
  readonly overrides: Partial<Config>;
  /** What a new run's folder is named after. */
  readonly kind: string;
}

/** Only shows that everything connects. */
const fastDevRun: Partial<Config> = {
  imageSize: 64,
  steps: 2,
  batchSize: 2,
  workers: 1,
  exampleSamples: 4,
  validationSamples: 1,
  testSamples: 3,
  validateEvery: 1,
  checkpointEvery: 1,
};

/** A training's settings, of its command line. Throws an InputError where these cannot be, or not together. */
export async function chooseSettings(
  options: SettingOptions,
  { preset: named, follows, hasRanks, console }: ChooseOptions,
): Promise<ChosenSettings> {
  checkTogether(options, named);
  const { from } = options;
  const shape = from === undefined ? undefined : await shapeOf(from, console, "Opening the weights to start from");
  const preset = choosePreset(named, options.architecture ?? presetArchitecture(shape));
  const given = options.config ? await readConfigFile(options.config) : undefined;
  const resumed = options.resume && !follows ? await readRunConfig(options.run!) : undefined;
  const before = resumed ?? given ?? resolveConfig(preset);
  const settings = settingsOf(options, settingNames);
  const overrides = { ...settings, source: sourceOf(options, before.source) };
  const { teacher } = { ...before, ...settings };
  const isTaught = teacher !== "" && !shape && !options.resume && !follows;
  const taughtShape = isTaught ? await shapeOf(teacher, console, "Opening the teacher") : undefined;
  const config = resumed ? resumedConfig({ path: options.run!, config: resumed }, overrides) : resolveConfig(preset, {
    ...given,
    ...options.fastDevRun && fastDevRun,
    ...taughtShape && { imageSize: taughtShape.imageSize, encoding: taughtShape.encoding },
    ...shape && startedSettings(shape, { ...before, ...settings }),
    ...given && { learningRate: given.learningRate }, // a run's own rate is no preset's
    ...given && shape && { width: Math.max(given.width, shape.width) }, // a run that has widened the model
    ...overrides,
  });
  if (!follows) checkWithRest(config, { given: settings, isFirst: !options.resume && from === undefined });
  checkCompilation(config, { hasRanks });
  return { config, overrides, kind: given?.architecture ?? preset };
}

function checkTogether({ config, resume, run, from, fastDevRun }: SettingOptions, preset: string | undefined): void {
  if (config && (resume || preset)) {
    throw new InputError("Cannot use --config with a preset or --resume: they have settings of their own");
  }
  if (!resume) return;
  if (!run) throw new InputError("Cannot resume: --run names the run to go on with");
  if (preset) {
    throw new InputError(`Cannot resume with the preset ${preset}: a run goes on with its own settings`);
  }
  if (from) throw new InputError("Cannot use both --resume and --from: give one");
  if (fastDevRun) {
    throw new InputError("Cannot use both --resume and --fast-dev-run: a run goes on with its own settings");
  }
}

interface Rest {
  /** The settings that the command line has. */
  readonly given: Partial<Config>;
  /** Whether nothing has been learned before. */
  readonly isFirst: boolean;
}

/** Throws an InputError where a setting is of no use with the others, of which some are a preset's. */
function checkWithRest({ freeze, augment }: Config, { given, isFirst }: Rest): void {
  if (freeze !== "nothing" && isFirst) {
    throw new InputError(`Cannot freeze the ${freeze} of a new network: --from names the model that has learned it`);
  }
  for (const name of ["shots", "absentShare"] as const) {
    const value = given[name];
    if (augment || value === undefined || value === defaults[name]) continue;
    throw new SettingError((nameOf) =>
      `Cannot set ${nameOf(name)} to ${value} without ${nameOf("augment")} true: it is of augmented crops alone`
    );
  }
}

/** The shape of the network of a model to start from, or to learn from. */
async function shapeOf(model: string, console: TaskConsole, stage: string): Promise<NetworkShape> {
  console.stage(stage);
  const { readShape } = await import("@/lib/model/trained_model.ts");
  return await readShape(model);
}

/** Where no preset is named: "quick" is one of light networks. */
function presetArchitecture(shape: NetworkShape | undefined): string | undefined {
  return shape?.architecture === "lite" ? undefined : shape?.architecture;
}

function choosePreset(name: string | undefined, architecture: string | undefined): PresetName {
  const chosen = name ?? architecture ?? "quick"; // --architecture alone asks for its own preset
  if (Object.hasOwn(presets, chosen)) return chosen as PresetName;
  throw new InputError(
    name
      ? `Cannot train the preset "${name}": the presets are ${Object.keys(presets).join(", ")}`
      : `Cannot train the architecture "${architecture}": there are ${architectures.slice(0, -1).join(", ")} and ${
        architectures.at(-1)
      }`,
  );
}
