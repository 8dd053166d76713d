import type { Bench } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { hold, processEntrant } from "./contest.ts";

export interface DispatchContestant {
  /** Calls of each op, in one repetition. */
  readonly calls: number;
  readonly threads: number;
}

const CALLS = 5_000;

/** What an eager op costs where there is next to nothing to compute. */
export const dispatchBench: Bench = async function* (options) {
  const task: DispatchContestant = { calls: CALLS, threads: options.threads };
  const { peers } = options;
  const torch = peers.has("torch")
    ? [processEntrant({ name: peers.nameOf("torch") }, peers.python("dispatch_torch.py", task))]
    : [];
  const tfjs = processEntrant({ name: "tfjs cpu" }, denoCommand("dispatch_tfjs.ts", task));
  const ours = processEntrant({ name: "posmap" }, denoCommand("dispatch_ours.ts", task));
  yield await hold({ bench: "dispatch", case: "eager", ours, peers: [...torch, tfjs] }, options);
};
