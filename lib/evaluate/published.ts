import type { YawBin } from "@/lib/evaluate/nme.ts";

/** What a paper says of a method, on AFLW2000-3D: NME of the 68 landmarks in 2D, in percent. */
export interface PublishedErrors {
  readonly method: string;
  readonly bins: Readonly<Record<YawBin, number>>;
  /** The mean of the bins. */
  readonly balanced: number;
  /** Mean absolute error of yaw, pitch and roll, in degrees. */
  readonly pose?: number;
  /** Where the numbers stand. */
  readonly source: string;
  readonly url: string;
}

const prnetTable = { source: "Feng et al., ECCV 2018, table 1", url: "https://arxiv.org/abs/1803.07835" };

export const publishedErrors: readonly PublishedErrors[] = [
  { method: "3DDFA", bins: { "0-30": 3.78, "30-60": 4.54, "60-90": 7.93 }, balanced: 5.42, ...prnetTable },
  { method: "PRNet", bins: { "0-30": 2.75, "30-60": 3.51, "60-90": 4.61 }, balanced: 3.62, ...prnetTable },
  {
    method: "SynergyNet",
    bins: { "0-30": 2.66, "30-60": 3.32, "60-90": 4.27 },
    balanced: 3.41,
    pose: 3.35,
    source: "Wu et al., 3DV 2021, table 1",
    url: "https://arxiv.org/abs/2110.09772",
  },
];
