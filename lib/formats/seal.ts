import { jsonOf } from "@/lib/json.ts";
import { bytesField, concatBytes } from "@/lib/formats/protobuf.ts";

/** The JSON of an object with the SHA-256 of all else that it says as its last entry, `sha256`; indented for people to read. */
export async function sealJson(content: object, indent?: number): Promise<string> {
  return JSON.stringify({ ...content, sha256: await sha256(JSON.stringify(content)) }, null, indent);
}

/** What JSON says, which older files may have without a seal. Throws an Error where it is no object, or was changed since. */
export async function parseSealed(text: string): Promise<object> {
  const saved = jsonOf(text);
  if (typeof saved !== "object" || saved === null || Array.isArray(saved)) throw new Error("it is no JSON object");
  const content = "sha256" in saved ? await openSealed(saved) : saved;
  if (!content) throw new Error("its content is not what was saved, SHA-256 differs");
  return content;
}

/** What was sealed; undefined where the object says anything else than what {@linkcode sealJson} was given. */
export async function openSealed({ sha256: seal, ...content }: { sha256?: unknown }): Promise<object | undefined> {
  return seal === await sha256(JSON.stringify(content)) ? content : undefined;
}

/** An ONNX model with the SHA-256 of all its bytes as its last entry of metadata, `posmap.sha256`. */
export async function sealOnnx(model: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return concatBytes(model, await onnxSeal(model));
}

/** Whether the bytes are what {@linkcode sealOnnx} gave. */
export async function isSealedOnnx(model: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const { length } = await onnxSeal(new Uint8Array());
  const seal = await onnxSeal(model.subarray(0, -length));
  return seal.every((byte, i) => byte === model[model.length - length + i]);
}

/** A StringStringEntryProto of ModelProto's metadata_props. */
async function onnxSeal(model: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return bytesField(14, concatBytes(bytesField(1, "posmap.sha256"), bytesField(2, await sha256(model))));
}

/** In hexadecimal digits; of a text, that of its UTF-8. */
export async function sha256(content: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
