// deno task predict PHOTO… [options]: the faces of photos as landmarks, meshes and maps. Needs no TensorFlow.
import { basename, extname } from "node:path";
import { Option } from "commander";
import type { PhotoFace } from "@/lib/track/photo_faces.ts";
import type { Box, Crop, Photo } from "@/lib/types.ts";
import { InputError } from "@/lib/errors.ts";
import { type FaceFileKind, faceFileKinds } from "@/lib/export/face_file_kinds.ts";
import { listPhotos } from "@/tasks/predict/list_photos.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

interface PredictFlags {
  readonly model: string;
  readonly out: string;
  readonly only?: string;
  readonly crop?: string;
  readonly box?: string;
  readonly json: boolean;
}

const command = taskCommand("predict")
  .description("Finds every face in photos and writes its landmarks, mesh, maps and pictures")
  .argument("<photo...>", "JPEG, PNG or WebP files, folders of them, or patterns such as photos/*.jpg")
  .addOption(
    new Option("--model <folder>", "a trained model, or a run's folder")
      .default(`${import.meta.dirname}/../data/weights/lite`, "data/weights/lite"),
  )
  .option("--out <folder>", "where a folder is made for each face", "faces")
  .addOption(new Option("--only <kinds>", `what to write, of ${faceFileKinds.join(", ")}; all unless given`))
  .option("--crop <left,top,side>", "the square around the one face, taken as it is, in the photo's pixels")
  .option("--box <left,top,width,height>", "a box around the one face, in the photo's pixels")
  .option("--json", "also one JSON object a face on standard output", false);

await runTask(command, async () => {
  const options = command.opts<PredictFlags>();
  const kinds = parseKinds(options.only);
  const place = parsePlace(options);
  const paths = await listPhotos(command.args);
  if (place && paths.length > 1) {
    throw new InputError(
      `Cannot use one ${options.crop ? "--crop" : "--box"} for ${paths.length} photos: give one photo`,
    );
  }

  // slow to load: help and wrong flags need none of it
  const { openFaces } = await import("@/tasks/predict/open_faces.ts");
  const { writeFaces } = await import("@/tasks/predict/write_faces.ts");
  const { decodePhoto } = await import("@/lib/data/files/images.ts");
  const { findFaces } = await import("@/lib/track/photo_faces.ts");
  const { boxCrop } = await import("@/lib/data/maps/crop.ts");
  const opened = await openFaces(options.model);
  const { margin } = opened.description.crop;
  const crop = place && ("box" in place ? boxCrop(place.box, { margin }) : place.crop);
  let faceCount = 0;
  const without: string[] = [], unread: string[] = [];
  for (const [i, path] of paths.entries()) {
    let photo: Photo, faces: PhotoFace[];
    try {
      photo = await decodePhoto(path);
      faces = await findFaces(photo, opened, { margin, ...crop && { crop, isExact: options.crop !== undefined } });
    } catch (error) {
      if (!(error instanceof InputError) || paths.length === 1) throw error;
      console.error(error.message);
      unread.push(path);
      continue;
    }
    if (faces.length === 0) without.push(path);
    faceCount += faces.length;
    const written = await writeFaces(faces, {
      photo,
      path,
      name: basename(path, extname(path)),
      model: opened.description,
      out: options.out,
      kinds,
    });
    for (const record of written) if (options.json) console.log(JSON.stringify(record));
    if (!options.json) console.error(`${i + 1}/${paths.length} ${path}: ${counted(faces.length, "face")}`);
  }
  for (const path of without) console.error(`no face: ${path}`);
  console.error(
    `${counted(faceCount, "face")} in ${counted(paths.length, "photo")}` +
      `${without.length > 0 ? `, ${without.length} without a face` : ""}` +
      `${unread.length > 0 ? `, ${unread.length} not read` : ""}: ${options.out}`,
  );
  if (faceCount === 0) {
    throw new InputError(`Found no face in ${counted(paths.length, "photo")}; --box says where one is`);
  }
});

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function parseKinds(only: string | undefined): readonly FaceFileKind[] {
  if (only === undefined) return faceFileKinds;
  const names = only.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(faceFileKinds as readonly string[]).includes(name));
  if (unknown === undefined) return names as FaceFileKind[];
  throw new InputError(`Cannot write "${unknown}": --only takes ${faceFileKinds.join(", ")}`);
}

/** Where the user says that the one face is: a crop to be taken as it is, or a box around the face. */
function parsePlace({ crop, box }: PredictFlags): { readonly crop: Crop } | { readonly box: Box } | undefined {
  if (crop !== undefined && box !== undefined) throw new InputError("Cannot use both --crop and --box: give one");
  if (crop !== undefined) {
    const [left, top, side] = parseNumbers(crop, "--crop left,top,side") as [number, number, number];
    return { crop: { left, top, side } };
  }
  if (box === undefined) return undefined;
  const [left, top, width, height] = parseNumbers(box, "--box left,top,width,height") as [
    number,
    number,
    number,
    number,
  ];
  return { box: { left, top, width, height } };
}

function parseNumbers(text: string, wanted: string): number[] {
  const count = wanted.split(",").length;
  const numbers = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (numbers.length === count && numbers.every(Number.isFinite) && numbers.slice(2).every((length) => length > 0)) {
    return numbers;
  }
  throw new InputError(
    `Cannot use ${wanted.split(" ")[0]} ${text}: ${count} numbers were expected, ${wanted}, lengths above 0`,
  );
}
