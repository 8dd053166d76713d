import { InputError } from "@/lib/errors.ts";

/** The names that the parts of Adam's state have in checkpoints, whatever backend trains. */
export const ADAM_STEP = "adam/step";

/** @param index by the order of the variables' first gradients */
export function firstMomentName(index: number): string {
  return `adam/first_moment/${index}`;
}

/** @param index by the order of the variables' first gradients */
export function secondMomentName(index: number): string {
  return `adam/second_moment/${index}`;
}

/** Name of what Muon keeps beside Adam's state. @param index by the order of the network's hidden kernels */
export function kernelMomentName(index: number): string {
  return `muon/moment/${index}`;
}

/** The parts of Adam's state among others by these names. Throws an InputError where one is missing. */
export function adamStateIn<T>(tensors: Readonly<Record<string, T>>): { step: T; moments: [first: T, second: T][] } {
  const step = tensors[ADAM_STEP];
  if (!step) throw new InputError(`Cannot load the optimizer's state: there is no ${ADAM_STEP} in it`);
  const moments: [T, T][] = [];
  for (let i = 0;; i++) {
    const [first, second] = [tensors[firstMomentName(i)], tensors[secondMomentName(i)]];
    if (!first && !second) return { step, moments };
    if (!first || !second) throw new InputError(`Cannot load the optimizer's state: entry ${i} lacks a moment`);
    moments.push([first, second]);
  }
}
