import type { Command } from "commander";
import type { Head } from "@/lib/face/heads/head.ts";
import type { TaskConsole } from "@/tasks/console/task_console.ts";

export interface HeadFlags {
  readonly out: string;
  readonly ict?: string;
}

/** Adds the options that all heads have. */
export function addHeadOptions(command: Command): Command {
  return command
    .requiredOption("--out <file>", "where to write, such as head.model; a picture of the landmarks lies beside it")
    .option(
      "--ict <folder>",
      "ICT-FaceKit's FaceXModel, whose landmarks are looked for where there are none (default: the built-in face's)",
    );
}

/** Writes the face model of a head, whose landmarks it looks for where the head has none, and tells of it. */
export async function prepareHead(head: Head, { out, ict }: HeadFlags, console: TaskConsole): Promise<void> {
  const [
    { findHeadLandmarks, headModel },
    { withoutUnseen },
    { opennessOf },
    { savePreparedFace },
    { landmarkPicture },
    { openFaceModel },
  ] = await Promise.all([
    import("@/lib/face/heads/head.ts"),
    import("@/lib/face/prune.ts"),
    import("@/lib/face/openness.ts"),
    import("@/lib/face/prepared_face.ts"),
    import("@/lib/view/mesh/landmark_picture.ts"),
    import("@/tasks/track/open_face_model.ts"),
  ]);
  let { landmarks } = head, error: number | undefined;
  if (!landmarks) {
    console.stage("Looking for landmarks");
    ({ landmarks, error } = findHeadLandmarks(head, await openFaceModel(ict ?? "built-in")));
  }
  const model = withoutUnseen(headModel(head, landmarks));
  console.stage("Writing the model");
  const { license } = head;
  await savePreparedFace(out, { model: { ...model, openness: opennessOf(model) }, license });
  const picture = `${out}.png`;
  await landmarkPicture(model).save(picture);
  console.quiet();
  const counts = [
    `${model.mean.length / 3} vertices`,
    ...model.identityModes.length > 0 ? [`${model.identityModes.length} identity modes`] : [],
    `${model.expressionModes.length} expressions`,
  ];
  globalThis.console.log(
    `${out}: ${counts.join(", ")}; ` +
      (error === undefined
        ? `${picture} shows its landmarks`
        : `its landmarks were found, ${(100 * error).toFixed(1)} % of the eyes' distance off: look at ${picture}`),
  );
}
