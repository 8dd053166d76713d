import type { Bench } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { type Entrant, hold, processEntrant } from "./contest.ts";
import type { Peers } from "./peers.ts";

/** A face of the Basel Face Model's shapes over a grid, which no file is needed for. */
export interface MapsContestant {
  readonly columns: number;
  readonly rows: number;
  readonly modes: number;
  /** Texels a side. */
  readonly size: number;
  /** Maps in one repetition. */
  readonly times: number;
}

export interface Face3dContestant extends MapsContestant {
  /** face3d's compiled module, and that of its renderer in Python. */
  readonly core: string;
  readonly render: string;
  /** face3d's renderers, or NumPy that adds up the corners of triangles that were found once. */
  readonly by: "C++" | "Python" | "kept triangles";
}

/** As many as face3d and 300W-LP have: 53,215 vertices, 199 identity and 29 expression modes. */
const face = { columns: 145, rows: 367, modes: 228, size: 256 } as const;

/** The position map of a face from its parameters: what each sample of 300W-LP takes besides its photo. */
export const mapsBench: Bench = async function* (options) {
  const { peers } = options;
  const ours = processEntrant(
    { name: "posmap" },
    denoCommand("maps_ours.ts", { ...face, times: 50 } satisfies MapsContestant),
  );
  const theirs = peers.face3d && peers.has("scipy") ? await face3dEntrants(peers.face3d, peers) : [];
  yield await hold({ bench: "maps", case: "a map of 256² from parameters", ours, peers: theirs }, options);
};

async function face3dEntrants(folder: string, peers: Peers): Promise<Entrant[]> {
  const modules = await Array.fromAsync(Deno.readDir(`${folder}/mesh/cython`));
  const { name: core } = modules.find(({ name }) => /^mesh_core_cython\..*\.so$/.test(name))!;
  const entrant = (name: string, by: Face3dContestant["by"], times: number) => {
    const modules = { core: `${folder}/mesh/cython/${core}`, render: `${folder}/mesh_numpy/render.py` };
    const task: Face3dContestant = { ...face, ...modules, times, by };
    return processEntrant({ name }, peers.python("maps_face3d.py", task));
  };
  return [
    entrant("face3d, C++", "C++", 20),
    entrant("face3d, Python", "Python", 1),
    entrant("NumPy, triangles found once", "kept triangles", 20),
  ];
}
