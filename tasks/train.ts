// deno task train [preset] [options]: trains, evaluates on held-out faces, writes the model and the report.
import { rmdir } from "node:fs/promises";
import {
  architectures,
  batchText,
  type Config,
  type PresetName,
  presets,
  resolveConfig,
  settingText,
  type SourceSettings,
} from "@/lib/config.ts";
import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { isThere } from "@/lib/files.ts";
import type { Experiment } from "@/lib/experiment.ts";
import type { FollowOptions } from "@/lib/experiment/ranks.ts";
import { checkCompilation } from "@/lib/experiment/compilation.ts";
import type { Cluster } from "@/lib/tensorflow/collectives/cluster.ts";
import { findCluster } from "@/lib/tensorflow/collectives/find_cluster.ts";
import { RankLostError } from "@/lib/tensorflow/collectives/rank_lost_error.ts";
import type { JoinOptions, Ranks } from "@/lib/tensorflow/collectives/ranks.ts";
import { isOutOfMemory } from "@/lib/tensorflow/library/c_api.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import type { NetworkShape } from "@/lib/model/trained_model.ts";
import { resumedConfig } from "@/lib/train/resumed_config.ts";
import { readConfigFile, readMetrics, readRunConfig } from "@/lib/train/run_folder.ts";
import { startedSettings } from "@/lib/train/started_settings.ts";
import { ErrorTable } from "@/lib/view/evaluation/error_table.ts";
import { describeExpressions } from "@/lib/view/evaluation/expression_table.ts";
import { STOPPED_ON_REQUEST } from "@/tasks/console/status_line.ts";
import { Interruption, type TaskConsole } from "@/tasks/console/task_console.ts";
import { checkoutPath, CONVERTING, quoted, runTask, taskCommand, taskLine } from "@/tasks/run_task.ts";
import { sourceOptions } from "@/tasks/model_option.ts";
import { newRunFolder } from "@/tasks/new_run_folder.ts";
import { Refusals } from "@/tasks/refusals.ts";
import { settingsOf, sourceOf } from "@/tasks/settings.ts";
import { asGiven } from "@/tasks/standing.ts";
import { duration, TrainingDisplay } from "@/tasks/training_display.ts";

interface Options {
  readonly run?: string;
  readonly resume?: boolean;
  readonly from?: string;
  readonly teacher?: string;
  readonly fastDevRun?: boolean;
  readonly config?: string;
  readonly dryRun?: boolean;
  readonly maxTime?: string;
  readonly cluster?: string;
  readonly rank?: string;
  readonly joinTime: string;
}

