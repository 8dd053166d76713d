import type { Page } from "playwright-core";
import { decodePhoto } from "@/lib/data/files/images.ts";
import type { Photo } from "@/lib/types.ts";
import { assertEquals } from "@/tests/support.ts";

/** What the page shows there. */
export async function screenshot(page: Page, selector: string): Promise<Photo> {
  const element = page.locator(selector);
  await element.scrollIntoViewIfNeeded();
  return await decodePhoto(await element.screenshot());
}

/** Mean difference of two pictures, in levels of 256. */
export function difference(a: Photo, b: Photo): number {
  assertEquals([a.width, a.height], [b.width, b.height]);
  return a.rgb.reduce((sum, value, i) => sum + Math.abs(value - b.rgb[i]!), 0) / a.rgb.length;
}
