import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { loadIct } from "@/lib/face/ict/ict.ts";
import { loadObjModel } from "@/lib/face/obj/obj_files.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import type { SampleSource } from "@/lib/data/sample.ts";
import type { SourceSpec } from "@/lib/data/batches/serve_samples.ts";
import { type SyntheticOptions, syntheticSource } from "@/lib/data/synthetic/synthetic.ts";

export interface ModelOptions {
  /** Called with the part done, up to 1, where the source's files are new and must be converted. */
  readonly onProgress?: (done: number) => void;
}

/** The morphable model of a run's settings. Throws an InputError where its files are missing or broken. */
export async function openModel(
  { source, sourcePath }: Pick<SourceSpec, "source" | "sourcePath">,
  { onProgress }: ModelOptions = {},
): Promise<MorphableModel> {
  if (source === "procedural") return builtInFace();
  if (sourcePath === "") {
    throw new InputError(
      source === "ict"
        ? "Cannot read ICT-FaceKit: --source-path was not given, its folder FaceXModel is wanted"
        : "Cannot read an OBJ: --source-path was not given, a folder with a face.json that names it is wanted",
    );
  }
  if (source === "obj") return await loadObjModel(sourcePath);
  return await loadIct(sourcePath, onProgress && { onProgress });
}

/** The same samples for the same spec, in any thread. */
export async function openSource(
  spec: SourceSpec,
  { timer }: Pick<SyntheticOptions, "timer"> = {},
): Promise<SampleSource> {
  return syntheticSource(await openModel(spec), { ...spec, timer });
}
