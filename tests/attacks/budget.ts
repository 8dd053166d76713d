import process from "node:process";
import { setImmediate } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";
import { assert } from "@/tests/support.ts";

/** What reading one file may take: seconds of processor time, of all threads, and bytes that the whole process holds, … */
const MOST_SECONDS = 2;
const MOST_BYTES = 300e6;
/** … half of which are for what is there before; a process that has run other files' tests may hold more. */
const MOST_RISE = MOST_BYTES / 2;

/** Checks what reading files one after the other takes. */
export class Budget {
  readonly #collect = garbageCollector();
  #mostBytes = Infinity;
  #count = 0;

  /** What the process took before, by compiling or in other tests, does not count: Linux can be told to forget that. */
  static async open(): Promise<Budget> {
    const budget = new Budget();
    budget.#collect();
    if (Deno.build.os === "linux") {
      budget.#mostBytes = Math.max(MOST_BYTES, Deno.memoryUsage().rss + MOST_RISE);
      const forgetPeak = `echo 5 > /proc/${Deno.pid}/clear_refs`; // by a program: Deno lets no test write there
      await new Deno.Command("sh", { args: ["-c", forgetPeak] }).output();
    }
    return budget;
  }

  /**
   * Throws where one file takes too much processor time (the clock of a machine that has other work says nothing) or, at
   * the worst moment, too much memory.
   */
  async reading<T>(what: string, read: () => T | Promise<T>): Promise<T> {
    // What many leave behind is not what one takes. Inflating what is broken, for one, holds 24 kB until the event loop
    // turns, as it does where files are opened.
    await setImmediate();
    if (this.#count++ % 200 === 0) this.#collect();
    const before = process.cpuUsage();
    try {
      return await read();
    } finally {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system - before.user - before.system) / 1e6;
      assert(seconds <= MOST_SECONDS, `${what} took ${seconds} s of processor time`);
      const bytes = 1024 * process.resourceUsage().maxRSS;
      assert(bytes <= this.#mostBytes, `${what} took the process to ${bytes} bytes`);
    }
  }
}

/** Deno gives none: without it, what waits to be collected comes and goes by more than is measured. */
export function garbageCollector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}
