import type { Photo } from "@/lib/types.ts";

/** A canvas's pixels without their opacity, into `rgb` where it is as long as they need. */
export function photoOf({ width, height, data }: ImageData, rgb?: Uint8Array): Photo {
  const out = rgb?.length === 3 * width * height ? rgb : new Uint8Array(3 * width * height);
  for (let i = 0, k = 0; i < out.length; i += 3, k += 4) {
    out[i] = data[k]!;
    out[i + 1] = data[k + 1]!;
    out[i + 2] = data[k + 2]!;
  }
  return { width, height, rgb: out };
}

/** The bitmap on white, in its place. */
export function onWhite(bitmap: ImageBitmap): ImageBitmap {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d", { alpha: false })!;
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.transferToImageBitmap();
}
