import type { Preparation } from "@/tasks/prepare/preparation.ts";
import { addHeadOptions, type HeadFlags, landmarkFile, prepareHead } from "@/tasks/prepare/prepare_head.ts";

/** FLAME in one file. */
export const flame: Preparation = {
  name: "flame",
  configure: (command) =>
    addHeadOptions(
      command
        .description(
          "Makes one file of FLAME: of an NPZ of its model, with FLAME_texture.npz or head_template.obj, and with an NPZ of " +
            "its 68 landmarks, where there is one; data/README.md says what makes NPZ of its pickles",
        )
        .argument("<paths...>", "these files, or folders that they are in"),
    ),
  async run(command, console) {
    const flags = command.opts<HeadFlags>();
    const placed = await landmarkFile(flags, console);
    console.stage("Reading FLAME");
    const [{ readFlame }, { readLandmarks }] = await Promise.all([
      import("@/lib/face/heads/flame.ts"),
      import("@/lib/face/heads/head_file.ts"),
    ]);
    const head = await readFlame(command.args);
    await prepareHead(
      placed === undefined ? head : { ...head, landmarks: await readLandmarks(placed) },
      flags,
      console,
    );
  },
};
