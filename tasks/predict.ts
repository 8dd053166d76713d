// deno task predict PHOTO… [options]: the faces of photos as landmarks, meshes and maps. Needs no TensorFlow.
import { Option } from "commander";
import { InputError } from "@/lib/errors.ts";
import { type FaceFileKind, faceFileKinds } from "@/lib/export/face_file_kinds.ts";
import { parsePlace, type PlaceFlags, placeOptions } from "@/tasks/predict/face_place.ts";
import { listPhotos } from "@/tasks/predict/list_photos.ts";
import { backendOption, type CropBackend, modelOption } from "@/tasks/model_option.ts";
import { refuseFileAsFolder } from "@/tasks/refuse_existing.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

interface PredictFlags extends PlaceFlags {
  readonly model: string;
  readonly backend: CropBackend;
  readonly out: string;
  readonly only?: string;
  readonly json: boolean;
}

const command = taskCommand("predict")
  .description("Finds every face in photos and writes its landmarks, mesh, maps and pictures")
  .argument("<photo...>", "JPEG, PNG or WebP files, folders of them, or patterns such as photos/*.jpg")
  .addOption(modelOption())
  .addOption(backendOption())
  .option("--out <folder>", "where a folder is made for each face", "faces")
  .addOption(new Option("--only <kinds>", `what to write, of ${faceFileKinds.join(", ")}; all unless given`))
  .option("--json", "also one JSON object a face on standard output", false);
for (const option of placeOptions) command.addOption(option);

await runTask(command, async (console) => {
  const options = command.opts<PredictFlags>();
  const kinds = parseKinds(options.only);
  await refuseFileAsFolder(options.out);
  const place = parsePlace(options);
  const print = (line: string) => console.print(line);
  const paths = await listPhotos(command.args, print);
  if (place && paths.length > 1) {
    throw new InputError(
      `Cannot use one ${options.crop ? "--crop" : "--box"} for ${paths.length} photos: give one photo`,
    );
  }
  // slow to load: help and wrong flags need none of it
  const { openFaces } = await import("@/tasks/predict/open_faces.ts");
  const { predictPhotos } = await import("@/tasks/predict/predict_photos.ts");
  await predictPhotos(paths, {
    faces: await openFaces(options.model, { ...options, note: print }),
    out: options.out,
    kinds,
    place,
    print,
    ...paths.length > 1 && { // hearing a signal takes a thread, and one photo half a second
      signal: console.signal,
      onPhoto: (number: number) => console.show(`photo ${number} of ${paths.length}`),
    },
    ...options.json && { onFace: (record) => globalThis.console.log(JSON.stringify(record)) },
  });
});

function parseKinds(only: string | undefined): readonly FaceFileKind[] {
  if (only === undefined) return faceFileKinds;
  const names = only.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(faceFileKinds as readonly string[]).includes(name));
  if (unknown === undefined) return names as FaceFileKind[];
  throw new InputError(`Cannot write "${unknown}": --only takes ${faceFileKinds.join(", ")}`);
}
