import { z } from "zod";
import { InputError } from "@/lib/errors.ts";
import type { CropOptions } from "@/lib/data/maps/crop.ts";
import type { PositionEncoding } from "@/lib/data/maps/position_map.ts";
import { LANDMARK_COUNT, vertexPoints } from "@/lib/face/landmarks.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";

/** Typed arrays are stored little-endian, in base64. */
const float32s = arraysOf<Float32Array>(4, (buffer) => new Float32Array(buffer));
const uint32s = arraysOf<Uint32Array>(4, (buffer) => new Uint32Array(buffer));
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

const meshPoints = z.looseObject({ vertices: uint32s, weights: float32s })
  .refine(
    ({ vertices, weights }) => vertices.length === 3 * LANDMARK_COUNT && weights.length === vertices.length,
    "landmarks are not 68 points between three vertices each",
  );

const surface = z.looseObject({
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

const landmarkPositions = float32s.refine(({ length }) => length === 3 * LANDMARK_COUNT, "they are not 68 points");

const schema = z.looseObject({
  format: z.literal("posmap"),
  version: z.literal(2),
  architecture: z.enum(["prnet", "lite"]),
  imageSize: z.int().positive(),
  encoding: z.enum(["paper", "centered", "prnet"]),
  crop: z.looseObject({ margin: z.number().positive() }),
  surface,
  mirror: uint32s.optional(),
  meanLandmarks: landmarkPositions,
  neutralLandmarks: landmarkPositions.optional(),
  expressionNames: z.array(z.string()).optional(),
  license: z.string().optional(),
  summary: z.record(z.string(), z.json()).optional(),
}).refine(
  ({ mirror, surface: { regions } }) =>
    !mirror || mirror.length === regions.length && mirror.every((other, vertex) => mirror[other] === vertex),
  { path: ["mirror"], message: "it does not pair the surface's vertices" },
);

/** What using a model needs, drawing with it and exporting it: `posmap.json`. Keys that are not known here are kept. */
export interface ModelDescription {
  readonly architecture: "prnet" | "lite";
  /** Pixels a side, of the crop and of the map. */
  readonly imageSize: number;
  readonly encoding: PositionEncoding;
  readonly crop: Pick<CropOptions, "margin">;
  /** The map's UV layout follows from it. */
  readonly surface: FaceSurface;
  /** [vertexCount], where the surface is symmetric: the vertex on the face's other side. */
  readonly mirror?: Uint32Array | undefined;
  /** [68, 3], a mean face's landmarks in crop sides, in the surface's default convention: what a blind guess says. */
  readonly meanLandmarks: Float32Array;
  /**
   * [68, 3], the landmarks of a face at rest that looks at the viewer, in model space (y up), in the surface's default
   * convention: what poses are measured from.
   */
  readonly neutralLandmarks?: Float32Array | undefined;
  /** What the network says of expressions, by name; none where it says nothing. */
  readonly expressionNames?: readonly string[] | undefined;
  /** The weights' license, such as "MIT". */
  readonly license?: string | undefined;
  /** How the model came about, where that is known: settings, errors. Nothing that uses the model needs it. */
  readonly summary?: Readonly<Record<string, unknown>> | undefined;
}

/** A model's description from what stands in `posmap.json`, of version 2 or 1. Throws an InputError that names the file. */
export function parseDescription(json: unknown, path = "posmap.json"): ModelDescription {
  const { success, data, error } = schema.safeParse(upgraded(json));
  if (!success) {
    const { path: place, message } = error.issues[0]!;
    throw new InputError(`Cannot load ${path}: ${place.join(".") || "it"}: ${message}`);
  }
  const { format: _, version: __, ...description } = data;
  return description;
}

/** Undoes {@linkcode parseDescription}, in version 2. */
export function encodeDescription(description: ModelDescription): object {
  return z.encode(schema, { format: "posmap", version: 2, ...description } as z.output<typeof schema>);
}

const version1 = z.looseObject({
  format: z.literal("posmap"),
  version: z.literal(1),
  surface: z.looseObject({}),
  training: z.looseObject({ meanLandmarks: z.array(z.number()) }),
});

/** Version 1 had the mean landmarks among the summary's, and at first landmarks that were vertices, on the outline. */
function upgraded(json: unknown): unknown {
  const { success, data } = version1.safeParse(json);
  if (!success) return json;
  const { training: { meanLandmarks, ...summary }, surface, ...rest } = data;
  const vertices = uint32s.safeParse(surface["landmarks"]);
  const landmarks = vertices.success
    ? { outline: z.encode(meshPoints, { ...vertexPoints(vertices.data) }) }
    : surface["landmarks"];
  return {
    ...rest,
    version: 2,
    surface: { ...surface, landmarks },
    meanLandmarks: z.encode(float32s, Float32Array.from(meanLandmarks)),
    summary,
  };
}