/** The settings that have a flag, by the setting's name, in the groups that --help shows. */
const flags = {
  "Samples:": {
    augment: ["--augment <true|false>", "turn, shift and scale crops, put things before faces"],
    absentShare: [
      "--absent-share <share>",
      "of augmented crops, without a face: lite and heatmap learn to say whether there is one",
    ],
    shots: ["--shots <count>", "pictures of each head that is drawn, of other crops, colors and covers"],
    overfitBatches: ["--overfit-batches <count>", "train and measure on this many batches only"],
    exampleSamples: ["--example-samples <count>", "whose mean map the network starts from, and the mean face is of"],
    seed: ["--seed <number>", "of weights and samples"],
    workers: ["--workers <count>", "threads that make samples ahead; 0 makes them when they are needed"],
  },
  "Network:": {
    architecture: [
      "--architecture <name>",
      "prnet, the published network, lite, for real time, or heatmap, which finds points of the face by heatmaps, too",
    ],
    imageSize: ["--image-size <pixels>", "side of the crop and of the position map: 64, 128 or 256"],
    width: ["--width <channels>", "channels after the first convolution"],
    encoding: [
      "--encoding <name>",
      "of positions: centered, with half a crop side around the crop, paper, or prnet, as released weights have it",
    ],
    eyes: ["--eyes <true|false>", "whether lite or heatmap sees the eyes by themselves for blinks and gaze"],
    lids: ["--lids <true|false>", "with --eyes, whether what it sees of them moves the map's lids, too"],
    freeze: ["--freeze <part>", "trunk: with --from, leave the map as it is, and learn what else is said"],
  },
  "Steps:": {
    steps: ["--steps <count>", "batches to train on"],
    batchSize: ["--batch-size <count>", "faces at once"],
    gradAccumulate: ["--grad-accumulate <count>", "batches a step, one after the other, for the memory of one"],
    optimizer: ["--optimizer <name>", "adam, or muon, which stands a high rate better, and takes longer for a step"],
    learningRate: ["--learning-rate <rate>", "the optimizer's, at the start"],
    schedule: [
      "--schedule <name>",
      "of the learning rate: halve, every 5 epochs, or cosine, down to 0 at the last step",
    ],
    cycles: ["--cycles <count>", "how often cosine falls to 0, and starts again at the full rate between"],
    stepsPerEpoch: [
      "--steps-per-epoch <count>",
      "of those epochs, 1000 unless given, whatever the source: a pass over 300W-LP takes 6900, in batches of 16",
    ],
    averaging: ["--averaging <decay>", "of an exponential average of the weights, such as 0.999"],
  },
  "Loss:": {
    loss: ["--loss <name>", "of positions: mse, of squared errors, or l1, of absolute ones"],
    maskWeights: ["--mask-weights <numbers>", "in the loss, of landmarks:eyes, nose and mouth:face:neck, as 16:4:3:0"],
    depthWeight: ["--depth-weight <weight>", "in the loss, of depth, beside 1 of what is seen in the picture"],
    expressionWeight: [
      "--expression-weight <weight>",
      "in the loss, of expressions, which lite and heatmap learn to say above 0",
    ],
    l2: ["--l2 <weight>", "in the loss, of half the sum of squared convolution weights"],
    teacher: ["--teacher <model>", "learn from a trained model's maps, too, or a run's"],
    teacherShare: ["--teacher-share <share>", "of the teacher's map in what the map is to be; the rest is the truth's"],
  },
  "Measuring and saving:": {
    validateEvery: ["--validate-every <steps>", "from one validation to the next"],
    checkpointEvery: ["--checkpoint-every <steps>", "from one checkpoint to the next"],
    validationSamples: ["--validation-samples <count>", "faces of a validation"],
    testSamples: ["--test-samples <count>", "faces of the evaluation at the end"],
  },
  "Device:": {
    backend: ["--backend <name>", "tensorflow, or webgpu, for any GPU, without TensorFlow's library"],
    device: ["--device <name>", "TensorFlow's: auto, cpu, gpu, or gpu:1 for the second one"],
    precision: ["--precision <name>", "of convolutions: float32, or bfloat16, where the processor or GPU has it"],
    xla: [
      "--xla <auto|on|off>",
      "have XLA compile the step: a minute or so at the start, for a faster GPU (auto: on one)",
    ],
  },
  "Several processes:": {
    syncBatchNorm: [
      "--sync-batch-norm <true|false>",
      "whether, of several ranks, each normalizes by the batches of all",
    ],
  },
} as const satisfies Readonly<Record<string, Partial<Record<keyof Config, readonly [string, string]>>>>;

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

const command = taskCommand("train")
  .description("Trains a network, evaluates it on faces that it has not seen, and writes model and report")
  .argument("[preset]", `the settings to start from: ${Object.keys(presets).join(", ")} (default: quick)`)
  .option("--run <folder>", "the run's folder (default: a new one in the checkout's runs/)")
  .option("--resume", "go on with the run in that folder, with its settings")
  .option(
    "--from <model>",
    "start from a trained model's weights, or a run's, with a greater --width as well; by default at a tenth of the rate",
  )
  .option("--config <file>", "the settings to start from: another run's config.json, such as a notebook's")
  .option("--max-time <time>", "stop after so long, such as 90m, 1h30m or 23:50:00, to be resumed: exit status 75")
  .option("--dry-run", "take some steps, say what the training would take, and write nothing")
  .option("--fast-dev-run", "two tiny steps, to see that everything connects");
for (const option of sourceOptions({ about: "where faces come from", otherwise: "the preset's" })) {
  command.addOption(option);
}
command
  .optionsGroup("Several processes:")
  .option("--cluster <addresses>", "host:port of all processes that train together, with commas between")
  .option("--rank <number>", "which of them this is, from 0")
  .option("--join-time <time>", "how long to wait for the others to come", "10m")
  .option("--processes <count>", "so many of them, on this machine, each with a GPU where there are some"); // see sandbox.sh
