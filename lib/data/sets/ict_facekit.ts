import { areDownloaded, type PinnedFiles } from "@/lib/data/files/download.ts";
import { cacheFolder } from "@/lib/files.ts";

/** ICT-FaceKit's light model as its public repository has it at one commit. */
export async function ictFiles(): Promise<PinnedFiles> {
  return JSON.parse(await Deno.readTextFile(`${import.meta.dirname}/../../../data/ict-facekit.json`));
}

/** Where `deno task download ict` puts it. */
export async function ictDownload(): Promise<string> {
  return `${await cacheFolder()}/ict-facekit/FaceXModel`;
}

/** The folder of a finished download; undefined where there is none. */
export async function findIctDownload(): Promise<string | undefined> {
  const folder = await ictDownload();
  return await areDownloaded(await ictFiles(), folder) ? folder : undefined;
}
