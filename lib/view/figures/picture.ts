import { encodeJpeg, encodePng } from "@/lib/data/files/images.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import type { Photo } from "@/lib/types.ts";

/** A picture and what it shows; as the value of a notebook's cell it shows itself. */
export class Picture {
  constructor(readonly photo: Photo, readonly caption: string) {}

  /** Writes a PNG. Throws an InputError where that fails. */
  async save(path: string): Promise<void> {
    await writeFileAtomic(path, await encodePng(this.photo));
  }

  /** An HTML element that holds the picture itself, as a JPEG. */
  async toHtml(): Promise<string> {
    const { width, height } = this.photo;
    const bytes = await encodeJpeg(this.photo);
    const source = `data:image/jpeg;base64,${bytes.toBase64()}`;
    return `<img src="${source}" width="${width}" height="${height}" alt="${escapeHtml(this.caption)}">`;
  }

  async [Symbol.for("Jupyter.display")](): Promise<Record<string, string>> {
    const bytes = await encodeJpeg(this.photo);
    return { "image/jpeg": bytes.toBase64(), "text/plain": this.caption };
  }
}

/** Text as it may stand in HTML, in an attribute in double quotes too. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
