import { relative } from "node:path";
import { Command, CommanderError } from "commander";
import { InputError, SettingError } from "@/lib/errors.ts";
import { asGiven, standing } from "@/tasks/standing.ts";
import { Interruption, TaskConsole } from "@/tasks/console/task_console.ts";

/** A command line that leaves ending the program to {@linkcode runTask}. */
export function taskCommand(name: string): Command {
  return new Command(`deno task ${name}`).exitOverride().configureOutput({
    outputError: (text, write) =>
      write(
        `${text.trim().replaceAll("\n", " ").replace(/^error: /, `deno task ${name}: `)} (--help lists the options)\n`,
      ),
  });
}

/**
 * Parses the command line and runs a task's body: what was given wrongly ends in one sentence and exit status 2, a
 * signal in its exit status.
 */
export async function runTask(command: Command, body: (console: TaskConsole) => Promise<void>): Promise<void> {
  try {
    command.parse(Deno.args, { from: "user" });
    using console = new TaskConsole();
    await body(console);
  } catch (thrown) {
    const error = firstOf(thrown);
    if (error instanceof CommanderError) Deno.exit(error.exitCode === 0 ? 0 : 2); // it has said why itself
    if (error instanceof Interruption) Deno.exit(error.exitStatus);
    if (!(error instanceof InputError)) throw error;
    const sentence = error instanceof SettingError ? error.tell((setting) => flagOf(command, setting)) : error.message;
    console.error(asGiven(sentence));
    Deno.exit(2);
  }
}

/** What closing a file has thrown while an error was on its way comes with that one. */
function firstOf(error: unknown): unknown {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : error;
}

function flagOf({ options }: Command, setting: string): string {
  return options.find((option) => option.attributeName() === setting)?.long ?? setting;
}

/** What a task is at where a source's files are new. */
export const CONVERTING = "Converting the face model, once";

/** A path within the checkout, from where the user stands. */
export function checkoutPath(path: string): string {
  return relative(standing(), `${import.meta.dirname}/../${path}`);
}

/** How the user starts a task of this checkout again: from where they stand, and by npx where that has started this one. */
export function taskLine(task: string): string {
  const deno = Deno.env.get("npm_command") === "exec" ? "npx --yes deno" : "deno";
  const isWithin = /^(\.\.\/?)*$/.test(checkoutPath(""));
  return `${deno} task ${isWithin ? "" : `--config ${quoted(checkoutPath("deno.json"))} `}${task}`;
}

/** An argument as a shell takes it. */
export function quoted(argument: string): string {
  return /^[\p{L}\w@%+=:,./…-]+$/u.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
