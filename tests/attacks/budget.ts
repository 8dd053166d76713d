import process from "node:process";
import { setImmediate } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";
import { assert } from "@/tests/support.ts";

/** What hangs, in seconds of processor time, of all threads: a hundred times and more what any file takes. */
const MOST_SECONDS = 300;
/** What reading one file may take: bytes that the whole process holds, … */
const MOST_BYTES = 300e6;
/** … half of which are for what is there before; a process that has run other files' tests may hold more. */
const MOST_RISE = MOST_BYTES / 2;
/** What files may leave behind before it is collected. */
const MOST_LEFT = MOST_BYTES / 6;

/** Checks what reading files one after the other takes. */
export class Budget {
  readonly #collect = garbageCollector();
  #mostBytes = Infinity;
  #collectAt = 0;

  /**
   * Throws where one file takes, at the worst moment, too much memory, or hangs (the clock of a machine that has other work
   * says nothing of that, the processor's time does).
   */
  async reading<T>(what: string, read: () => T | Promise<T>): Promise<T> {
    if (Deno.memoryUsage().rss > this.#collectAt) await this.#beginAnew();
    await setImmediate(); // failed inflations are let go of as the event loop turns, as it does where files are opened
    const before = process.cpuUsage();
    try {
      return await read();
    } finally {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system - before.user - before.system) / 1e6;
      assert(seconds <= MOST_SECONDS, `${what} took ${seconds} s of processor time`);
      const bytes = 1024 * process.resourceUsage().maxRSS;
      assert(bytes <= this.#mostBytes, `${what} took the process to ${bytes} bytes, of ${this.#mostBytes}`);
    }
  }

  /** What compiling, other tests and files before left behind is not what one takes: Linux can be told to forget that. */
  async #beginAnew(): Promise<void> {
    this.#collect();
    await setImmediate(); // only then are pictures freed
    const { rss } = Deno.memoryUsage();
    this.#collectAt = rss + MOST_LEFT;
    if (Deno.build.os !== "linux") return;
    this.#mostBytes = Math.max(MOST_BYTES, rss + MOST_RISE);
    const forgetPeak = `echo 5 > /proc/${Deno.pid}/clear_refs`; // by a program: Deno lets no test write there
    await new Deno.Command("sh", { args: ["-c", forgetPeak] }).output();
  }
}

/** Deno gives none: without it, what waits to be collected comes and goes by more than is measured. */
export function garbageCollector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}
