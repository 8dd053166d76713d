import { type Config, settingText } from "@/lib/config.ts";
import type { PartsOptions } from "@/lib/experiment/parts.ts";
import { isOutOfMemory } from "@/lib/tensorflow/library/c_api.ts";
import type { TaskConsole } from "@/tasks/console/task_console.ts";
import { CONVERTING } from "@/tasks/run_task.ts";
import { asGiven } from "@/tasks/standing.ts";
import { outOfMemory } from "@/tasks/train/advice.ts";
import { durationText } from "@/tasks/train/durations.ts";

interface RehearsalOptions extends Pick<PartsOptions, "from" | "onWarning"> {
  readonly console: TaskConsole;
  /** Steps that a resumed run has taken. */
  readonly firstStep: number;
  readonly rankCount: number | undefined;
}

/** What the settings come to, and what a training with them would take of time and memory, of several ranks each. */
export async function printRehearsal(
  wanted: Config,
  { console, rankCount = 1, ...options }: RehearsalOptions,
): Promise<void> {
  const { rehearse } = await import("@/lib/experiment/rehearsal.ts");
  console.stage("Taking a few steps");
  const onProgress = console.lateStage(CONVERTING);
  const rehearsal = await rehearse(wanted, { ...options, onProgress }).catch((error) => {
    throw isOutOfMemory(error) ? outOfMemory(wanted) : error;
  });
  const { config, device, parameterCount, peakBytes, gpuBytes, stepSeconds, totalSeconds } = rehearsal;
  console.quiet();
  const ofEach = rankCount === 1 ? "" : ` of each of ${rankCount} processes`;
  const facts = [
    ["device", device],
    ["weights", String(parameterCount)],
    ["memory", `${(peakBytes / 1e9).toFixed(1)} GB${ofEach}`],
    ...gpuBytes === undefined ? [] : [["GPU memory", `${(gpuBytes / 1e9).toFixed(1)} GB${ofEach}`]],
    ["a step", `${stepSeconds.toPrecision(2)} s`],
    [options.firstStep > 0 ? `after step ${options.firstStep}` : "in all", durationText(totalSeconds)],
  ];
  const settings = Object.entries(config).map(([name, value]) => [name, asGiven(settingText(value))]);
  globalThis.console.log([...settings, ...facts].map(([name, text]) => `${name!.padEnd(18)} ${text}`).join("\n"));
}
