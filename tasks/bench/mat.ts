import type { Bench, BenchOptions } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { hold, processEntrant } from "./contest.ts";

export interface MatContestant {
  readonly files: readonly string[];
  /** Readings of each file in one repetition. */
  readonly times: number;
}

const TIMES = 100;

/** Reading .mat files, all their variables, from files to numbers. */
export const matBench: Bench = async function* (options) {
  const { peers, matFolder, note } = options;
  if (!matFolder && !peers.has("scipy")) return note("mat is left out: --mat names a folder of .mat files");
  const folder = matFolder ?? await writtenByScipy(options);
  try {
    const files = [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`).filter((path) =>
      /\.mat$/.test(path)
    );
    const task: MatContestant = { files, times: TIMES };
    const ours = processEntrant(
      { name: "posmap" },
      denoCommand("mat_ours.ts", task),
    );
    const scipy = peers.has("scipy")
      ? [processEntrant({ name: peers.nameOf("scipy") }, peers.python("mat_scipy.py", task))]
      : [];
    const what = matFolder ? "of 300W-LP's kind" : "that SciPy writes";
    yield await hold({ bench: "mat", case: `a file ${what}`, ours, peers: scipy }, options);
  } finally {
    if (!matFolder) await Deno.remove(folder, { recursive: true });
  }
};

/** A folder with variables of the shapes that AFLW2000-3D's files have. Whoever calls removes it. */
async function writtenByScipy({ peers, children }: BenchOptions): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "posmap-bench-" });
  using writer = children.spawn(peers.python("write_mat.py", { folder }));
  if (!await writer.ended) throw await writer.failure();
  return folder;
}
