import { type Children, denoCommand } from "./children.ts";
import { type Entrant, processEntrant } from "./contest.ts";
import { untilEnd } from "./startup.ts";

export interface Scene {
  readonly frames: number;
  /** Programs that the contestant runs. */
  readonly run?: readonly string[];
}

/** A folder with a drawn face that sways: `0.jpg` and on, and `video.mp4` where there is ffmpeg, 640×480. */
export async function drawScene(
  children: Children,
  frames: number,
): Promise<Disposable & { readonly folder: string }> {
  const folder = await Deno.makeTempDir({ prefix: "posmap-bench-" });
  using drawing = children.spawn(denoCommand("draw_scene.ts", { folder, frames }, { run: ["ffmpeg"] }));
  await untilEnd(drawing);
  return { folder, [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }) };
}

/** A program of tasks/bench that is given such a folder; drawn by another process, as its memory is measured. */
export function sceneEntrant(script: string, task: object, { frames, run = [] }: Scene): Entrant {
  return {
    name: "posmap",
    async open(children) {
      const scene = await drawScene(children, frames);
      const command = denoCommand(script, { ...task, folder: scene.folder }, { run });
      const contestant = await processEntrant({ name: "posmap" }, command).open(children);
      return {
        repeat: () => contestant.repeat(),
        [Symbol.dispose]() {
          contestant[Symbol.dispose]();
          scene[Symbol.dispose]();
        },
      };
    },
  };
}
