import type { Config } from "@/lib/config.ts";

const EPOCHS_PER_HALVING = 5; // PRNet, section 3.3
/** A share of the first cycle's steps, and the most: Adam's first steps at a high rate can undo a careful initialization. */
const WARM_UP = { share: 0.05, steps: 200 };

type Schedule = Pick<Config, "learningRate" | "schedule" | "cycles" | "steps" | "stepsPerEpoch">;

/**
 * The learning rate of a step, counted from 0. "halve": halved after every 5 epochs. "cosine": rises linearly over the
 * first steps and then falls as half a cosine, to reach 0 where training ends, or, by several cycles of equal length, where
 * each of them ends (SGDR with T_mult 1: Loshchilov and Hutter, ICLR 2017, equation 5).
 */
export function learningRateAt(step: number, config: Schedule): number {
  const { learningRate, schedule, cycles, steps, stepsPerEpoch } = config;
  if (schedule === "halve") return learningRate * 0.5 ** Math.floor(step / (EPOCHS_PER_HALVING * stepsPerEpoch));
  const cycle = Math.min(cycles - 1, Math.floor(step * cycles / steps));
  const [first, end] = [cycle, cycle + 1].map((of) => Math.ceil(of * steps / cycles)) as [number, number];
  const warmUp = cycle > 0 ? 0 : Math.min(WARM_UP.steps, Math.floor(WARM_UP.share * end));
  if (step < warmUp) return learningRate * (step + 1) / (warmUp + 1);
  const progress = Math.min(1, (step - first - warmUp) / (end - first - warmUp));
  return learningRate * (1 + Math.cos(Math.PI * progress)) / 2;
}
