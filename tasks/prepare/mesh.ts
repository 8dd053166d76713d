import { InputError } from "@/lib/errors.ts";
import type { ObjAxes } from "@/lib/face/obj/obj_model.ts";
import type { Preparation } from "@/tasks/prepare/preparation.ts";
import { addHeadOptions, type HeadFlags, landmarkFile, prepareHead } from "@/tasks/prepare/prepare_head.ts";

interface MeshFlags extends HeadFlags {
  readonly mesh?: string;
  readonly surface?: string[];
  readonly axes: string;
}

/** Any head: an OBJ, an avatar in a binary glTF, or a linear model in an NPZ. */
export const mesh: Preparation = {
  name: "mesh",
  configure: (command) =>
    addHeadOptions(
      command
        .description(
          "Makes a face model of a head with texture coordinates; a glTF's morph targets are its expressions",
        )
        .argument("<head>", "an OBJ, a binary glTF 2.0 (.glb, .vrm), or an .npz as data/README.md has it"),
    )
      .option(
        "--landmarks <file>",
        "JSON: a list of 68 vertices from 0, as face.json has it (default: those that were placed for --out before, else the " +
          "head's, or looks for them)",
      )
      .option("--mesh <name>", "the face's mesh of a glTF (default: that with the most morph targets)")
      .option("--surface <materials...>", "what the position map covers (default: all that is skin)")
      .option("--axes <list>", "the file's axes that point right, up and to the viewer, such as -x,y,-z", "x,y,z"),
  async run(command, console) {
    const { axes, mesh, surface, ...flags } = command.opts<MeshFlags>();
    const named = axes.split(",");
    if (named.length !== 3 || !named.every((axis) => /^-?[xyz]$/.test(axis))) {
      throw new InputError(`Cannot set --axes to ${axes}: three of x, y, z, -x, -y and -z are wanted`);
    }
    const landmarks = await landmarkFile(flags, console);
    console.stage("Reading the head");
    const { readHead } = await import("@/lib/face/heads/head_file.ts");
    const [path] = command.args as [string];
    const head = await readHead(path, { landmarks, mesh, surface, axes: named as unknown as ObjAxes });
    await prepareHead(head, flags, console);
  },
};
