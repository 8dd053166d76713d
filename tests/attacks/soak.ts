import { Random } from "@/lib/random.ts";

/** Whether tests that attack at random are to do so for hours, as `deno task test:soak` has them. */
export const soaks = Deno.env.get("POSMAP_SOAK") !== undefined;

/** How often to attack: some seconds' worth, or what a soak does. */
export function attacks(usual: number, soak: number): number {
  return soaks ? soak : usual;
}

/**
 * Numbers for an attack. A soak has others each time, by the seed in POSMAP_SOAK or else by the clock; what fails says which,
 * so that `POSMAP_SOAK=SEED deno task test …` does it again.
 */
export function attackRandom(name: string): Random {
  return new Random(`${name} ${attackSeed}`);
}

export const attackSeed = soaks ? Deno.env.get("POSMAP_SOAK") || String(Date.now()) : "7";

if (soaks) console.log(`POSMAP_SOAK=${attackSeed}`);
