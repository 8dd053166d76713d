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
