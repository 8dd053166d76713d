/** The contestant's side of `processEntrant`, in a process of its own. */
import process from "node:process";
import { createInterface } from "node:readline";
import type { Figure, Reply } from "./contest.ts";

/** What the contestant is given, on its command line. */
export function contestantOptions<T>(): T {
  return JSON.parse(Deno.args[0]!);
}

/** Says that it is ready, then repeats the work for each line that comes, until the input ends. */
export async function serve(repeat: () => readonly Figure[] | Promise<readonly Figure[]>): Promise<void> {
  console.log("ready");
  for await (const _ of createInterface({ input: process.stdin })) {
    const figures = await repeat();
    console.log(JSON.stringify({ figures, peakBytes: process.resourceUsage().maxRSS * 1024 } satisfies Reply));
  }
  Deno.exit(); // whatever threads it has
}
