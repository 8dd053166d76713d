// deno task mutate [words...]: puts faults into lib, one at a time, and says which of them the tests do not find.
import { fileURLToPath } from "node:url";
import { InputError } from "@/lib/errors.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";
import { type Mutation, mutations } from "@/tasks/testing/mutations.ts";
import { type Trial, tryMutations } from "@/tasks/testing/try_mutations.ts";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

const command = taskCommand("mutate")
  .description("Puts faults into copies of the code, one at a time, and runs the tests that must find each")
  .argument("[words...]", "only faults in files whose paths have one of these (default: all)");

await runTask(command, async (console) => {
  const chosen = chooseMutations(command.args);
  const stage = console.stage(`Looking for ${chosen.length} faults by tests`);
  let done = 0;
  const onTrial = (trial: Trial) => {
    console.print(lineOf(trial));
    stage(++done / chosen.length);
  };
  const trials = await tryMutations(chosen, { root, signal: console.signal, onTrial });
  console.quiet();
  const survivors = trials.filter(({ foundBy }) => foundBy === undefined);
  globalThis.console.log(`${trials.length - survivors.length} found, ${survivors.length} not found`);
  for (const { mutation } of survivors) globalThis.console.log(faultOf(mutation));
  if (survivors.length > 0) Deno.exitCode = 1;
});

function chooseMutations(words: readonly string[]): Mutation[] {
  for (const word of words) {
    if (!mutations.some(({ file }) => file.includes(word))) {
      throw new InputError(`Cannot look for the faults of "${word}": none is in a file with that in its path`);
    }
  }
  return mutations.filter(({ file }) => words.length === 0 || words.some((word) => file.includes(word)));
}

function lineOf({ mutation, foundBy }: Trial): string {
  return foundBy === undefined ? `not found: ${faultOf(mutation)}` : `found: ${mutation.file} by ${foundBy}`;
}

function faultOf({ file, line, replacement }: Mutation): string {
  return `${file}\n  - ${line}\n  + ${replacement}`;
}
