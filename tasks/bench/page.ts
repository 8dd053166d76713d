import type { Bench } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { chromiumPath } from "./chromium.ts";
import { hold, processEntrant } from "./contest.ts";

export interface PageContestant {
  /** Name of the weights that come along: lite or large. */
  readonly model: string;
  readonly view: string;
  /** Rate of the camera. */
  readonly framesPerSecond: number;
}

/** The page of `deno task serve` in a Chromium without a graphics card, on WebAssembly, with the weights that come along. */
export const pageBench: Bench = async function* (options) {
  if (!chromiumPath) return options.note("page is left out: there is no Chromium here");
  for (const [model, view] of [["lite", "sparse"], ["lite", "mesh"], ["large", "sparse"], ["large", "mesh"]] as const) {
    const task: PageContestant = { model, view, framesPerSecond: 60 };
    const rows = await hold({
      bench: "page",
      case: `page, ${model}, ${view}, camera of ${task.framesPerSecond} frames/s`,
      ours: processEntrant(
        { name: "posmap" },
        denoCommand("page_ours.ts", task, { run: "any", net: ["127.0.0.1"] }),
      ),
      peers: [],
    }, options);
    yield rows.filter((row) => !row.case.endsWith("peak memory")); // of the process that serves the page, not the browser's
  }
};
