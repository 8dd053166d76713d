/**
 * The name of a principal component of expressions, counted from 0: its amounts are standard deviations of either sign, those of
 * all other expressions go from 0, at rest, to 1.
 */
export function componentName(mode: number): string {
  return `component ${mode}`;
}

/** Whether an expression is a principal component. */
export function isComponent(name: string): boolean {
  return /^component \d+$/.test(name);
}

/** The ends of ARKit's names that say whose side moves; the jaw and the mouth move to one as a whole. */
const sides = /(?<=[a-z])(?<!^(?:jaw|mouth))(Left|Right)$/;

/**
 * Names of expressions as face models have them, with `_L` and `_R` for the person's sides, from those of a file, which may
 * be ARKit's: "eyeBlinkLeft" is "eyeBlink_L". A name that the file has, too, is left to that.
 */
export function sidedNames(names: readonly string[]): string[] {
  return names.map((name) => {
    const sided = name.replace(sides, (side) => `_${side[0]}`);
    return names.includes(sided) ? name : sided;
  });
}
