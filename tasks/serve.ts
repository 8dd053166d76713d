// deno task serve [options]: a page that tracks faces in the browser, from the camera, a video or a photo.
import { InputError } from "@/lib/errors.ts";
import { Interruption } from "@/tasks/console/task_console.ts";
import { modelOption } from "@/tasks/model_option.ts";
import { portOf } from "@/tasks/serve/port.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

interface ServeFlags {
  readonly model: string;
  readonly host: string;
  readonly port: string;
}

const command = taskCommand("serve")
  .description("Serves a page that tracks faces in the browser: the camera's, a video's or a photo's, which stay there")
  .addOption(modelOption())
  .option("--host <address>", "where it listens; other computers reach it only where this says so", "127.0.0.1")
  .option("--port <number>", "0 for any that is free", "8000");

await runTask(command, async (task) => {
  const { model, host, port } = command.opts<ServeFlags>();
  const wanted = portOf(port);
  if (!/^[0-9A-Za-z.:-]+$/.test(host)) { // as tasks/sandbox.sh has it
    throw new InputError(
      `Cannot listen on ${JSON.stringify(host)}: --host takes the address or the name of this computer`,
    );
  }
  task.stage("Bundling the page");
  const { pageFiles } = await import("@/tasks/serve/page_files.ts"); // slow to load: help and wrong flags need none of it
  const { openModel } = await import("@/tasks/predict/open_model.ts");
  const { addressOf, servePage } = await import("@/tasks/serve/page_server.ts");
  const files = await pageFiles(await openModel(model, { note: (sentence) => task.print(sentence) }));
  for (const name of ["run", "env"] as const) await Deno.permissions.revoke({ name }); // bundling needed them
  task.quiet();
  const { signal } = task;
  const server = servePage(files, { hostname: host, port: wanted, signal });
  console.log(`${addressOf(server.addr)}  (Ctrl-C ends it)`);
  await server.finished;
  throw signal.reason as Interruption;
});
