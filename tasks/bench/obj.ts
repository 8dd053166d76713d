import type { Bench } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { hold, processEntrant } from "./contest.ts";

export interface ObjContestant {
  readonly file: string;
  readonly reader: "posmap" | "obj-file-parser";
}

/** Reading ICT-FaceKit's neutral mesh: 26,719 vertices with texture coordinates, triangles and quads. */
export const objBench: Bench = async function* (options) {
  const { peers, ictFolder, note } = options;
  if (!ictFolder) return note("obj is left out: --ict or POSMAP_ICT names ICT-FaceKit's folder FaceXModel");
  const file = `${ictFolder}/generic_neutral_mesh.obj`;
  const reading = (reader: ObjContestant["reader"]) =>
    processEntrant(
      { name: reader },
      denoCommand("obj_ours.ts", { file, reader } satisfies ObjContestant),
    );
  const trimesh = peers.has("trimesh")
    ? [processEntrant({ name: peers.nameOf("trimesh") }, peers.python("obj_trimesh.py", { file }))]
    : [];
  const contestants = { ours: reading("posmap"), peers: [...trimesh, reading("obj-file-parser")] };
  yield await hold({ bench: "obj", case: "ICT-FaceKit's neutral mesh", ...contestants }, options);
};
