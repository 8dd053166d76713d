// deno task prepare <what> [options]: makes what trainings need of files that others have. Each kind is a file in tasks/prepare.
import { lp300 } from "@/tasks/prepare/300w_lp.ts";
import { bfm } from "@/tasks/prepare/bfm.ts";
import { flame } from "@/tasks/prepare/flame.ts";
import { mesh } from "@/tasks/prepare/mesh.ts";
import { photos } from "@/tasks/prepare/photos.ts";
import type { Preparation } from "@/tasks/prepare/preparation.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const preparations: readonly Preparation[] = [bfm, flame, lp300, mesh, photos];

const command = taskCommand("prepare")
  .description("Makes files for training of what others have published, or of what is yours");
let run: Preparation["run"] | undefined;
let chosen = command;
for (const preparation of preparations) {
  const own = command.command(preparation.name);
  preparation.configure(own);
  own.action(() => {
    run = preparation.run;
    chosen = own;
  });
}

await runTask(command, (console) => run!(chosen, console)); // without a kind, the parser has shown the help
