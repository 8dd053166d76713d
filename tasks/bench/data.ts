import type { Config } from "@/lib/config.ts";
import type { SourceSpec } from "@/lib/data/batches/serve_samples.ts";
import type { Bench, BenchOptions } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { type Entrant, hold, processEntrant } from "./contest.ts";

export type SourceContestant = Pick<SourceSpec, "source" | "sourcePath" | "imageSize"> & {
  /** In one repetition. */
  readonly samples: number;
};

export interface FeedContestant extends Pick<Config, "model" | "imageSize" | "batchSize" | "source" | "sourcePath"> {
  /** By workers, or by a batch that was made before. */
  readonly by: "workers" | "made batch";
  /** Of each repetition, those that are not timed: workers are ahead after a rest. */
  readonly firstSteps: number;
  readonly steps: number;
  readonly threads: number;
}

const SAMPLES = 32;

const feeds = [
  { model: "lite", imageSize: 128, batchSize: 32, firstSteps: 4, steps: 16 },
  { model: "lite", imageSize: 256, batchSize: 16, firstSteps: 4, steps: 16 },
  { model: "prnet", imageSize: 256, batchSize: 16, firstSteps: 3, steps: 2 },
] as const;

/** Samples by one thread, and how fast training goes when workers feed it, beside training that waits for no data. */
export const dataBench: Bench = async function* (options) {
  const sources = sourcesOf(options);
  for (const source of sources) {
    for (const imageSize of [256, 128] as const) {
      const name = `${source.source} ${imageSize}², one thread`;
      const ours = entrant(
        "posmap",
        "data_ours.ts",
        { ...source, imageSize, samples: SAMPLES } satisfies SourceContestant,
      );
      yield await hold({ bench: "data", case: name, ours, peers: [] }, options);
    }
  }
  const source = sources[0]!;
  for (const feed of feeds) {
    const name = `${feed.model} ${feed.imageSize}², batch ${feed.batchSize}, fed with ${source.source}`;
    const fedBy = (name: string, by: FeedContestant["by"]) =>
      entrant(name, "feed_ours.ts", { ...feed, ...source, by, threads: options.threads } satisfies FeedContestant);
    const [ours, made] = [fedBy("posmap", "workers"), fedBy("a batch already made", "made batch")];
    yield await hold({ bench: "data", case: name, ours, peers: [made] }, options);
  }
};

/** ICT-FaceKit first where it is at hand. */
function sourcesOf({ ictFolder, note }: BenchOptions): Pick<SourceSpec, "source" | "sourcePath">[] {
  if (!ictFolder) note("ICT-FaceKit is left out: --ict or POSMAP_ICT names its folder FaceXModel");
  const ict = ictFolder ? [{ source: "ict", sourcePath: ictFolder } as const] : [];
  return [...ict, { source: "procedural", sourcePath: "" }];
}

function entrant(name: string, script: string, task: object): Entrant {
  return processEntrant({ name }, denoCommand(script, task));
}
