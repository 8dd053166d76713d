/** `page.css`: the part of their style that all pages have in common. */
export async function readPageStyle(): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(new URL("page.css", import.meta.url));
}
