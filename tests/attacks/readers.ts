/** Ways to read what others made, for those who attack them. */
import { probeVideo, readFrames } from "@/lib/data/files/video.ts";
import { InputError } from "@/lib/errors.ts";

/** Whether it was refused, in one sentence. Throws with all else that it throws. */
export async function unlessRefused(read: () => unknown, where: string): Promise<boolean> {
  try {
    await read();
    return false;
  } catch (error) {
    const isSentence = error instanceof InputError && !error.message.includes("\n") && error.message.length < 1000;
    if (!isSentence) throw new Error(`${where}: ${error}`);
    return true;
  }
}

/** Of a video, all of which is read. */
export async function countFrames(path: string): Promise<number> {
  let count = 0;
  for await (const _ of readFrames(path, await probeVideo(path))) if (++count > 1000) throw new Error("it has no end");
  return count;
}
