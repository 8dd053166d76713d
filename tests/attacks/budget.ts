import process from "node:process";
import { assert } from "@/tests/support.ts";

/** What reading one file may take: seconds of processor time, of all threads, and bytes beside what was taken before. */
const MOST_SECONDS = 2;
const MOST_BYTES = 300e6;

/** Checks what reading files one after the other takes. */
export class Budget {
  readonly #before = residentBytes("VmRSS");

  /** Throws where one file takes too much processor time; the clock of a machine that has other work says nothing. */
  async reading<T>(what: string, read: () => T | Promise<T>): Promise<T> {
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

/** As Linux counts them, by a program: Deno does not let even tests read /proc; NaN elsewhere. */
async function residentBytes(name: "VmRSS" | "VmHWM"): Promise<number> {
  if (Deno.build.os !== "linux") return NaN;
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${Deno.pid}/status`] }).output();
  const [, kilobytes] = new RegExp(`${name}:\\s*(\\d+) kB`).exec(new TextDecoder().decode(stdout))!;
  return 1024 * Number(kilobytes);
}
