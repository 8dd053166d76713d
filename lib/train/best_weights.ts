import { mean } from "@/lib/numbers.ts";

/**
 * Whether weights are as good as the best so far, by their errors on the same faces: in the mean less, or more by at most the
 * standard error of the mean difference (the one-standard-error rule of Breiman et al., 1984, section 3.4.3, paired by face). The
 * least of many validations on few faces is often luck, and what was trained longer is better on others.
 *
 * @param errors of each face
 * @param least those of the validation whose mean is the least so far; null before the first
 */
export function isAmongBest(errors: readonly number[], least: readonly number[] | null): boolean {
  if (!least || least.length !== errors.length) return true;
  const differences = errors.map((error, i) => error - least[i]!), more = mean(differences);
  const variance = mean(differences.map((difference) => (difference - more) ** 2));
  return more <= 0 || more <= Math.sqrt(variance / (errors.length - 1));
}
