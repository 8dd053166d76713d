import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import { assert } from "@/tests/support.ts";

/** What reading one file may take: seconds of processor time, of all threads, and bytes beside what was taken before. */
const MOST_SECONDS = 2;
const MOST_BYTES = 300e6;

/** Checks what reading files one after the other takes. */
export class Budget {
  readonly #before = residentBytes("VmRSS");
  readonly #collect = garbageCollector();
  #count = 0;

  /** Throws where one file takes too much processor time; the clock of a machine that has other work says nothing. */
  async reading<T>(what: string, read: () => T | Promise<T>): Promise<T> {
    if (this.#count++ % 200 === 0) this.#collect(); // what many leave behind is not what one takes
    const before = process.cpuUsage();
    try {
      return await read();
    } finally {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system - before.user - before.system) / 1e6;
      assert(seconds <= MOST_SECONDS, `${what} took ${seconds} s of processor time`);
    }
  }

  /** Throws where memory was, at the worst moment so far, too much above what it was at first. */
  async checkMemory(): Promise<void> {
    const [before, most] = [await this.#before, await residentBytes("VmHWM")];
    assert(!(most - before > MOST_BYTES), `resident memory rose by ${most - before} bytes`);
  }
}

/** Deno gives none: without it, what waits to be collected comes and goes by more than is measured. */
export function garbageCollector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}

/** As Linux counts them, by a program: Deno does not let even tests read /proc; NaN elsewhere. */
async function residentBytes(name: "VmRSS" | "VmHWM"): Promise<number> {
  if (Deno.build.os !== "linux") return NaN;
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${Deno.pid}/status`] }).output();
  const [, kilobytes] = new RegExp(`${name}:\\s*(\\d+) kB`).exec(new TextDecoder().decode(stdout))!;
  return 1024 * Number(kilobytes);
}