for (const [heading, group] of Object.entries(flags)) {
  command.optionsGroup(heading);
  for (const [flag, description] of Object.values(group)) command.option(flag, description);
}
const settingNames = Object.values(flags).flatMap((group) => Object.keys(group)) as (keyof Config)[];

await runTask(command, async (console) => {
  try {
    await run(console);
  } catch (error) {
    if (error instanceof RankLostError) console.throwIfAborted(); // asked to stop, as was the one that has ended
    throw error;
  }
});

async function run(console: TaskConsole): Promise<void> {
  const options = command.opts<Options & Record<string, string>>();
  const limit = options.maxTime === undefined ? undefined : secondsOf(options.maxTime, "--max-time");
  const joinSeconds = secondsOf(options.joinTime, "--join-time");
  if (options.config && (options.resume || command.args[0])) {
    throw new InputError("Cannot use --config with a preset or --resume: they have settings of their own");
  }
  if (options.resume && !options.run) throw new InputError("Cannot resume: --run names the run to go on with");
  if (options.resume && command.args[0]) {
    throw new InputError(`Cannot resume with the preset ${command.args[0]}: a run goes on with its own settings`);
  }
  if (options.resume && options.from) throw new InputError("Cannot use both --resume and --from: give one");
  if (options.resume && options.fastDevRun) {
    throw new InputError("Cannot use both --resume and --fast-dev-run: a run goes on with its own settings");
  }
  const { from, teacher } = options;
  const shape = from === undefined ? undefined : await shapeOf(from, console, "Opening the weights to start from");
  const taughtShape = shape || !teacher ? undefined : await shapeOf(teacher, console, "Opening the teacher");
  const preset = choosePreset(command.args[0], options["architecture"] ?? presetArchitecture(shape));
  const given = options.config ? await readConfigFile(options.config) : undefined;
  const found = findCluster(options), cluster = options.dryRun ? undefined : found;
  const follows = cluster !== undefined && cluster.rank > 0; // then rank 0 has the run, and says what its settings are
  const before = options.resume && !follows ? await readRunConfig(options.run!) : given ?? resolveConfig(preset);
  const settings = settingsOf(options, settingNames);
  const overrides = { ...settings, source: sourceOf(options, before.source) };
  const config = options.resume && !follows
    ? resumedConfig({ path: options.run!, config: before }, overrides)
    : resolveConfig(preset, {
      ...given,
      ...options.fastDevRun && fastDevRun,
      ...taughtShape && { imageSize: taughtShape.imageSize, encoding: taughtShape.encoding },
      ...shape && startedSettings(shape, { ...before, ...settings }),
      ...overrides,
    });
  if (config.freeze !== "nothing" && !options.resume && options.from === undefined) {
    throw new InputError(
      `Cannot freeze the ${config.freeze} of a new network: --from names the model that has learned it`,
    );
  }
  checkCompilation(config, { hasRanks: found !== undefined });
  if (limit !== undefined) console.stopAfter(limit);

  const onProgress = console.lateStage(CONVERTING);
  const onWarning = (sentence: string) => console.print(sentence);
  const refusals = new Refusals(console);
  if (options.dryRun) {
    const firstStep = options.resume ? (await readMetrics(options.run!)).at(-1)?.step ?? 0 : 0;
    return await printRehearsal(config, { console, firstStep, rankCount: found?.addresses.length });
  }
  using ranks = cluster && await join(cluster, { ...config, mostSeconds: joinSeconds, console });
  console.stage("Opening the faces and the network");
  const listening = { onProgress, onWarning, onRefused: refusals.add, ranks };
  if (follows) {
    const sourceHere = (there: SourceSettings) => sourceOf(options, there);
    const teacherHere = settings.teacher;
    return await followRank0(ranks!, { ...listening, device: config.device, sourceHere, teacherHere, console });
  }
  // slow to load: help and wrong flags need none of it
  const { resumeExperiment, startExperiment } = await import("@/lib/experiment.ts");
  using experiment = options.resume
    ? await resumeExperiment(options.run!, { overrides, ...listening })
    : await startInFolder(
      options.run,
      () => newRunFolder(checkoutPath("runs"), given?.architecture ?? preset),
      (run) => startExperiment(config, { run, from: options.from, ...listening }),
    );
  console.print(ranks ? `${experiment.device}, ${ranks.count} ranks` : experiment.device);
  console.print(`${experiment.path}: ${describe(experiment.config)}, ${experiment.parameterCount} weights`);
  try {
    await trainToEnd(experiment, console);
    const measurement = await experiment.evaluate({
      onProgress: console.stage(`Evaluating on ${counted(experiment.testCount, "face")}`),
    });
    await experiment.save(measurement, { onProgress: console.stage("Writing the model and the report") });
    refusals.tell();
    console.quiet();
    const { evaluation } = measurement;
    globalThis.console.log(new ErrorTable(evaluation).toText());
    if (evaluation.expressions) globalThis.console.log(describeExpressions(evaluation.expressions));
    globalThis.console.log(`model   ${experiment.path}/model\nreport  ${experiment.path}/report.html`);
  } catch (error) {
    if (isOutOfMemory(error)) throw outOfMemory(experiment.config, experiment.device);
    if (error instanceof Interruption) {
      console.print(`Stopped after step ${experiment.savedStep ?? 0}. To go on: ${resumeCommand(experiment)}`);
    }
    throw error;
  }
}

