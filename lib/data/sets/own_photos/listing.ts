import { passedOver, photosAmong } from "@/lib/data/files/photo_names.ts";
import { InputError, reasonOf } from "@/lib/errors.ts";

/** A photo in a folder of one's own. */
export interface OwnPhoto {
  /** Its path within the folder: "holiday/IMG_1234.jpg". */
  readonly name: string;
  /** What was photographed: copies of a photo share it, and so do its faces; see {@linkcode subjectOf}. */
  readonly subject: string;
  readonly path: string;
}

/**
 * The JPEG, PNG and WebP files in a folder and the folders in it, links to either, too, by name; those whose names begin
 * with a dot are other programs' own. Pictures of other formats are passed over, and `print` says how many of which.
 * Throws an InputError where there is no photo, or a folder cannot be read.
 */
export async function listOwnPhotos(
  folder: string,
  { print = () => {} }: { readonly print?: (line: string) => void } = {},
): Promise<OwnPhoto[]> {
  const names: string[] = [];
  async function look(within: string, above: readonly string[]): Promise<void> {
    try {
      const real = await Deno.realPath(`${folder}/${within}`);
      if (above.includes(real)) return; // a link that leads back
      for await (const { name, isDirectory, isSymlink } of Deno.readDir(`${folder}/${within}`)) {
        if (name.startsWith(".")) continue;
        const isFolder = isSymlink ? await leadsToFolder(`${folder}/${within}${name}`) : isDirectory;
        if (isFolder === undefined) {
          print(`passed over: the link ${within}${name}, which leads to nothing that may be read`);
        } else if (isFolder) await look(`${within}${name}/`, [...above, real]);
        else names.push(within + name);
      }
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new InputError(`Cannot read the folder ${folder}/${within}: ${reasonOf(error)}`);
    }
  }
  await look("", []);
  const { photos, others } = photosAmong(names, folder);
  if (others.length > 0) print(passedOver(others));
  const stems = new Set(photos.map((name) => unmarked(name)));
  return photos.map((name) => ({ name, subject: subjectOf(name, stems), path: `${folder}/${name}` }));
}

/** Undefined where it leads to nothing that may be read. */
async function leadsToFolder(link: string): Promise<boolean | undefined> {
  return await Deno.stat(link).then(({ isDirectory }) => isDirectory, () => undefined);
}

/** What programs add to the name of a copy: that it was mirrored, edited or cut, and "(2)". */
const MARK = /[-_ ]*(?:mirror(?:ed)?|flip(?:ped)?|hflip|copy|edited|crop(?:ped)?|\(\d+\))$/i;
const NUMBER = /[-_ ]+\d+$/;

/**
 * What a photo shows, by its name: "trip/anna" for trip/anna.jpg, trip/anna_flip.jpg, trip_flip/anna.jpg, "trip/anna (2).jpg" and,
 * where there is a photo of that name, for trip/anna_1.png and trip/anna_flip_1.png, too: other numbers tell photos apart.
 *
 * @param stems what the names of all photos are without extensions and marks of copies
 */
export function subjectOf(name: string, stems: ReadonlySet<string>): string {
  let subject = unmarked(name);
  for (let shorter; (shorter = withoutMarks(subject.replace(NUMBER, ""))) !== subject && stems.has(shorter);) {
    subject = shorter;
  }
  return subject;
}

/** A name in lower case, without marks and ending: "trip/anna" for "Trip_flip/Anna_mirrored.jpg". */
function unmarked(name: string): string {
  return withoutMarks(name.replace(/\.[^./]*$/, "")).toLowerCase();
}

function withoutMarks(path: string): string {
  return path.split("/").map((part) => {
    let rest = part;
    for (let shorter; (shorter = rest.replace(MARK, "")) !== rest && shorter !== "";) rest = shorter;
    return rest;
  }).join("/");
}
