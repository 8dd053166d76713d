import * as z from "zod";
import { type Config, settingText, type SourceSettings } from "@/lib/config.ts";
import type { Source } from "@/lib/data/sources/source.ts";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { defaultConvention } from "@/lib/face/landmarks.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import { parseSealed, sealJson } from "@/lib/formats/seal.ts";
import type { Teacher } from "@/lib/train/teacher.ts";

/** What must not change while a run rests: what its weights have learned is of no use for anything else. */
const schema = z.strictObject({
  /** The source's settings, as people read them, but for the place of its files. */
  source: z.string(),
  /** {@linkcode Source.fingerprint}. */
  fingerprint: z.string(),
  /** The convention of the landmarks. */
  landmarks: z.string(),
  /** {@linkcode Teacher.fingerprint}, where there is one. */
  teacher: z.string().optional(),
  /** {@linkcode Ancestor}, where the run began with one: it enters the model's description, and is not compared. */
  ancestor: z.strictObject({ fingerprint: z.string(), summary: z.record(z.string(), z.json()) }).optional(),
});

export type RunNote = Readonly<z.infer<typeof schema>>;

export async function noteOf(
  { source, teacher, config }: {
    readonly source: Source;
    readonly teacher: Pick<Teacher, "fingerprint"> | undefined;
    readonly config: Pick<Config, "source">;
  },
): Promise<RunNote> {
  return {
    source: sourceText(config.source),
    fingerprint: await source.fingerprint(),
    landmarks: defaultConvention(source.surface.landmarks),
    ...teacher && { teacher: teacher.fingerprint },
  };
}

/** A source's settings but for the places of its files, which may be moved. */
export function sourceText({ path: _, model: __, ...settings }: SourceSettings): string {
  return settingText(settings);
}

/** Leaves the note in a run's folder. */
export async function writeNote(run: string, note: RunNote): Promise<void> {
  await writeFileAtomic(`${run}/${NAME}`, await sealJson(note, 2) + "\n");
}

/**
 * Throws an InputError where the run's note is damaged, or of another source than these settings': what can be said before
 * the source's faces are opened.
 */
export async function checkNotedSource(run: string, settings: SourceSettings): Promise<void> {
  const noted = await readNote(run);
  if (noted) checkSource(run, { noted, source: sourceText(settings) });
}

/** Throws an InputError where a run without a checkpoint cannot begin anew, as it was to begin with given weights. */
export async function checkBegunAnew(run: string): Promise<void> {
  if ((await readNote(run))?.ancestor === undefined) return;
  throw new InputError(
    `Cannot resume the run ${run}: the weights that it was to begin with have not been saved; start a new run`,
  );
}

/** Throws an InputError where the run noted otherwise; one that is older than notes has it from now on. */
export async function checkNote(run: string, note: RunNote): Promise<void> {
  const noted = await readNote(run);
  if (!noted) return await writeNote(run, note);
  checkSource(run, { noted, source: note.source });
  const refuse = (reason: string) => {
    throw new InputError(`Cannot resume the run ${run}: ${reason}`);
  };
  if (noted.landmarks !== note.landmarks) {
    refuse(`its landmarks were in the convention "${noted.landmarks}", and would now be in "${note.landmarks}"`);
  }
  if (noted.fingerprint !== note.fingerprint) {
    refuse(
      `the faces of its source ${note.source} have changed since; bring them back as they were, or start a new run`,
    );
  }
  if (noted.teacher !== note.teacher) {
    refuse("its teacher has changed since; bring back the model as it was, or start a new run");
  }
}

function checkSource(run: string, { noted, source }: { readonly noted: RunNote; readonly source: string }): void {
  if (noted.source === source) return;
  throw new InputError(`Cannot resume the run ${run}: it was started with the source ${noted.source}, not ${source}`);
}

const NAME = "source.json";

/** The note in a run's folder, if there is one. Throws an InputError where it is damaged. */
export async function readNote(run: string): Promise<RunNote | undefined> {
  try {
    return schema.parse(await parseSealed(await Deno.readTextFile(`${run}/${NAME}`)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new InputError(`Cannot resume the run ${run}: its ${NAME} is not one (${reasonOf(error)})`);
  }
}
