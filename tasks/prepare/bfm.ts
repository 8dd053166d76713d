import type { Preparation } from "@/tasks/prepare/preparation.ts";
import { refuseOthers } from "@/tasks/refuse_existing.ts";

/** The Basel Face Model in one file. */
export const bfm: Preparation = {
  name: "bfm",
  configure: (command) =>
    command
      .description(
        "Makes one file of the Basel Face Model with expressions: of 300W-LP's Model_Shape.mat and Model_Exp.mat, of " +
          "face3d's BFM.mat, or of 01_MorphableModel.mat with model_info.mat; and of BFM_UV.mat",
      )
      .argument("<paths...>", "these files, or folders that they are in")
      .requiredOption("--out <file>", "where to write, such as bfm.model")
      .option("--no-neck", "leave out the neck"),
  async run(command, console) {
    const { out, neck } = command.opts<{ out: string; neck: boolean }>();
    await refuseOthers(out);
    console.stage("Reading the Basel Face Model");
    const [{ loadBfm, fits300wLp }, { withoutNeck }, { opennessOf }, { savePreparedFace }] = await Promise.all([
      import("@/lib/face/bfm/bfm.ts"),
      import("@/lib/face/prune.ts"),
      import("@/lib/face/openness.ts"),
      import("@/lib/face/prepared_face.ts"),
    ]);
    const whole = await loadBfm(command.args);
    const model = neck ? whole.model : withoutNeck(whole.model);
    console.stage("Writing the model");
    await savePreparedFace(out, { ...whole, model: { ...model, openness: opennessOf(model) } });
    console.quiet();
    globalThis.console.log(
      `${out}: ${model.mean.length / 3} vertices, ${model.identityModes.length} identity and ` +
        `${model.expressionModes.length} expression modes, ${model.triangles.length / 3} triangles` +
        (fits300wLp(whole) ? "" : "; 300W-LP's parameters are not of these expressions, but of Model_Exp.mat's"),
    );
  },
};
