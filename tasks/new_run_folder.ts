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
