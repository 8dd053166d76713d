import * as z from "zod";
import { EXPRESSION_COUNT, IDENTITY_COUNT } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import type { FittedModel } from "@/lib/data/sets/300w_lp/fitted_faces.ts";
import { pathSetting, sourceKind } from "@/lib/data/sources/source.ts";
import { InputError } from "@/lib/errors.ts";

const MODEL = "the file that `deno task prepare bfm` makes of the Basel Face Model's";
const ORIGIN = "; data/README.md says where those are from";

const schema = z.strictObject({
  name: z.literal("300w-lp"),
  path: pathSetting("the folder of 300W-LP", ", with AFW, HELEN, IBUG and LFPW; data/README.md says where it is from"),
  model: pathSetting(MODEL, ORIGIN),
});

/** Photos of 300W-LP with maps made on the fly from their parameters. */
export const source300wLp = sourceKind(schema, {
  about: "photos with fitted parameters",
  open: async ({ path, model }, options) => {
    const { list300wLp } = await import("@/lib/data/sets/300w_lp/listing.ts");
    const { photoSource } = await import("@/lib/data/sets/300w_lp/photo_source.ts");
    const fitted = await readFittedModel(model); // first, as listing takes long
    return photoSource(await list300wLp(path), fitted, options);
  },
});

/** Throws an InputError where 300W-LP's parameters are not of this model. */
export async function readFittedModel(path: string): Promise<FittedModel> {
  const { readPreparedFace } = await import("@/lib/face/prepared_face.ts");
  const { model, identityDeviations, expressionDeviations } = await readPreparedFace(
    path,
    `${MODEL} is wanted${ORIGIN}`,
  );
  const counts = `${model.identityModes.length} identity and ${model.expressionModes.length} expression modes`;
  if (identityDeviations?.length === IDENTITY_COUNT && expressionDeviations?.length === EXPRESSION_COUNT) {
    return { model, identityDeviations, expressionDeviations };
  }
  throw new InputError(
    `Cannot read 300W-LP's parameters by ${path}, a model of ${counts}: ${MODEL} is wanted${ORIGIN}`,
  );
}
