import sharp from "sharp";
import type { Photo } from "@/lib/types.ts";

export const orientations = [1, 2, 3, 4, 5, 6, 7, 8] as const;
export type Orientation = (typeof orientations)[number];

/**
 * A JPEG that says by EXIF that it is to be shown as this picture, whose pixels lie otherwise: which sides of what is shown
 * its first row and column are (Exif 2.32, table 4, Orientation).
 */
export async function orientedJpeg(photo: Photo, orientation: Orientation): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, rgb } = photo, [right, bottom] = [width - 1, height - 1];
  const shownAt = (row: number, column: number): readonly [row: number, column: number] =>
    ({
      1: [row, column], // top, left
      2: [row, right - column], // top, right
      3: [bottom - row, right - column], // bottom, right
      4: [bottom - row, column], // bottom, left
      5: [column, row], // left, top
      6: [column, right - row], // right, top
      7: [bottom - column, right - row], // right, bottom
      8: [bottom - column, row], // left, bottom
    } as const)[orientation];
  const [storedWidth, storedHeight] = orientation > 4 ? [height, width] : [width, height];
  const stored = new Uint8Array(rgb.length);
  for (let row = 0, i = 0; row < storedHeight; row++) {
    for (let column = 0; column < storedWidth; column++, i += 3) {
      const [shownRow, shownColumn] = shownAt(row, column), k = 3 * (shownRow * width + shownColumn);
      stored.set(rgb.subarray(k, k + 3), i);
    }
  }
  const picture = sharp(stored, { raw: { width: storedWidth, height: storedHeight, channels: 3 } });
  const jpeg = picture.withMetadata({ orientation }).jpeg({ quality: 95, chromaSubsampling: "4:4:4" });
  return Uint8Array.from(await jpeg.toBuffer());
}
