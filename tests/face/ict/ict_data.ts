import { cacheFolder } from "@/lib/files.ts";
import { sharedData } from "@/tests/support.ts";

const archive = sharedData("ict-facekit.tar.xz");

/** Whether this machine has ICT-FaceKit. */
export const hasIct = archive !== undefined;

/** ICT-FaceKit's folder, unpacked once into posmap's cache folder, which takes some seconds. */
export async function ictFolder(): Promise<string> {
  const folder = `${await cacheFolder()}/test-data`;
  const unpacked = `${folder}/ict-facekit`;
  if (await Deno.stat(unpacked).then(() => true, () => false)) return unpacked;
  await Deno.mkdir(folder, { recursive: true });
  const temporary = await Deno.makeTempDir({ dir: folder });
  const tar = new Deno.Command("tar", { args: ["-xJf", archive!, "-C", temporary] });
  const { success, stderr } = await tar.output();
  if (!success) throw new Error(`Cannot unpack ${archive}: ${new TextDecoder().decode(stderr)}`);
  await Deno.rename(`${temporary}/ict-facekit`, unpacked).catch(() => {}); // another test run was first
  await Deno.remove(temporary, { recursive: true });
  return unpacked;
}
