import { Command, CommanderError } from "commander";
import { InputError } from "@/lib/errors.ts";

/** A command line that leaves ending the program to {@linkcode runTask}. */
export function taskCommand(name: string): Command {
  return new Command(`deno task ${name}`).exitOverride().showHelpAfterError("(--help lists the options)");
}

/** Runs a task's body: what the user gave wrongly ends in one sentence and exit status 2. */
export async function runTask(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (error instanceof CommanderError) Deno.exit(error.exitCode === 0 ? 0 : 2); // it has said why itself
    if (!(error instanceof InputError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
