import type { Command } from "commander";
import type { TaskConsole } from "@/tasks/console/task_console.ts";

/** What `deno task prepare` can make. */
export interface Preparation {
  /** What follows `deno task prepare`. */
  readonly name: string;
  /** Adds its description, arguments and options. */
  configure(command: Command): void;
  /** Does it; throws an InputError where what was given cannot be used. What takes long to load is imported here. */
  run(command: Command, console: TaskConsole): Promise<void>;
}
