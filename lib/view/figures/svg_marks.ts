import { encodeJpeg, encodePng } from "@/lib/data/files/images.ts";
import type { Photo } from "@/lib/types.ts";
import { escapeHtml } from "@/lib/view/figures/picture.ts";

/** The color of all text in SVG figures. */
export const TEXT_COLOR = "#2b313b";
export const FAINT_TEXT_COLOR = "#5b6370";
/** The size of figures' text, in pixels: readable where a figure of 1000 pixels is shown in a column of 850. */
const TEXT_SIZE = 13;

type Attributes = Readonly<Record<string, string | number>>;

export interface DocumentOptions {
  readonly width: number;
  readonly height: number;
  /** What the whole of it shows. */
  readonly title?: string;
}

/** A document of this size on white, as wide as its place where that is narrower. */
export function svgDocument({ width, height, title }: DocumentOptions, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `style="max-width: 100%; height: auto" font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" ` +
    `font-size="${TEXT_SIZE}" fill="${TEXT_COLOR}" role="img">${title === undefined ? "" : svgTitle(title)}` +
    `<rect width="${width}" height="${height}" fill="#fff"/>${body}</svg>`;
}

/** An element, its numbers rounded to a tenth. */
export function svgElement(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${typeof value === "number" ? Math.round(value * 10) / 10 : escapeHtml(value)}"`
  ).join("");
  return content ? `<${name}${written}>${content}</${name}>` : `<${name}${written}/>`;
}

export function svgText(content: string, attributes: Attributes): string {
  return svgElement("text", attributes, escapeHtml(content));
}

/** What the element says while the mouse rests on it. */
export function svgTitle(content: string): string {
  return `<title>${escapeHtml(content)}</title>`;
}

export interface PhotoPlace {
  readonly x?: number;
  readonly y?: number;
  readonly width: number;
  readonly height: number;
  /** PNG keeps flat colors flat, and texels with edges; JPEG, the default, is small. */
  readonly format?: "jpeg" | "png";
  /** The JPEG's, 1 to 100. */
  readonly quality?: number;
}

/** The photo, within the document, stretched to fill the place. */
export async function svgPhoto(
  photo: Photo,
  { format = "jpeg", quality = 90, ...place }: PhotoPlace,
): Promise<string> {
  const bytes = format === "jpeg" ? await encodeJpeg(photo, { quality }) : await encodePng(photo);
  const href = `data:image/${format};base64,${bytes.toBase64()}`;
  const style = format === "png" ? { style: "image-rendering: pixelated" } : {};
  return svgElement("image", { ...place, ...style, preserveAspectRatio: "none", href });
}

/** Pixels that text takes at most, for what must not overlap. */
export function textWidth(content: string, size = TEXT_SIZE): number {
  return 0.58 * size * content.length;
}
