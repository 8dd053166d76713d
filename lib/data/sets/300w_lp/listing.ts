import { InputError, reasonOf } from "@/lib/errors.ts";

/** A photo of 300W-LP with the parameters of its face. */
export interface ListedPhoto {
  /** Its files' path within the set, without extension: "AFW_Flip/AFW_134212_1_0". */
  readonly name: string;
  /**
   * What was photographed: "AFW 134212". Its rotated copies (`_0` to `_17`), its mirrored ones (in `_Flip`), and the
   * other faces of the same photo share it.
   */
  readonly subject: string;
  readonly photoPath: string;
  readonly matPath: string;
}

/** The photos of a folder, and what in it cannot be one. */
export interface Listing {
  /** By name. */
  readonly photos: readonly ListedPhoto[];
  /** A sentence for each photo without its parameters, and each parameters without their photo. */
  readonly refused: readonly string[];
}

/** The set's folders (Zhu et al., CVPR 2016), each beside one of mirrored photos. */
const parts = ["AFW", "HELEN", "IBUG", "LFPW"] as const;

/**
 * The photos of 300W-LP in a folder that has AFW, HELEN, IBUG and LFPW, some of them or all, with `_Flip` or without; or
 * in one of these itself. Throws an InputError where the folder cannot be read, or has none.
 */
export async function list300wLp(folder: string): Promise<Listing> {
  const expected = `the folders ${parts.join(", ")} of 300W-LP, each also with _Flip, were expected`;
  const photos: ListedPhoto[] = [], refused: string[] = [];
  try {
    const folders = ["", ...parts.flatMap((part) => [part, `${part}_Flip`])];
    const known = new Set<string>();
    for await (const { name } of Deno.readDir(folder)) known.add(name);
    for (const part of folders) {
      if (part !== "" && !known.has(part)) continue;
      const listed = await listPart(folder, part);
      photos.push(...listed.photos);
      refused.push(...listed.refused);
    }
  } catch (error) {
    throw new InputError(`Cannot list ${folder}: ${reasonOf(error)}; ${expected}`);
  }
  if (photos.length === 0) {
    const found = refused.length > 0 ? `: ${refused[0]}` : "";
    throw new InputError(`Found no photo with its .mat in ${folder}${found}; ${expected}`);
  }
  return { photos: photos.sort((a, b) => a.name < b.name ? -1 : 1), refused: refused.sort() };
}

async function listPart(folder: string, part: string): Promise<Listing> {
  const inside = part === "" ? "" : `${part}/`;
  const photoFiles = new Map<string, string>(), matFiles = new Map<string, string>();
  const photos: ListedPhoto[] = [], refused: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${part}`)) {
    const [, stem, extension] = /^([^.].*)\.(jpe?g|png|mat)$/i.exec(name) ?? [];
    if (stem === undefined || isDirectory) continue;
    const files = extension!.toLowerCase() === "mat" ? matFiles : photoFiles, other = files.get(stem);
    if (other !== undefined) refused.push(`${folder}/${inside}${stem} has ${[other, name].sort().join(" and ")}`);
    files.set(stem, other === undefined || name < other ? name : other);
  }
  for (const [stem, file] of photoFiles) {
    const name = inside + stem, photoPath = `${folder}/${inside}${file}`;
    const mat = matFiles.get(stem);
    const subject = subjectOf(stem);
    if (!mat) refused.push(`${photoPath} has no ${stem}.mat`);
    else if (!subject) refused.push(`${photoPath} is not named as a photo of 300W-LP, such as AFW_134212_1_0.jpg`);
    else photos.push({ name, subject, photoPath, matPath: `${folder}/${inside}${mat}` });
  }
  for (const [stem, file] of matFiles) {
    if (!photoFiles.has(stem)) refused.push(`${folder}/${inside}${file} has no ${stem}.jpg`);
  }
  return { photos, refused };
}

/**
 * The set, the photo's own name, the number of the face in it where its name has one, and the rotation: "LFPW" and
 * "image_train_0001" with 0, "HELEN" and "3036412907" with face 2 and 0. IBUG's "image_092 _01" has a space.
 */
export function subjectOf(stem: string): string | undefined {
  const [, part, photo] = /^(AFW|HELEN|IBUG|LFPW)_(.+)_\d{1,2}$/.exec(stem) ?? [];
  if (part === undefined) return undefined;
  const isNumbered = part !== "LFPW"; // the last number of its names is that of the photo
  return `${part} ${isNumbered ? photo!.replace(/ ?_0?\d$/, "") : photo}`;
}
