import type { Random } from "@/lib/random.ts";

/** Amounts, 0 to 1, of a model's expressions, by their names: sides go together mostly, most faces move a little. */
export function drawExpression(random: Random, names: readonly string[]): Float32Array {
  const amounts = new Float32Array(names.length);
  if (random.chance(0.15)) return amounts;
  const set = (name: string, amount: number) => {
    const m = names.indexOf(name);
    if (m >= 0) amounts[m] = amount;
  };
  for (const name of names) {
    if (name.endsWith("_R")) continue;
    if (name.endsWith("_L")) {
      if (!random.chance(0.15)) continue;
      const amount = random.uniform(0, 0.9);
      set(name, amount);
      set(name.replace(/_L$/, "_R"), random.chance(0.75) ? amount : random.uniform(0, 0.8));
    } else if (random.chance(0.1)) set(name, random.uniform(0, 0.8));
  }
  drawGaze(random, set);
  if (random.chance(0.4)) set("jawOpen", random.next() ** 1.5);
  if (random.chance(0.3)) {
    const smile = random.uniform(0.2, 1);
    set("mouthSmile_L", smile * random.uniform(0.85, 1));
    set("mouthSmile_R", smile * random.uniform(0.85, 1));
  }
  if (random.chance(0.12)) {
    const blink = random.uniform(0.5, 1);
    set("eyeBlink_L", blink);
    set("eyeBlink_R", blink);
  }
  return amounts;
}

/** Both eyes look the same way: what turns one outwards turns the other inwards. */
function drawGaze(random: Random, set: (name: string, amount: number) => void): void {
  for (const direction of ["Up", "Down", "In", "Out"]) {
    for (const side of ["L", "R"]) set(`eyeLook${direction}_${side}`, 0);
  }
  const [aside, up] = [random.normal() * 0.35, random.normal() * 0.25];
  const [left, right] = aside > 0 ? ["Out", "In"] : ["In", "Out"];
  set(`eyeLook${left}_L`, Math.min(1, Math.abs(aside)));
  set(`eyeLook${right}_R`, Math.min(1, Math.abs(aside)));
  const vertical = up > 0 ? "Up" : "Down";
  for (const side of ["L", "R"]) set(`eyeLook${vertical}_${side}`, Math.min(1, Math.abs(up)));
}