/** Opens TensorFlow together with the other ranks. */
async function join(
  cluster: Cluster,
  { device, mostSeconds, console }: Omit<JoinOptions, "onWait"> & { readonly console: TaskConsole },
): Promise<Ranks> {
  const { Ranks } = await import("@/lib/tensorflow/collectives/ranks.ts");
  const tell = console.stage("Waiting for the other ranks");
  return await Ranks.join(cluster, { device, mostSeconds, onWait: (rank) => tell(0, `Waiting for ${rank}`) });
}

/** Takes part in the training of the run that rank 0 has. */
async function followRank0(
  ranks: Ranks,
  { console, ...options }: Omit<FollowOptions, "signal" | "onStart"> & { readonly console: TaskConsole },
): Promise<void> {
  const { follow } = await import("@/lib/experiment/ranks.ts");
  const onStart = ({ device }: { readonly device: string }) => {
    console.print(`${device}, rank ${ranks.rank} of ${ranks.count}`);
    console.stage("Training along with rank 0");
  };
  try {
    if (await follow(ranks, { ...options, signal: console, onStart })) return;
  } catch (error) {
    throw error instanceof DivergenceError ? new InputError(`Training stopped: ${error.message}`) : error;
  }
  console.throwIfAborted();
  throw new Interruption(STOPPED_ON_REQUEST); // another was asked to stop
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

interface RehearsalOptions {
  readonly console: TaskConsole;
  /** Steps that a resumed run has taken. */
  readonly firstStep: number;
  readonly rankCount: number | undefined;
}

/** What the settings come to, and what a training with them would take of time and memory, of several ranks each. */
async function printRehearsal(
  config: Config,
  { console, firstStep, rankCount = 1 }: RehearsalOptions,
): Promise<void> {
  const { rehearse } = await import("@/lib/experiment/rehearsal.ts");
  console.stage("Taking a few steps");
  const onProgress = console.lateStage(CONVERTING);
  const { device, parameterCount, peakBytes, gpuBytes, stepSeconds, totalSeconds } = await rehearse(config, {
    onProgress,
    firstStep,
  }).catch((error) => {
    throw isOutOfMemory(error) ? outOfMemory(config) : error;
  });
  console.quiet();
  const ofEach = rankCount === 1 ? "" : ` of each of ${rankCount} processes`;
  const facts = [
    ["device", device],
    ["weights", String(parameterCount)],
    ["memory", `${(peakBytes / 1e9).toFixed(1)} GB${ofEach}`],
    ...gpuBytes === undefined ? [] : [["GPU memory", `${(gpuBytes / 1e9).toFixed(1)} GB${ofEach}`]],
    ["a step", `${stepSeconds.toPrecision(2)} s`],
    [firstStep > 0 ? `after step ${firstStep}` : "in all", duration(totalSeconds)],
  ];
  const settings = Object.entries(config).map(([name, value]) => [name, asGiven(settingText(value))]);
  globalThis.console.log([...settings, ...facts].map(([name, text]) => `${name!.padEnd(18)} ${text}`).join("\n"));
}

/** Seconds of a time such as 90m, 1h30m, or 23:50:00 as batch systems write it. */
function secondsOf(text: string, flag: string): number {
  const [, hours, minutes, seconds] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ??
    /^(?:(?:(\d+):)?(\d+):)?(\d+)$/.exec(text) ?? [];
  const total = 3600 * Number(hours ?? 0) + 60 * Number(minutes ?? 0) + Number(seconds ?? 0);
  if (total > 0) return total;
  throw new InputError(`Cannot set ${flag} to "${text}": a time is wanted, such as 90m, 1h30m or 23:50:00`);
}

/** Shows how it goes, up to the last step or a signal. */
async function trainToEnd(experiment: Experiment, console: TaskConsole): Promise<void> {
  const { config, step } = experiment;
  if (step < config.steps) {
    console.stage(experiment.usesXla ? "Compiling the first step by XLA, once" : "Tracing the first step");
  }
  const display = new TrainingDisplay(experiment, console);
  try {
    for await (const report of experiment.train({ signal: console })) display.show(report);
    console.throwIfAborted();
    if (experiment.step < config.steps) throw new Interruption(STOPPED_ON_REQUEST); // another rank was asked to
  } catch (error) {
    if (error instanceof RankLostError) {
      console.throwIfAborted();
      const from = experiment.savedStep === undefined ? "" : ` from the checkpoint after step ${experiment.savedStep}`;
      throw new InputError(`${error.message}. To go on${from}: ${resumeCommand(experiment)}`);
    }
    if (!(error instanceof DivergenceError)) throw error;
    throw new InputError(`Training stopped: ${error.message}. ${wayOut(experiment, step)}`);
  }
}

/** From a divergence, in a training that began after this step. */
function wayOut(experiment: Experiment, firstStep: number): string {
  const { savedStep, config } = experiment;
  const usual = resolveConfig(config.architecture).learningRate;
  const rate = config.learningRate > usual ? usual : Number((config.learningRate / 10).toPrecision(1));
  const command = `${resumeCommand(experiment)} --learning-rate ${rate}`;
  if (savedStep === undefined) {
    return `There is no checkpoint yet. To begin again with a lower learning rate: ${command}`;
  }
  if (savedStep > firstStep) return `To go on from the checkpoint after step ${savedStep} with a lower one: ${command}`;
  return `It began with the checkpoint after step ${savedStep}, which may be past help. ` +
    `To try a lower learning rate: ${command}; if that does not help, begin a new run`;
}

function outOfMemory({ batchSize, gradAccumulate }: Config, device?: string): InputError {
  const remedy = batchSize % 2 === 0
    ? `A new run with --batch-size ${batchSize / 2} --grad-accumulate ${
      2 * gradAccumulate
    } takes about half of it, for ` +
      "the same gradients"
    : "A new run with a smaller --batch-size, --image-size or --width takes less of it";
  return new InputError(
    `Training stopped: there is too little memory for ${counted(batchSize, "face")} at once${
      device ? ` (${device})` : ""
    }. ${remedy}; on a GPU, \`nvidia-smi\` lists what other programs hold`,
  );
}

function resumeCommand({ path, config }: Experiment): string {
  const task = config.backend === "webgpu" ? "train:webgpu" : "train"; // which needs no TensorFlow
  return `${taskLine(task)} --resume --run ${quoted(path)}`;
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

/** A run that cannot begin leaves no empty folder that was not there. */
async function startInFolder(
  given: string | undefined,
  newFolder: () => Promise<string>,
  start: (run: string) => Promise<Experiment>,
): Promise<Experiment> {
  const wasThere = given !== undefined && await isThere(given);
  const run = given ?? await newFolder();
  try {
    return await start(run);
  } catch (error) {
    if (!wasThere) await rmdir(run).catch(() => {}); // holds something, or is not there
    throw error;
  }
}

function describe(
  { architecture, source, imageSize, batchSize, gradAccumulate, steps, seed, precision }: Config,
): string {
  const computed = precision === "float32" ? "" : `, convolutions in ${precision}`;
  return `${architecture} at ${imageSize}² on ${source.name} faces, ${counted(steps, "step")} of ${
    batchText({ batchSize, gradAccumulate })
  }, seed ${seed}${computed}`;
}
