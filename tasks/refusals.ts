import { counted } from "@/lib/counted.ts";
import type { TaskConsole } from "@/tasks/console/task_console.ts";

/** Files that are named one by one; of more, only the number is told. */
const MOST_NAMED = 20;

/** Tells which files of a source could not be used, each once, and at the end how many. */
export class Refusals {
  readonly #sentences = new Set<string>();

  constructor(readonly console: Pick<TaskConsole, "print">) {}

  /** For a source's `onRefused`, whose threads may all come across the same file. */
  readonly add = (sentence: string): void => {
    if (this.#sentences.has(sentence)) return;
    this.#sentences.add(sentence);
    if (this.#sentences.size <= MOST_NAMED) this.console.print(`Left out: ${sentence}`);
    if (this.#sentences.size === MOST_NAMED) this.console.print("Further files that cannot be used are counted only");
  };

  tell(): void {
    const count = this.#sentences.size;
    if (count > 0) this.console.print(`Left out ${counted(count, "file")} that could not be used`);
  }
}
