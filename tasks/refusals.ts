import { counted } from "@/lib/counted.ts";
import type { TaskConsole } from "@/tasks/console/task_console.ts";
import { FirstLines } from "@/tasks/first_lines.ts";
import { asGiven } from "@/tasks/standing.ts";

/** Tells which files of a source could not be used, each once, and at the end how many. */
export class Refusals {
  readonly #sentences = new Set<string>();
  readonly #lines: FirstLines;

  constructor(readonly console: Pick<TaskConsole, "print">) {
    this.#lines = new FirstLines(console, "Further files that cannot be used are counted only");
  }

  /** For a source's `onRefused`, whose threads may all come across the same file. */
  readonly add = (sentence: string): void => {
    if (this.#sentences.has(sentence)) return;
    this.#sentences.add(sentence);
    this.#lines.print(`Left out: ${asGiven(sentence)}`);
  };

  tell(): void {
    const count = this.#sentences.size;
    if (count > 0) this.console.print(`Left out ${counted(count, "file")} that could not be used`);
  }
}
