import * as z from "zod";
import { list300wLp } from "@/lib/data/sets/300w_lp/listing.ts";
import { EXPRESSION_COUNT, IDENTITY_COUNT } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import type { FittedModel } from "@/lib/data/sets/300w_lp/fitted_faces.ts";
import { type PhotoSource, photoSource } from "@/lib/data/sets/300w_lp/photo_source.ts";
import { type OpenOptions, sourceKind, type SourceSpec } from "@/lib/data/sources/source.ts";
import { InputError } from "@/lib/errors.ts";
import { readPreparedFace } from "@/lib/face/prepared_face.ts";

const WANTED_MODEL =
  "the file is wanted that `deno task prepare bfm` makes of the Basel Face Model's; data/README.md says where those are from";

const schema = z.strictObject({
  name: z.literal("300w-lp"),
  path: z.string(
    "--source-path was not given, the folder of 300W-LP is wanted, with AFW, HELEN, IBUG and LFPW; data/README.md says " +
      "where it is from",
  ),
  model: z.string(`--source-model was not given, ${WANTED_MODEL}`),
});

/** Photos of 300W-LP with maps made on the fly from their parameters. */
export const source300wLp = sourceKind(schema, openPhotos);

/** The source as makers of stores need it, from the same settings. */
export async function open300wLp(spec: SourceSpec, options: OpenOptions = {}): Promise<PhotoSource> {
  const { data, error } = schema.safeParse(spec.source);
  if (!data) throw new InputError(`Cannot open the source 300w-lp: ${error!.issues[0]!.message}`);
  return await openPhotos(data, { ...spec, ...options });
}

async function openPhotos(
  { path, model }: z.infer<typeof schema>,
  options: SourceSpec & OpenOptions,
): Promise<PhotoSource> {
  const fitted = await readFittedModel(model); // first, as listing takes long
  return photoSource(await list300wLp(path), fitted, options);
}

/** Throws an InputError where 300W-LP's parameters are not of this model. */
export async function readFittedModel(path: string): Promise<FittedModel> {
  const { model, identityDeviations, expressionDeviations } = await readPreparedFace(path, WANTED_MODEL);
  const counts = `${model.identityModes.length} identity and ${model.expressionModes.length} expression modes`;
  if (identityDeviations?.length === IDENTITY_COUNT && expressionDeviations?.length === EXPRESSION_COUNT) {
    return { model, identityDeviations, expressionDeviations };
  }
  throw new InputError(`Cannot read 300W-LP's parameters by ${path}, a model of ${counts}: ${WANTED_MODEL}`);
}
