import * as z from "zod";
import { InputError } from "@/lib/errors.ts";
import { decodeDetailed, encodeModel } from "@/lib/face/model_file.ts";
import { checkModel, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { readBytes, writeFileAtomic } from "@/lib/files.ts";

/** A face model in a file of its own, made by `deno task prepare`. */
export interface PreparedFace {
  readonly model: MorphableModel;
  /**
   * What amounts in the files of others are divided by to be those of the model's identity modes, one a mode; missing where
   * the model's maker gave none.
   */
  readonly identityDeviations?: Float64Array | undefined;
  /** The same for its expression modes. */
  readonly expressionDeviations?: Float64Array | undefined;
  /** License of anything made from its faces, such as weights. */
  readonly license?: string | undefined;
  /** The fingerprint of the list beside it, where its landmarks were found and nobody has placed them. */
  readonly foundList?: string | undefined;
}

const STAMP = "prepared";

const detailsSchema = z.object({
  identityDeviations: z.array(z.number().positive()).optional(),
  expressionDeviations: z.array(z.number().positive()).optional(),
  license: z.string().optional(),
  foundList: z.string().optional(),
});

/** Whether a file begins as one of deno task prepare, also of another version or damaged by now; not where there is none. */
export async function isPreparedFace(path: string): Promise<boolean> {
  const bytes = new Uint8Array(128);
  try {
    using file = await Deno.open(path);
    await file.read(bytes);
  } catch {
    return false;
  }
  const start = new TextDecoder("latin1").decode(bytes); // a hash of 32 bytes, and the header of model_file.ts
  return new RegExp(`^.{32}{"format":"posmap face model \\d+","stamp":"${STAMP}"`, "s").test(start);
}

/** Throws an InputError where the disk is full, or the model is none. */
export async function savePreparedFace(path: string, { model, ...details }: PreparedFace): Promise<void> {
  checkModel(model);
  const { identityDeviations, expressionDeviations, ...texts } = details;
  const listed = {
    identityDeviations: identityDeviations && [...identityDeviations],
    expressionDeviations: expressionDeviations && [...expressionDeviations],
    ...texts,
  };
  await writeFileAtomic(path, encodeModel(model, STAMP, listed));
}

/**
 * Throws an InputError where the file is missing, damaged, or of another kind.
 *
 * @param wanted what it says of a file that is missing
 */
export async function readPreparedFace(
  path: string,
  wanted = "a face model of deno task prepare was expected",
): Promise<PreparedFace> {
  const bytes = await readBytes(path, wanted);
  const { model, details } = decoded(bytes) ?? {};
  const { data, error } = detailsSchema.safeParse(details ?? {});
  if (!model || error) {
    throw new InputError(`Cannot read ${path}: it is damaged, or no face model of deno task prepare; make it again`);
  }
  checkModel(model);
  const { identityDeviations: identity, expressionDeviations: expression, ...texts } = data;
  return {
    model,
    identityDeviations: identity && Float64Array.from(identity),
    expressionDeviations: expression && Float64Array.from(expression),
    ...texts,
  };
}

function decoded(bytes: Uint8Array): ReturnType<typeof decodeDetailed> {
  try {
    return decodeDetailed(bytes, STAMP);
  } catch {
    return undefined; // someone else's, with a hash of its own
  }
}
