import { z } from "zod";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";

/** Typed arrays are stored little-endian, in base64. */
const float32s = arraysOf<Float32Array>(4, (buffer) => new Float32Array(buffer));
const uint32s = arraysOf<Uint32Array>(4, (buffer) => new Uint32Array(buffer));
const uint8s = arraysOf<Uint8Array>(1, (buffer) => new Uint8Array(buffer));

function arraysOf<A extends ArrayBufferView>(bytesEach: number, read: (buffer: ArrayBuffer) => A) {
  return z.codec(z.base64(), z.custom<A>(ArrayBuffer.isView), {
    decode(text, context) {
      const { buffer } = Uint8Array.fromBase64(text);
      if (buffer.byteLength % bytesEach === 0) return read(buffer);
      context.issues.push({ code: "custom", input: text, message: `${buffer.byteLength} bytes are no whole numbers` });
      return z.NEVER;
    },
    encode: ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength).toBase64(),
  });
}

const meshPoints = z.strictObject({ vertices: uint32s, weights: float32s })
  .refine(
    ({ vertices, weights }) => vertices.length === 3 * LANDMARK_COUNT && weights.length === vertices.length,
    "landmarks are not 68 points between three vertices each",
  );

const surface = z.strictObject({
  uv: float32s,
  triangles: uint32s,
  landmarks: z.strictObject({ "300w-lp": meshPoints, outline: meshPoints }).partial()
    .refine((landmarks) => Object.keys(landmarks).length > 0, "there are no landmarks"),
  regions: uint8s,
})
  .refine(({ uv, regions }) => uv.length === 2 * regions.length, "uv and regions are not of as many vertices")
  .refine(({ triangles }) => triangles.length % 3 === 0, "triangles are not three corners each")
  .refine(
    ({ triangles, landmarks, regions }) =>
      [triangles, ...Object.values(landmarks).map((points) => points!.vertices)].every((indices) =>
        indices.every((index) => index < regions.length)
      ),
    "a triangle or landmark names a vertex that is not there",
  );

/** `posmap.json`: what there is to know of a trained network to use it, draw with it and export it. */
export const descriptionSchema = z.strictObject({
  format: z.literal("posmap"),
  version: z.literal(1),
  architecture: z.enum(["prnet", "lite"]),
  /** Pixels a side, of the crop and of the map. */
  imageSize: z.int().positive(),
  encoding: z.enum(["paper", "centered"]),
  crop: z.strictObject({
    /** The crop's side over the longer side of the landmarks' box. */
    margin: z.number().positive(),
  }),
  /** A FaceSurface: the map's UV layout follows from it. */
  surface,
  /** For people to read: settings, errors, whatever tells how it was made. */
  training: z.record(z.string(), z.json()),
});

export type ModelDescription = Readonly<Omit<z.infer<typeof descriptionSchema>, "format" | "version">>;
