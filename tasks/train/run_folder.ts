import { rmdir } from "node:fs/promises";
import { isThere } from "@/lib/files.ts";
import type { Experiment } from "@/lib/experiment.ts";

/** Makes an empty folder in this one, named after the preset and the time, that no other run has. */
export async function newRunFolder(folder: string, preset: string): Promise<string> {
  const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  await Deno.mkdir(folder, { recursive: true });
  for (let count = 1;; count++) {
    const path = `${folder}/${preset}-${time}${count > 1 ? `-${count}` : ""}`;
    try {
      await Deno.mkdir(path);
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** A run that cannot begin leaves no empty folder that was not there. */
export async function startInFolder(
  given: string | undefined,
  newFolder: () => Promise<string>,
  start: (run: string) => Promise<Experiment>,
): Promise<Experiment> {
  const wasThere = given !== undefined && await isThere(given);
  const run = given ?? await newFolder();
  try {
    return await start(run);
  } catch (error) {
    if (!wasThere) await rmdir(run).catch(() => {}); // holds something, or is not there
    throw error;
  }
}
