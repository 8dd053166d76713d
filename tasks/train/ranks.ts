import { InputError } from "@/lib/errors.ts";
import type { FollowOptions } from "@/lib/experiment/ranks.ts";
import type { Cluster } from "@/lib/tensorflow/collectives/cluster.ts";
import type { JoinOptions, Ranks } from "@/lib/tensorflow/collectives/ranks.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import { STOPPED_ON_REQUEST } from "@/tasks/console/status_line.ts";
import { Interruption, type TaskConsole } from "@/tasks/console/task_console.ts";

/** Opens TensorFlow together with the other ranks. */
export async function joinRanks(
  cluster: Cluster,
  { device, mostSeconds, console }: Omit<JoinOptions, "onWait"> & { readonly console: TaskConsole },
): Promise<Ranks> {
  const { Ranks } = await import("@/lib/tensorflow/collectives/ranks.ts");
  const tell = console.stage("Waiting for the other ranks");
  return await Ranks.join(cluster, { device, mostSeconds, onWait: (rank) => tell(0, `Waiting for ${rank}`) });
}

/** Takes part in the training of the run that rank 0 has. */
export async function followRank0(
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
