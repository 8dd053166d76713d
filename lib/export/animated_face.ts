import { encodeGlb } from "@/lib/export/glb.ts";
import { metersPerUnit } from "@/lib/export/exported_mesh.ts";
import { expressionPlaces } from "@/lib/export/expression_places.ts";
import { InputError } from "@/lib/errors.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { materialNames, meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { type PoseAngles, poseRotation } from "@/lib/geometry/transforms.ts";
import { mean } from "@/lib/numbers.ts";
import type { Vec3 } from "@/lib/types.ts";

/** What a face does at one time. */
export interface FaceMoment {
  /** Seconds. */
  readonly time: number;
  /** From 0 to 1, by name; missing ones are 0. */
  readonly expressions: Readonly<Record<string, number>>;
  readonly pose?: PoseAngles | undefined;
}

/** The expressions of a face model that are said, be it by both sides of them or by the whole. Throws an InputError where it has none. */
export function sharedExpressions(
  { name, expressionNames }: Pick<MorphableModel, "name" | "expressionNames">,
  said: readonly string[],
): readonly string[] {
  const all = [...new Set(said)];
  const shared = expressionNames.filter((expression) => expressionPlaces(expression, all).length > 0);
  if (shared.length > 0) return shared;
  throw new InputError(
    `Cannot move the face model "${name}": it has none of the ${all.length} expressions that are said`,
  );
}

/** sRGB. */
const colors: Readonly<Record<(typeof materialNames)[number], Vec3>> = {
  skin: [222, 184, 160],
  sclera: [240, 236, 232],
  iris: [96, 74, 56],
  pupil: [18, 16, 16],
  lashes: [48, 36, 32],
  teeth: [236, 230, 216],
  gums: [186, 106, 104],
  scalp: [206, 170, 148],
};

/**
 * A face model's mean as a GLB that does what these moments say: its expressions are morph targets whose weights move, and
 * its head turns. Moments come in order of time. Throws an InputError where the model has none of the expressions.
 */
export async function animatedFace(
  model: MorphableModel,
  moments: readonly FaceMoment[],
): Promise<Uint8Array<ArrayBuffer>> {
  const said = [...new Set(moments.flatMap(({ expressions }) => Object.keys(expressions)))];
  const names = sharedExpressions(model, said), places = names.map((name) => expressionPlaces(name, said));
  const shapeOf = (name: string) => model.expressionModes[model.expressionNames.indexOf(name)]!;
  const vertexColors = new Uint8Array(model.mean.length);
  model.materials.forEach((material, t) => {
    for (const vertex of model.triangles.subarray(3 * t, 3 * t + 3)) {
      vertexColors.set(colors[materialNames[material]!], 3 * vertex);
    }
  });
  return await encodeGlb({ positions: model.mean, triangles: model.triangles, colors: vertexColors }, {
    metersPerUnit: metersPerUnit(valuesAt(meshLandmarks(model), model.mean)),
    isLit: true,
    morphs: { names, shapes: names.map(shapeOf) },
    motion: {
      times: Float32Array.from(moments, ({ time }) => time),
      weights: Float32Array.from(
        moments.flatMap(({ expressions }) =>
          places.map((of) => mean(of.map((place) => expressions[said[place]!] ?? 0)))
        ),
      ),
      ...moments.every(({ pose }) => pose) && { rotations: moments.map(({ pose }) => poseRotation(pose!)) },
    },
  });
}
