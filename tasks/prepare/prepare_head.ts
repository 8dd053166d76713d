import type { Command } from "commander";
import { counted } from "@/lib/counted.ts";
import type { SurfaceLandmarks } from "@/lib/face/landmarks.ts";
import { InputError } from "@/lib/errors.ts";
import { isSame, isThere, readText, writeFileAtomic } from "@/lib/files.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import type { FoundLandmarks } from "@/lib/face/find_landmarks.ts";
import type { Head } from "@/lib/face/heads/head.ts";
import { refuseOthers } from "@/tasks/refuse_existing.ts";
import { CONVERTING } from "@/tasks/run_task.ts";
import { portOf } from "@/tasks/serve/port.ts";
import type { TaskConsole } from "@/tasks/console/task_console.ts";

export interface HeadFlags {
  readonly out: string;
  /** The file of a mesh's landmarks that is named. */
  readonly landmarks?: string;
  readonly ict?: string;
  readonly pick?: boolean;
  readonly port: string;
}

/** Adds the options that all heads have. */
export function addHeadOptions(command: Command): Command {
  return command
    .requiredOption(
      "--out <file>",
      "where to write, such as head.model, also over one of before; a picture of the landmarks lies beside it, and a list of " +
        "new ones",
    )
    .option(
      "--ict <face>",
      "ICT-FaceKit's FaceXModel, or another face model as track --animate takes it, whose landmarks are looked for where " +
        "there are none (default: what deno task download ict has fetched, else the built-in face)",
    )
    .option("--pick", "serve a page to place the landmarks by mouse or finger, from where they are or were found")
    .option("--port <number>", "of that page; 0 for any that is free", "8000");
}

/**
 * The file of a head's landmarks: that which is named, or the list beside the model of before, where a person has placed them.
 * Throws an InputError where writing the model would replace such a list with another, or a file that is not of this task.
 */
export async function landmarkFile(
  { out, pick, landmarks }: Pick<HeadFlags, "out" | "pick" | "landmarks">,
  console: Pick<TaskConsole, "print">,
): Promise<string | undefined> {
  const list = listBeside(out);
  await refuseOthers(out, [`${out}.png`, ...pick ? [list] : []]);
  if (!await isThere(list) || await isFound(list, out)) return landmarks;
  if (landmarks === undefined) {
    console.print(
      `Taking the landmarks of ${list}, as placed before; without that file, they are the head's own or found`,
    );
    return list;
  }
  if (pick && !await isSame(list, landmarks)) {
    throw new InputError(
      `Cannot write ${list}: landmarks that were placed are there; --landmarks ${list} goes on from them, --out names ` +
        "another place",
    );
  }
  return landmarks;
}

function listBeside(out: string): string {
  return `${out}.landmarks.json`;
}

/** Whether a list is as this task wrote it when it found the landmarks itself. */
async function isFound(list: string, out: string): Promise<boolean> {
  const { fingerprint } = await import("@/lib/face/model_file.ts");
  const foundList = await foundListOf(out);
  return foundList !== undefined && foundList === fingerprint(await readText(list));
}

/** The fingerprint of the list that this task wrote beside a model when it last found landmarks itself. */
async function foundListOf(out: string): Promise<string | undefined> {
  const { readPreparedFace } = await import("@/lib/face/prepared_face.ts");
  return (await readPreparedFace(out).catch(() => undefined))?.foundList;
}

