import * as z from "zod";
import { architectures, currentArchitecture } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import type { CropOptions } from "@/lib/data/maps/crop.ts";
import type { PositionEncoding } from "@/lib/data/maps/position_map.ts";
import { LANDMARK_COUNT, vertexPoints } from "@/lib/face/landmarks.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { float32s, meshPoints, surface, uint32s } from "@/lib/face/surface_schema.ts";

const landmarkPositions = float32s.refine(({ length }) => length === 3 * LANDMARK_COUNT, "they are not 68 points");

const schema = z.looseObject({
  format: z.literal("posmap"),
  version: z.literal(2),
  architecture: z.enum(architectures),
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
  readonly architecture: typeof architectures[number];
  /** Pixels a side, of the crop and of the map. */
  readonly imageSize: number;
  readonly encoding: PositionEncoding;
  readonly crop: CropOptions;
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
  const { success, data, error } = schema.safeParse(renamed(upgraded(json)));
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

const named = z.looseObject({ architecture: z.string() });

function renamed(json: unknown): unknown {
  const { success, data } = named.safeParse(json);
  return success ? { ...data, architecture: currentArchitecture(data.architecture) } : json;
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
