import * as z from "zod";
import { InputError } from "@/lib/errors.ts";
import { landmarkEntries, type MeshPoints, type SurfaceLandmarks } from "@/lib/face/landmarks.ts";

/** A vertex, or a point between three: their numbers and how much of each. */
const point = z.union([
  z.number(),
  z.tuple([z.number(), z.number(), z.number(), z.number().min(0), z.number().min(0), z.number().min(0)]),
]);

/** What a `face.json` says of landmarks, and a file of landmarks alone: in the convention "outline", or in each that is named. */
export const landmarkLists = z.union([
  z.array(point),
  z.strictObject({ "300w-lp": z.array(point), outline: z.array(point) }).partial(),
]);

export type LandmarkLists = z.infer<typeof landmarkLists>;

/** Throws an InputError where a number is no vertex, or a point's weights do not add up to 1. */
export function parseLandmarks(given: LandmarkLists, path: string): SurfaceLandmarks {
  const lists = Object.entries(Array.isArray(given) ? { outline: given } : given).filter(([, list]) => list);
  const wrong = (landmark: number, what: string) => {
    throw new InputError(`Cannot use ${path} as a face: landmark ${landmark} ${what}`);
  };
  if (lists.length === 0) throw new InputError(`Cannot use ${path} as a face: it has no landmarks, wanted 68`);
  return Object.fromEntries(lists.map(([convention, list]) => {
    const rows = list!.map((entry) => typeof entry === "number" ? [entry, entry, entry, 1, 0, 0] : entry);
    rows.forEach(([a, b, c, ...weights], landmark) => {
      const odd = [a, b, c].find((vertex) => !(Number.isSafeInteger(vertex) && vertex! >= 0 && vertex! < 2 ** 32));
      if (odd !== undefined) wrong(landmark, `is vertex ${odd}, wanted a whole number from 0`);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      if (Math.abs(total - 1) > 1e-3) wrong(landmark, `has weights that add up to ${total}, wanted 1`);
    });
    return [convention, {
      vertices: Uint32Array.from(rows.flatMap((row) => row.slice(0, 3))),
      weights: Float32Array.from(rows.flatMap((row) => row.slice(3))),
    }];
  }));
}

/** Undoes {@linkcode parseLandmarks}. */
export function listLandmarks(landmarks: SurfaceLandmarks): LandmarkLists {
  return Object.fromEntries(landmarkEntries(landmarks).map(([convention, points]) => [convention, listPoints(points)]));
}

function listPoints({ vertices, weights }: MeshPoints): z.infer<typeof point>[] {
  return Array.from({ length: vertices.length / 3 }, (_, landmark) => {
    const row = [vertices, weights].flatMap((values) => [...values.subarray(3 * landmark, 3 * landmark + 3)]);
    return row[3] === 1 ? row[0]! : row as [number, number, number, number, number, number];
  });
}
