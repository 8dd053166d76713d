// A task that never lets go of its thread, and prints what it learns of a signal; or one that fails twice.
import { InputError } from "@/lib/errors.ts";
import { Interruption } from "@/tasks/console/task_console.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const command = taskCommand("odd").option("--fail");

// deno-lint-ignore require-await -- it never waits
await runTask(command, async (console) => {
  const fail = (message: string) => {
    throw new InputError(message);
  };
  if (command.opts<{ fail?: boolean }>().fail) {
    using _ = { [Symbol.dispose]: () => fail("in closing a file") };
    fail("in writing it");
  }
  const onProgress = console.stage("Computing");
  for (let isSaid = false;;) {
    try {
      onProgress(0);
    } catch (error) {
      if (!isSaid) globalThis.console.log(console.aborted, (error as Interruption).exitStatus);
      isSaid = true;
    }
  }
});
