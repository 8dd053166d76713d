import type { Config, SourceSettings } from "@/lib/config.ts";
import type { SourceSpec } from "@/lib/data/sources/source.ts";
import type { Bench, BenchOptions } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { type Entrant, hold, processEntrant } from "./contest.ts";

export type SourceContestant = Pick<SourceSpec, "source" | "imageSize"> & {
  /** In one repetition. */
  readonly samples: number;
};

export interface FeedContestant extends Pick<Config, "architecture" | "imageSize" | "batchSize" | "source"> {
  /** By workers, or by a batch that was made before. */
  readonly by: "workers" | "made batch";
  /** Steps of each repetition that are not timed: workers are ahead after a rest. */
  readonly firstSteps: number;
  readonly steps: number;
  readonly threads: number;
}

const SAMPLES = 32;

const feeds = [
  { architecture: "lite", imageSize: 128, batchSize: 32, firstSteps: 4, steps: 16 },
  { architecture: "lite", imageSize: 256, batchSize: 16, firstSteps: 4, steps: 16 },
  { architecture: "prnet", imageSize: 256, batchSize: 16, firstSteps: 3, steps: 2 },
] as const;

/** Samples by one thread, and how fast training goes when workers feed it, beside training that waits for no data. */
export const dataBench: Bench = async function* (options) {
  const sources = sourcesOf(options);
  for (const source of sources) {
    for (const imageSize of [256, 128] as const) {
      const name = `${source.name} ${imageSize}², one thread`;
      const ours = entrant(
        "posmap",
        "data_ours.ts",
        { source, imageSize, samples: SAMPLES } satisfies SourceContestant,
      );
      yield await hold({ bench: "data", case: name, ours, peers: [] }, options);
    }
  }
  for (const source of [sources[0]!, ...options.photos ? [options.photos] : []]) {
    for (const feed of feeds) {
      const name = `${feed.architecture} ${feed.imageSize}², batch ${feed.batchSize}, fed with ${source.name}`;
      const fedBy = (name: string, by: FeedContestant["by"]) =>
        entrant(name, "feed_ours.ts", { ...feed, source, by, threads: options.threads } satisfies FeedContestant);
      const [ours, made] = [fedBy("posmap", "workers"), fedBy("a batch already made", "made batch")];
      yield await hold({ bench: "data", case: name, ours, peers: [made] }, options);
    }
  }
};

/** ICT-FaceKit first where it is at hand. */
function sourcesOf({ ictFolder, photos, note }: BenchOptions): SourceSettings[] {
  if (!ictFolder) note("ICT-FaceKit is left out: --ict or POSMAP_ICT names its folder FaceXModel");
  if (!photos) note("300W-LP is left out: --lp300 names its folder, and --source-model the Basel Face Model's file");
  return [...ictFolder ? [{ name: "ict", path: ictFolder }] : [], { name: "built-in" }, ...photos ? [photos] : []];
}

function entrant(name: string, script: string, task: object): Entrant {
  return processEntrant({ name }, denoCommand(script, task));
}
