import { InputError, reasonOf } from "@/lib/errors.ts";
import { jsonOf } from "@/lib/json.ts";
import { checkCluster, type Cluster } from "@/lib/tensorflow/collectives/cluster.ts";

/** What a command line may say of it. */
export interface ClusterFlags {
  /** "host:port" of each rank, with commas between. */
  readonly cluster?: string | undefined;
  readonly rank?: string | undefined;
}

/**
 * The cluster that the flags name, or else `TF_CONFIG`, as TensorFlow has it, or the variables that SLURM's `srun` sets;
 * undefined where there is none, or one process alone. Throws an InputError where what is there cannot be right.
 */
export function findCluster(
  { cluster, rank }: ClusterFlags,
  variable: (name: string) => string | undefined = Deno.env.get,
): Cluster | undefined {
  if (cluster === undefined && rank !== undefined) {
    throw new InputError(`Cannot be rank ${rank}: --cluster names the ranks' addresses`);
  }
  const found = cluster !== undefined
    ? flagged(cluster, rank)
    : ofTensorFlow(variable("TF_CONFIG")) ?? ofSlurm(variable);
  return found && found.addresses.length > 1 ? found : undefined;
}

function flagged(cluster: string, rank: string | undefined): Cluster {
  const action = "Cannot use --cluster";
  if (rank === undefined) throw new InputError(`${action}: --rank says which of its addresses is this one`);
  return checkCluster({ addresses: cluster.split(","), rank: Number(rank || NaN) }, action);
}

/** What `TF_CONFIG` says; nothing of it has been looked at. */
interface TensorFlowConfig {
  readonly cluster?: { readonly chief?: readonly string[]; readonly worker?: readonly string[] };
  readonly task?: { readonly type?: string; readonly index?: number };
}

/** `{"cluster": {"chief": […], "worker": […]}, "task": {"type": "worker", "index": 0}}`; a chief is rank 0. */
function ofTensorFlow(text: string | undefined): Cluster | undefined {
  if (!text) return undefined;
  const action = "Cannot use the cluster of TF_CONFIG";
  let addresses: string[], rank: number;
  try {
    const { cluster, task: { type, index } } = { task: {}, ...jsonOf(text) as TensorFlowConfig };
    if (!cluster) return undefined;
    const jobs = Object.keys(cluster).filter((job) => job !== "chief" && job !== "worker");
    if (jobs.length > 0) throw new Error(`it has the job ${jobs[0]}, and there are chief and worker`);
    const { chief = [], worker = [] } = cluster;
    if (type !== "chief" && type !== "worker") throw new Error(`this is its ${type}`);
    addresses = [...chief, ...worker];
    rank = type === "chief" ? index! : chief.length + index!;
  } catch (error) {
    throw new InputError(`${action}: ${reasonOf(error)}`);
  }
  return checkCluster({ addresses, rank }, action);
}

/** Tasks of one step: their hosts in order, each with some of them, which listen at ports that the job's number gives. */
function ofSlurm(variable: (name: string) => string | undefined): Cluster | undefined {
  const count = Number(variable("SLURM_STEP_NUM_TASKS") ?? 1);
  if (!(count > 1)) return undefined;
  const action = "Cannot use the cluster of SLURM";
  const [hosts, tasks, rank, job] = [
    "SLURM_STEP_NODELIST",
    "SLURM_STEP_TASKS_PER_NODE",
    "SLURM_PROCID",
    "SLURM_JOB_ID",
  ].map((name) => {
    const value = variable(name);
    if (value) return value;
    throw new InputError(`${action}: ${name} is not set, as it is where srun starts the tasks`);
  }) as [string, string, string, string];
  const names = expandHosts(hosts);
  const counts = expandCounts(tasks);
  const firstPort = FIRST_PORT + Number(job) % PORTS;
  const addresses = names.flatMap((name, i) =>
    Array.from({ length: counts[i] ?? 0 }, (_, j) => `${name}:${firstPort + j}`)
  );
  if (names.length !== counts.length || addresses.length !== count) {
    throw new InputError(`${action}: ${hosts} with ${tasks} tasks each are not the ${count} tasks of the step`);
  }
  return checkCluster({ addresses, rank: Number(rank) }, action);
}

/** SLURM's ports begin beyond those that services have, and end below those that systems give to whoever calls. */
const [FIRST_PORT, PORTS] = [12_000, 18_000];

/** The hosts of a list: "gpu[1-3,07],login" is gpu1, gpu2, gpu3, gpu07 and login. */
function expandHosts(list: string): string[] {
  return (list.match(/(?:[^,[]|\[[^\]]*\])+/g) ?? []).flatMap(expandHost);
}

function expandHost(host: string): string[] {
  const [, before, ranges, after] = /^([^[]*)\[([^\]]*)\](.*)$/.exec(host) ?? [];
  if (ranges === undefined) return [host];
  const numbers = ranges.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-") as [string, string?];
    const count = Number(last) - Number(first) + 1;
    return Array.from({ length: count }, (_, i) => String(Number(first) + i).padStart(first.length, "0"));
  });
  return expandHosts(numbers.map((number) => `${before}${number}${after}`).join(","));
}

/** The counts of a list: "2(x3),1" is 2, 2, 2 and 1. */
function expandCounts(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [, count, times = 1] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return Array.from({ length: Number(times) }, () => Number(count));
  });
}
