import type { SourceSettings } from "@/lib/config.ts";
import type { ContestOptions } from "./contest.ts";
import type { Peers } from "./peers.ts";
import type { Row } from "./rows.ts";

/** What all benches are given. */
export interface BenchOptions extends ContestOptions {
  /** Every contestant's. */
  readonly threads: number;
  readonly peers: Peers;
  /** ICT-FaceKit's, where there is one. */
  readonly ictFolder: string | undefined;
  /** 300W-LP's photos, where they and the Basel Face Model are there. */
  readonly photos: SourceSettings | undefined;
  /** Folder of .mat files, where there is one. */
  readonly matFolder: string | undefined;
}

/** Gives its rows as they are measured. */
export type Bench = (options: BenchOptions) => AsyncGenerator<Row[]>;
