import { InputError } from "@/lib/errors.ts";
import type { ObjAxes } from "@/lib/face/obj/obj_model.ts";
import type { Preparation } from "@/tasks/prepare/preparation.ts";

interface MeshFlags {
  readonly out: string;
  readonly landmarks?: string;
  readonly mesh?: string;
  readonly surface?: string[];
  readonly axes?: string;
  readonly ict?: string;
}

/** Any head: an OBJ, or an avatar in a binary glTF. */
export const mesh: Preparation = {
  name: "mesh",
  configure: (command) =>
    command
      .description("Makes a face model of a head with texture coordinates; a glTF's morph targets are its expressions")
      .argument("<head>", "an OBJ, or a binary glTF 2.0 (.glb, .vrm)")
      .requiredOption("--out <file>", "where to write, such as head.model; a picture of the landmarks lies beside it")
      .option("--landmarks <file>", "JSON: a list of 68 vertices from 0, as face.json has it (default: looks for them)")
      .option("--mesh <name>", "the face's mesh of a glTF (default: that with the most morph targets)")
      .option("--surface <materials...>", "what the position map covers (default: all that is skin)")
      .option("--axes <list>", "the file's axes that point right, up and to the viewer, such as -x,y,-z", "x,y,z")
      .option(
        "--ict <folder>",
        "ICT-FaceKit's FaceXModel, whose landmarks are looked for (default: the built-in face's)",
      ),
  async run(command, console) {
    const { out, ict, axes, ...flags } = command.opts<MeshFlags>();
    const named = axes!.split(",");
    if (named.length !== 3 || !named.every((axis) => /^-?[xyz]$/.test(axis))) {
      throw new InputError(`Cannot set --axes to ${axes}: three of x, y, z, -x, -y and -z are wanted`);
    }
    console.stage("Reading the head");
    const [{ readHeadFile }, { withoutUnseen }, { opennessOf }, { savePreparedFace }, { landmarkPicture }] =
      await Promise
        .all([
          import("@/lib/face/gltf/head_file.ts"),
          import("@/lib/face/prune.ts"),
          import("@/lib/face/openness.ts"),
          import("@/lib/face/prepared_face.ts"),
          import("@/lib/view/mesh/landmark_picture.ts"),
        ]);
    const { openFaceModel } = await import("@/tasks/track/open_face_model.ts");
    const [path] = command.args as [string];
    const { model: whole, error } = await readHeadFile(path, {
      ...flags,
      axes: named as unknown as ObjAxes,
      template: () => openFaceModel(ict ?? "built-in"),
    });
    const model = withoutUnseen(whole);
    console.stage("Writing the model");
    await savePreparedFace(out, { model: { ...model, openness: opennessOf(model) } });
    const picture = `${out}.png`;
    await landmarkPicture(model).save(picture);
    console.quiet();
    globalThis.console.log(
      `${out}: ${model.mean.length / 3} vertices, ${model.expressionModes.length} expressions; ` +
        (error === undefined
          ? `${picture} shows its landmarks`
          : `its landmarks were found, ${(100 * error).toFixed(1)} % of the eyes' distance off: look at ${picture}`),
    );
  },
};
