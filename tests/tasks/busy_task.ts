// A task that never lets go of its thread; prints what it learns of a signal.
import { Interruption } from "@/tasks/console/task_console.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

// deno-lint-ignore require-await -- it never waits
await runTask(taskCommand("busy"), async (console) => {
  const onProgress = console.stage("Computing");
  for (let told = false;;) {
    try {
      onProgress(0);
    } catch (error) {
      if (!told) globalThis.console.log(console.aborted, (error as Interruption).exitStatus);
      told = true;
    }
  }
});
