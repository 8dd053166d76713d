import * as z from "zod";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";

/** Typed arrays are stored little-endian, in base64. */
export const float32s = arraysOf<Float32Array>(4, (buffer) => new Float32Array(buffer));
/** See {@linkcode float32s}. */
export const uint32s = arraysOf<Uint32Array>(4, (buffer) => new Uint32Array(buffer));
const uint8s = arraysOf<Uint8Array>(1, (buffer) => new Uint8Array(buffer));

function arraysOf<A extends ArrayBufferView>(bytesEach: number, read: (buffer: ArrayBuffer) => A) {
  return z.codec(z.string(), z.custom<A>(ArrayBuffer.isView), {
    decode(text, context) {
      try {
        return read(Uint8Array.fromBase64(text, { lastChunkHandling: "strict" }).buffer);
      } catch (error) {
        const message = error instanceof SyntaxError
          ? "it is not base64"
          : `it is not numbers of ${bytesEach} bytes each`;
        context.issues.push({ code: "custom", input: text, message });
        return z.NEVER;
      }
    },
    encode: ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength).toBase64(),
  });
}

/** Landmarks as points of a mesh. */
export const meshPoints = z.looseObject({ vertices: uint32s, weights: float32s })
  .refine(
    ({ vertices, weights }) => vertices.length === 3 * LANDMARK_COUNT && weights.length === vertices.length,
    "landmarks are not 68 points between three vertices each",
  );

/** A face's surface. */
export const surface = z.looseObject({
  uv: float32s,
  triangles: uint32s,
  landmarks: z.looseObject({ "300w-lp": meshPoints.optional(), outline: meshPoints.optional() })
    .refine((landmarks) => landmarks["300w-lp"] ?? landmarks.outline, "there are no landmarks"),
  regions: uint8s,
})
  .refine(({ uv, regions }) => uv.length === 2 * regions.length, "uv and regions are not of as many vertices")
  .refine(({ triangles }) => triangles.length % 3 === 0, "triangles are not three corners each")
  .refine(
    ({ triangles, landmarks: { "300w-lp": annotated, outline }, regions }) =>
      [triangles, annotated?.vertices ?? [], outline?.vertices ?? []].every((indices) =>
        indices.every((index) => index < regions.length)
      ),
    "a triangle or landmark names a vertex that is not there",
  );
