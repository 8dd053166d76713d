import * as z from "zod";
import type { Config } from "@/lib/config.ts";
import type { UvLayout } from "@/lib/data/maps/uv_layout.ts";
import { type Label, type Sample, type Split, splits } from "@/lib/data/sample.ts";
import { InputError } from "@/lib/errors.ts";
import type { FaceSurface, MorphableModel } from "@/lib/face/morphable_model.ts";
import type { StageTimer } from "@/lib/portrait/stage_timer.ts";

/** An ordered supply of labeled pictures of faces, whose maps are of one surface. */
export interface Source {
  readonly surface: FaceSurface;
  /** What faces are drawn from; none where they are in photos. */
  readonly model?: MorphableModel;
  /** The surface's layout in maps of the source's image size. */
  readonly layout: UvLayout;
  /** The number of samples in each split, Infinity where they never end; a split that is missing has none. */
  readonly counts: Readonly<Partial<Record<Split, number>>>;
  /** What {@linkcode Label.expressions} are of, such as "jawOpen"; none where they are not known. */
  readonly expressionNames?: readonly string[] | undefined;
  /**
   * A pure function of the source's seed, the split, the index and how often that was shown before: the same in every
   * worker, in any order. Where training changes samples, one that comes again is changed otherwise.
   */
  sample(index: number, split: Split, epoch?: number): Sample | Promise<Sample>;
  /** The label of that sample, which may come much faster than its picture. */
  label(index: number, split: Split): Label | Promise<Label>;
  /** What models that learned from these faces tell of them. */
  facts(): FaceFacts;
  /** A hash of all that samples are made from, except settings: another one means other samples or another surface. */
  fingerprint(): string | Promise<string>;
}

/** What models tell of the faces that they have learned from. */
export interface FaceFacts {
  /** [surface vertexCount], the vertex on the face's other side, where the surface is symmetric. */
  readonly mirror?: Uint32Array | undefined;
  /** [68, 3], in model space (y up), of a face at rest. */
  readonly neutralLandmarks?: Float32Array | undefined;
  /** The license of what is made of the faces, such as weights: "MIT". */
  readonly license?: string | undefined;
}

/** What makes a source: enough for a worker to make the same one. */
export interface SourceSpec extends Pick<Config, "seed" | "source">, Partial<Pick<Config, "absentShare" | "shots">> {
  /** Pixels a side, of images and maps. */
  readonly imageSize: number;
  /** Whether samples are changed as in training; see {@linkcode Config.augment}. */
  readonly augment: boolean;
}

export interface OpenOptions {
  /** Called with the part done, up to 1, where the source's files are new and must be converted. */
  readonly onProgress?: ((done: number) => void) | undefined;
  /**
   * Called with a sentence for each of the source's files that is passed over, as it cannot be used: by each thread that
   * comes across it.
   */
  readonly onRefused?: ((sentence: string) => void) | undefined;
  /** Called at the stages of every sample that is made. */
  readonly timer?: StageTimer | undefined;
}

/** Facts about a setting that a source takes beside its name, for flags and messages. */
export interface SettingFacts {
  /** What is wanted for it: "a folder that `deno task prepare photos` has made". */
  readonly about: string;
  /** What a sentence goes on with that says so, such as where that is from. */
  readonly more?: string;
  /** Whether it leads to a file or folder, from where the user stands. */
  readonly isPath?: boolean;
}

/** A setting that is a path: `{ path: pathSetting("a folder with a face.json") }`. */
export function pathSetting(about: string, more = ""): z.ZodString {
  return z.string().meta({ about, more, isPath: true } satisfies SettingFacts);
}

/** A kind of source, behind its name. */
export interface SourceKind<Opened extends Source = Source> {
  /** For a list of sources to choose from. */
  readonly about: string;
  /** Its settings but for its name; each has the flag that {@linkcode sourceFlag} names. */
  readonly settings: Readonly<Record<string, SettingFacts>>;
  /** Throws an InputError where the settings are not of this kind, or name files that are missing or broken. */
  open(spec: SourceSpec, options?: OpenOptions): Promise<Opened>;
}

interface KindOptions<Settings, Opened extends Source> {
  readonly about: string;
  /** Imports late what it needs: all kinds are at hand wherever one is chosen. */
  readonly open: (settings: Settings, options: SourceSpec & OpenOptions) => Promise<Opened>;
}

/** The kind of source whose settings have this schema, each but the name with its {@linkcode SettingFacts} as `meta`. */
export function sourceKind<Shape extends z.core.$ZodLooseShape, Opened extends Source>(
  schema: z.ZodObject<Shape, z.core.$strict>,
  { about, open }: KindOptions<z.infer<z.ZodObject<Shape, z.core.$strict>>, Opened>,
): SourceKind<Opened> {
  const { name: _, ...shape } = schema.shape as Readonly<Record<string, z.ZodType>>;
  const settings = Object.fromEntries(Object.entries(shape).map(([setting, type]) => [setting, factsOf(type)]));
  return {
    about,
    settings,
    async open(spec, options) {
      const { data, error } = schema.safeParse(spec.source);
      if (data) return await open(data, { ...spec, ...options });
      throw new InputError(`Cannot open the source ${spec.source.name}: ${reasonOf(error!.issues[0]!, settings)}`);
    },
  };
}

function factsOf(type: z.ZodType): SettingFacts {
  const { about = "a value", ...facts } = (type instanceof z.ZodOptional ? type.unwrap() as z.ZodType : type).meta() ??
    {};
  return { about: String(about), ...facts };
}

function reasonOf(issue: z.core.$ZodIssue, settings: SourceKind["settings"]): string {
  if (issue.code === "unrecognized_keys") {
    const flags = issue.keys.map(sourceFlag);
    return `it takes no ${flags.join(" and no ")}, which ${flags.length === 1 ? "was" : "were"} given`;
  }
  const setting = String(issue.path[0]), facts = settings[setting];
  return facts ? notGiven(setting, facts) : issue.message;
}

/** Says that a source's setting is wanted. */
export function notGiven(setting: string, { about, more = "" }: SettingFacts): string {
  return `${sourceFlag(setting)} was not given, ${about} is wanted${more}`;
}

/** The flag of a source's setting: "--source-path". */
export function sourceFlag(setting: string): string {
  return `--source-${setting.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
}

/** As many samples of a split as wanted, or all where it has fewer. Throws an InputError where it has none. */
export function countSamples({ counts }: Pick<Source, "counts">, split: Split, wanted: number): number {
  const count = counts[split] ?? 0;
  if (count > 0) return Math.min(wanted, count);
  const others = splits.filter((name) => counts[name]);
  throw new InputError(`Cannot find samples in the source's split "${split}": it has ${others.join(", ") || "none"}`);
}
