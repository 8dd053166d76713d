/** The JSON of an object with the SHA-256 of all else that it says as its last entry, `sha256`. */
export async function sealJson(content: object): Promise<string> {
  return JSON.stringify({ ...content, sha256: await sha256(JSON.stringify(content)) });
}

/** What was sealed; undefined where the object says anything else than what {@linkcode sealJson} was given. */
export async function openSealed({ sha256: seal, ...content }: { sha256?: unknown }): Promise<object | undefined> {
  return seal === await sha256(JSON.stringify(content)) ? content : undefined;
}

/** In hexadecimal digits; of a text, that of its UTF-8. */
export async function sha256(content: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
