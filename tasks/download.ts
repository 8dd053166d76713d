// deno task download ict [options]: fetches a data set's files into the cache folder, each checked by its SHA-256.
import { Argument, Option } from "commander";
import { downloadFiles } from "@/lib/data/files/download.ts";
import { ictDownload, ictFiles } from "@/lib/data/sets/ict_facekit.ts";
import { InputError } from "@/lib/errors.ts";
import { isThere } from "@/lib/files.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const command = taskCommand("download")
  .description("Fetches a data set into the cache folder (POSMAP_CACHE moves it), where its source finds it")
  .addArgument(new Argument("<name>", "ict: ICT-FaceKit's light model, 405 MB, MIT license").choices(["ict"]))
  .addOption(
    new Option("--from <folder>", "take the files from here, such as a clone of its repository").conflicts("url"),
  )
  .option("--url <address>", "take them from here, such as a mirror");

await runTask(command, async (console) => {
  const { from, url } = command.opts<{ from?: string; url?: string }>();
  if (url !== undefined && !(/^https?:\/\/[^/]/.test(url) && mayCall(url))) {
    throw new InputError(
      `Cannot fetch from "${url}": an address that begins with https:// or http:// and a server's name is wanted`,
    );
  }
  const pinned = await ictFiles();
  const files = url === undefined ? pinned : { ...pinned, url: url.replace(/\/?$/, "/") };
  const into = await ictDownload();
  const onProgress = console.stage(
    `${from === undefined ? "Fetching" : "Copying"} ICT-FaceKit, ${Object.keys(files.files).length} files`,
  );
  await downloadFiles(files, {
    into,
    from: from === undefined ? undefined : await folderWithAny(from, Object.keys(files.files)),
    onProgress,
    onWait: () => console.print("Waiting for another download"),
    signal: console.signal,
  });
  console.quiet();
  globalThis.console.log(into);
});

/** Whether this process was allowed the address's server as it started, which it is where that can be one. */
function mayCall(address: string): boolean {
  try {
    return Deno.permissions.querySync({ name: "net", host: new URL(address).host }).state === "granted";
  } catch {
    return false;
  }
}

/** The folder that has files of these names: FaceXModel in a clone of the repository. */
async function folderWithAny(given: string, names: readonly string[]): Promise<string> {
  for (const folder of [`${given}/FaceXModel`, given]) {
    const there = await Promise.all(names.map((name) => isThere(`${folder}/${name}`)));
    if (there.includes(true)) return folder;
  }
  throw new InputError(
    `Cannot take ICT-FaceKit from ${given}: none of its ${names.length} files is there or in its FaceXModel, such as ` +
      "generic_neutral_mesh.obj; a clone of https://github.com/ICT-VGL/ICT-FaceKit is wanted",
  );
}
