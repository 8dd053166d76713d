import { isComponent } from "@/lib/face/expression_names.ts";
import type { Random } from "@/lib/random.ts";

/** How much of each expression, by its name without the side. */
type Recipe = Readonly<Record<string, number>>;

/**
 * What faces in photos do, in ARKit's expressions: most hold still or smile, many speak, some feel more (after the prototypes
 * of Ekman and Friesen's Facial Action Coding System, 1978).
 */
const moods: readonly (readonly [share: number, Recipe])[] = [
  [0.24, {}],
  [0.2, { mouthSmile: 0.6, cheekSquint: 0.35, mouthDimple: 0.25, eyeSquint: 0.2 }],
  [0.12, {
    mouthSmile: 0.8,
    cheekSquint: 0.6,
    mouthUpperUp: 0.45,
    mouthLowerDown: 0.35,
    jawOpen: 0.12,
    eyeSquint: 0.35,
  }],
  [0.06, { mouthSmile: 0.8, jawOpen: 0.45, cheekSquint: 0.7, mouthUpperUp: 0.4, mouthLowerDown: 0.4, eyeSquint: 0.5 }], // laughs
  [0.05, { browInnerUp: 0.8, browOuterUp: 0.8, eyeWide: 0.7, jawOpen: 0.55, mouthFunnel: 0.2 }], // is surprised
  [0.05, { browDown: 0.8, eyeSquint: 0.4, mouthPress: 0.5, noseSneer: 0.3, mouthFrown: 0.3 }], // is angry
  [0.04, { noseSneer: 0.8, mouthUpperUp: 0.6, browDown: 0.5, cheekSquint: 0.5, mouthShrugUpper: 0.3 }], // is disgusted
  [0.05, { browInnerUp: 0.7, mouthFrown: 0.6, mouthShrugLower: 0.5, eyeSquint: 0.2 }], // is sad
  [0.04, { browInnerUp: 0.7, eyeWide: 0.6, mouthStretch: 0.6, jawOpen: 0.25 }], // is afraid
  [0.03, { eyeBlink: 0.9, jawOpen: 0.85 }], // yawns
  [0.03, { mouthPucker: 0.9, cheekPuff: 0.15 }],
  [0.03, { cheekPuff: 0.9, mouthPress: 0.3 }],
  [0.06, { browDown: 0.5, eyeSquint: 0.7, cheekSquint: 0.4, mouthUpperUp: 0.2 }], // looks into the sun
];

/** Mouths that speak, over any mood. */
const sounds: readonly Recipe[] = [
  { jawOpen: 0.55 },
  { jawOpen: 0.3, mouthStretch: 0.35, mouthLowerDown: 0.3 },
  { jawOpen: 0.15, mouthSmile: 0.3, mouthStretch: 0.3, mouthUpperUp: 0.2, mouthLowerDown: 0.3 },
  { jawOpen: 0.35, mouthFunnel: 0.6 },
  { jawOpen: 0.15, mouthPucker: 0.7, mouthFunnel: 0.3 },
  { mouthClose: 0.05, mouthPress: 0.5, mouthRollLower: 0.3, mouthRollUpper: 0.3 },
  { jawOpen: 0.08, mouthRollLower: 0.6, mouthUpperUp: 0.3 },
  { jawOpen: 0.2, mouthLowerDown: 0.4, mouthUpperUp: 0.2 },
];

/** Amounts, 0 to 1, of a model's expressions, by their names; of components in standard deviations. */
export function randomExpression(random: Random, names: readonly string[]): Float32Array {
  const amounts = new Float32Array(names.length);
  const add = (recipe: Recipe, strength: number) => {
    // one side may do more than the other
    const [left, right] = random.chance(0.7) ? [1, 1] : [random.uniform(0.3, 1), random.uniform(0.3, 1)];
    for (const [name, amount] of Object.entries(recipe)) {
      const own = strength * amount * random.uniform(0.6, 1.3);
      for (const [suffix, share] of [["", 1], ["_L", left], ["_R", right]] as const) {
        const m = names.indexOf(name + suffix);
        if (m >= 0) amounts[m] = Math.min(1, amounts[m]! + share! * own);
      }
    }
  };
  add(pickMood(random), random.uniform(0.3, 1.2));
  if (random.chance(0.35)) add(random.pick(sounds), random.uniform(0.3, 1.4));
  if (random.chance(0.1)) add({ eyeBlink: 1 }, random.uniform(0.5, 1.2));
  if (random.chance(0.12)) add({ jawOpen: 1 }, random.next());
  addTics(random, names, amounts);
  addGaze(random, names, amounts);
  if (names.some(isComponent)) addComponents(random, names, amounts);
  return amounts;
}

function pickMood(random: Random): Recipe {
  let left = random.next();
  return moods.find(([share]) => (left -= share) < 0)?.[1] ?? {};
}

/** A few modes more, each by itself: what no recipe has is to be known too. */
function addTics(random: Random, names: readonly string[], amounts: Float32Array): void {
  if (random.chance(0.4)) return;
  names.forEach((name, m) => {
    if (name !== "jawOpen" && random.chance(0.06)) amounts[m] = Math.max(amounts[m]!, random.uniform(0, 0.7));
  });
}

/** As the model has them, in faces of more and of less expression. */
function addComponents(random: Random, names: readonly string[], amounts: Float32Array): void {
  const strength = random.uniform(0, 1.2);
  names.forEach((name, m) => {
    if (isComponent(name)) amounts[m] = strength * random.normal();
  });
}

/** Both eyes look the same way: what turns one outwards turns the other inwards. */
function addGaze(random: Random, names: readonly string[], amounts: Float32Array): void {
  const set = (name: string, amount: number) => {
    const m = names.indexOf(name);
    if (m >= 0) amounts[m] = Math.min(1, amount);
  };
  for (const direction of ["Up", "Down", "In", "Out"]) {
    for (const side of ["L", "R"]) set(`eyeLook${direction}_${side}`, 0);
  }
  const [aside, up] = [random.normal() * 0.35, random.normal() * 0.25];
  const [left, right] = aside > 0 ? ["Out", "In"] : ["In", "Out"];
  set(`eyeLook${left}_L`, Math.abs(aside));
  set(`eyeLook${right}_R`, Math.abs(aside));
  const vertical = up > 0 ? "Up" : "Down";
  for (const side of ["L", "R"]) set(`eyeLook${vertical}_${side}`, Math.abs(up));
}
