import type { TaskConsole } from "@/tasks/console/task_console.ts";

/** Files that are named one by one; more are only counted. */
const MOST_NAMED = 20;

/** Lines about files, one a file, of which there may be thousands: the first are printed. */
export class FirstLines {
  #count = 0;

  /** @param further printed once, where there are more */
  constructor(readonly console: Pick<TaskConsole, "print">, readonly further: string) {}

  print(line: string): void {
    this.#count++;
    if (this.#count <= MOST_NAMED) this.console.print(line);
    if (this.#count === MOST_NAMED + 1) this.console.print(this.further);
  }
}
