import { Command, CommanderError } from "commander";
import { InputError } from "@/lib/errors.ts";

/** A command line that leaves ending the program to {@linkcode runTask}. */
export function taskCommand(name: string): Command {
  return new Command(`deno task ${name}`).exitOverride().configureOutput({
    outputError: (text, write) =>
      write(
        `${text.trim().replaceAll("\n", " ").replace(/^error: /, `deno task ${name}: `)} (--help lists the options)\n`,
      ),
  });
}

/** Runs a task's body: what the user gave wrongly ends in one sentence and exit status 2. */
export async function runTask(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (error instanceof CommanderError) Deno.exit(error.exitCode === 0 ? 0 : 2); // it has said why itself
    if (error instanceof Interruption) Deno.exit(error.exitStatus);
    if (!(error instanceof InputError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}

/**
 * Aborted by Ctrl-C, or where a batch system ends the job; thrown through {@linkcode runTask}, it ends the program. A
 * second one ends the program at once.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const onInterrupt = () => stop(130);
  const onTerminate = () => stop(143);
  const stop = (exitStatus: number) => {
    Deno.removeSignalListener("SIGINT", onInterrupt);
    Deno.removeSignalListener("SIGTERM", onTerminate);
    controller.abort(new Interruption(exitStatus));
  };
  Deno.addSignalListener("SIGINT", onInterrupt);
  Deno.addSignalListener("SIGTERM", onTerminate);
  return controller.signal;
}

class Interruption extends Error {
  /** @param exitStatus 128 and the signal's number, as shells have it */
  constructor(readonly exitStatus: number) {
    super("Interrupted");
  }
}