/** Writes the face model of a head, whose landmarks it looks for where the head has none, and tells of it. */
export async function prepareHead(head: Head, flags: HeadFlags, console: TaskConsole): Promise<void> {
  const { out, pick } = flags;
  const port = portOf(flags.port);
  const [{ checkHeadLayout, findHeadLandmarks }, { openFaceModel }] = await Promise.all([
    import("@/lib/face/heads/head.ts"),
    import("@/tasks/open_face_model.ts"),
  ]);
  let { landmarks } = head, found: Laid | undefined;
  if (landmarks && flags.ict !== undefined) {
    throw new InputError("Cannot use --ict: it is for a head without landmarks, and this one has them");
  }
  if (!landmarks) {
    console.stage("Looking for landmarks");
    const { findIctDownload } = await import("@/lib/data/sets/ict_facekit.ts");
    const face = await openFaceModel(flags.ict ?? await findIctDownload() ?? "built-in", {
      onProgress: console.lateStage(CONVERTING),
    });
    found = { ...findHeadLandmarks(head, face), face: face.name };
    ({ landmarks } = found);
    if (found.isDoubtful) console.print(doubtsAbout(found, { pick }));
  }
  if (!pick) return tell(await writeHead(head, { landmarks, out, isFound: !!found }, console), { out, found });
  checkHeadLayout(head, landmarks); // before someone has placed them
  console.stage("Bundling the page");
  await loadWriting(); // while packages may still ask for the environment
  const { pickLandmarks } = await import("@/tasks/prepare/pick_landmarks.ts");
  let model: MorphableModel;
  await pickLandmarks(head, {
    landmarks,
    out,
    port,
    signal: console.signal,
    onServing(address) {
      console.quiet();
      globalThis.console.log(`${address}  (place the landmarks there; Ctrl-C ends it without a model)`);
    },
    finish: async (picked) => {
      model = await writeHead(head, { landmarks: picked, out }, console);
    },
  });
  tell(model!, { out });
}

/** What writing a model takes long to load. */
const loadWriting = () =>
  Promise.all([
    import("@/lib/face/heads/head.ts"),
    import("@/lib/face/openness.ts"),
    import("@/lib/face/prepared_face.ts"),
    import("@/lib/view/mesh/landmark_picture.ts"),
    import("@/lib/face/model_file.ts"),
  ]);

async function writeHead(
  head: Head,
  { landmarks, out, isFound = false }: {
    readonly landmarks: SurfaceLandmarks;
    readonly out: string;
    readonly isFound?: boolean;
  },
  console: TaskConsole,
): Promise<MorphableModel> {
  const [
    { headModel, listHeadLandmarks },
    { drawnModel },
    { savePreparedFace },
    { landmarkPicture },
    { fingerprint },
  ] = await loadWriting();
  const model = drawnModel(headModel(head, landmarks));
  console.stage("Writing the model");
  const list = landmarks === head.landmarks ? undefined : JSON.stringify(listHeadLandmarks(head, landmarks)) + "\n";
  // one that stays beside the model is known later as what was found, too
  const foundList = list === undefined ? await foundListOf(out) : isFound ? fingerprint(list) : undefined;
  if (list !== undefined) await writeFileAtomic(listBeside(out), list); // first: what a person has placed can be lost
  await savePreparedFace(out, { model, license: head.license, foundList });
  await landmarkPicture(model).save(`${out}.png`);
  console.quiet();
  return model;
}

function doubtsAbout({ error, agreement }: FoundLandmarks, { pick }: { readonly pick: boolean | undefined }): string {
  return `The landmarks that were found are likely to be wrong: the face that was laid on the head is ` +
    `${(100 * error).toFixed(1)} % of the eyes' distance off, and the directions of both agree by ${
      agreement.toFixed(2)
    } ` +
    `of 1. The head must look to the viewer (mesh: --axes)${pick ? "" : "; --pick has them placed by mouse"}`;
}

/** Landmarks of a face that was laid on a head. */
interface Laid extends FoundLandmarks {
  /** Its name. */
  readonly face: string;
}

function tell(
  { mean, identityModes, expressionModes }: MorphableModel,
  { out, found }: { readonly out: string; readonly found?: Laid | undefined },
): void {
  const counts = [
    `${mean.length / 3} vertices`,
    ...identityModes.length > 0 ? [counted(identityModes.length, "identity mode")] : [],
    counted(expressionModes.length, "expression"),
  ];
  globalThis.console.log(
    `${out}: ${counts.join(", ")}; ` +
      (found
        ? `its landmarks are those of a face (${found.face}) that was laid on it and lies ` +
          `${
            (100 * found.error).toFixed(1)
          } % of the eyes' distance off its skin: look at ${out}.png, --pick has them placed by hand`
        : `${out}.png shows its landmarks`),
  );
}
