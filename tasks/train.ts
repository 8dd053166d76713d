// deno task train [preset] [options]: trains, evaluates on held-out faces, writes the model and the report.
import { batchText, type Config, presets, type SourceSettings } from "@/lib/config.ts";
import { counted } from "@/lib/counted.ts";
import { findCluster } from "@/lib/tensorflow/collectives/find_cluster.ts";
import { RankLostError } from "@/lib/tensorflow/collectives/rank_lost_error.ts";
import { isOutOfMemory } from "@/lib/tensorflow/library/c_api.ts";
import { readMetrics } from "@/lib/train/run_folder.ts";
import { ErrorTable } from "@/lib/view/evaluation/error_table.ts";
import { describeExpressions } from "@/lib/view/evaluation/expression_table.ts";
import { Interruption, type TaskConsole } from "@/tasks/console/task_console.ts";
import { sourceOptions } from "@/tasks/model_option.ts";
import { Refusals } from "@/tasks/refusals.ts";
import { checkoutPath, CONVERTING, runTask, taskCommand } from "@/tasks/run_task.ts";
import { sourceOf } from "@/tasks/settings.ts";
import { outOfMemory, resumeCommand } from "@/tasks/train/advice.ts";
import { chooseSettings, type SettingOptions } from "@/tasks/train/choose_settings.ts";
import { secondsOf } from "@/tasks/train/durations.ts";
import { followRank0, joinRanks } from "@/tasks/train/ranks.ts";
import { printRehearsal } from "@/tasks/train/rehearsal.ts";
import { newRunFolder, startInFolder } from "@/tasks/train/run_folder.ts";
import { settingFlags } from "@/tasks/train/setting_flags.ts";
import { trainToEnd } from "@/tasks/train/train_to_end.ts";

interface Options extends SettingOptions {
  readonly dryRun?: boolean;
  readonly maxTime?: string;
  readonly cluster?: string;
  readonly rank?: string;
  readonly joinTime: string;
}

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
for (const [heading, group] of Object.entries(settingFlags)) {
  command.optionsGroup(heading);
  for (const [flag, description] of Object.values(group)) command.option(flag, description);
}

await runTask(command, async (console) => {
  try {
    await run(console);
  } catch (error) {
    if (error instanceof RankLostError) console.throwIfAborted(); // asked to stop, as was the one that has ended
    throw error;
  }
});

async function run(console: TaskConsole): Promise<void> {
  const options = command.opts<Options>(), { from } = options;
  const limit = options.maxTime === undefined ? undefined : secondsOf(options.maxTime, "--max-time");
  const joinSeconds = secondsOf(options.joinTime, "--join-time");
  const found = findCluster(options), cluster = options.dryRun ? undefined : found;
  const follows = cluster !== undefined && cluster.rank > 0;
  const { config, overrides, kind } = await chooseSettings(options, {
    preset: command.args[0],
    follows,
    hasRanks: found !== undefined,
    console,
  });
  if (limit !== undefined) console.stopAfter(limit);

  const onProgress = console.lateStage(CONVERTING);
  const onWarning = (sentence: string) => console.print(sentence);
  const refusals = new Refusals(console);
  if (options.dryRun) {
    const firstStep = options.resume ? (await readMetrics(options.run!)).at(-1)?.step ?? 0 : 0;
    return await printRehearsal(config, { console, from, onWarning, firstStep, rankCount: found?.addresses.length });
  }
  using ranks = cluster && await joinRanks(cluster, { ...config, mostSeconds: joinSeconds, console });
  console.stage("Opening the faces and the network");
  const listening = { onProgress, onWarning, onRefused: refusals.add, ranks };
  if (follows) {
    const sourceHere = (there: SourceSettings) => sourceOf(options, there);
    const teacherHere = overrides.teacher;
    return await followRank0(ranks!, { ...listening, device: config.device, sourceHere, teacherHere, console });
  }
  // slow to load: help and wrong flags need none of it
  const { resumeExperiment, startExperiment } = await import("@/lib/experiment.ts");
  using experiment = options.resume
    ? await resumeExperiment(options.run!, { overrides, ...listening })
    : await startInFolder(
      options.run,
      () => newRunFolder(checkoutPath("runs"), kind),
      (run) => startExperiment(config, { run, from, ...listening }),
    );
  console.print(ranks ? `${experiment.device}, ${counted(ranks.count, "rank")}` : experiment.device);
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

function describe(
  { architecture, source, imageSize, batchSize, gradAccumulate, steps, seed, precision }: Config,
): string {
  const computed = precision === "float32" ? "" : `, convolutions in ${precision}`;
  return `${architecture} at ${imageSize}² on ${source.name} faces, ${counted(steps, "step")} of ${
    batchText({ batchSize, gradAccumulate })
  }, seed ${seed}${computed}`;
}
