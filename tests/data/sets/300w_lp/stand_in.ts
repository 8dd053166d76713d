import { encodeJpeg } from "@/lib/data/files/images.ts";
import type { FittedFace } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import { fittedPlacement } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import type { FittedModel } from "@/lib/data/sets/300w_lp/fitted_faces.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { type MorphableModel, regionNames, shapeFace } from "@/lib/face/morphable_model.ts";
import { linearToPhoto } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import {
  addHarmonics,
  ambientHarmonics,
  directionalHarmonics,
  shadeVertices,
  vertexNormals,
} from "@/lib/geometry/shading.ts";
import { placeInImage } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import type { Photo, Vec3 } from "@/lib/types.ts";
import { fittedFaceFile } from "@/tests/data/sets/300w_lp/fitted_face_writer.ts";

/** Micrometers of a centimeter. */
const MICROMETERS = 1e4;

/**
 * The built-in face's surface with as many modes as the Basel Face Model has, in its unit. Modes are waves over the face, the
 * lower ones first, as a few millimeters as people differ by.
 */
export function standInModel(): FittedModel {
  return standIn ??= makeStandIn();
}

let standIn: FittedModel | undefined;

function makeStandIn(): FittedModel {
  const { surface, ...model } = builtInFace();
  const count = surface.uv.length / 2; // the first of the vertices
  const mean = model.mean.slice(0, 3 * count).map((value) => value * MICROMETERS);
  const random = new Random("stand-in");
  const wave = (rank: number, centimeters: number): Float32Array => {
    const direction = (
      length: number,
    ): Vec3 => [length * random.normal(), length * random.normal(), length * random.normal()];
    const [x, y, z] = direction((0.2 + 0.006 * rank) / MICROMETERS);
    const [dx, dy, dz] = direction(centimeters * MICROMETERS);
    const phase = random.uniform(0, 2 * Math.PI);
    const mode = new Float32Array(mean.length);
    for (let i = 0; i < mean.length; i += 3) {
      const height = Math.sin(phase + x * mean[i]! + y * mean[i + 1]! + z * mean[i + 2]!);
      mode[i] = dx * height;
      mode[i + 1] = dy * height;
      mode[i + 2] = dz * height;
    }
    return mode;
  };
  return {
    model: {
      name: "stand-in",
      mean,
      identityModes: Array.from({ length: 199 }, (_, k) => wave(k, 0.12 / (1 + k / 4))),
      expressionModes: Array.from({ length: 29 }, (_, k) => wave(k, 0.05 / (1 + k / 4))),
      expressionNames: Array.from({ length: 29 }, (_, k) => `component ${k}`),
      triangles: surface.triangles,
      materials: new Uint8Array(surface.triangles.length / 3),
      surface,
      surfaceVertices: Uint32Array.from({ length: count }, (_, v) => v),
    },
    identityDeviations: Float64Array.from({ length: 199 }, (_, k) => 5e5 / (1 + k / 4)),
    expressionDeviations: Float64Array.from({ length: 29 }, (_, k) => 1 / (1 + k / 4)),
  };
}

/** A face of the stand-in, somewhere near the middle of a picture of this side. */
export function randomFit(
  { identityDeviations, expressionDeviations }: FittedModel,
  side: number,
  random: Random,
): FittedFace {
  const amounts = (deviations: ArrayLike<number>) =>
    Float64Array.from(deviations, (deviation) => deviation * random.normal());
  return {
    identity: amounts(identityDeviations),
    expression: amounts(expressionDeviations),
    pose: { pitch: 0.2 * random.normal(), yaw: random.uniform(-1.2, 1.2), roll: 0.2 * random.normal() },
    translation: [side * random.uniform(0.47, 0.53), side * random.uniform(0.47, 0.53), -80],
    scale: side / 450 * random.uniform(0.0011, 0.0014),
  };
}

/** A square picture of the fitted face. */
export function drawFit({ model, ...deviations }: FittedModel, fit: FittedFace, side: number): Photo {
  const positions = placeInImage(
    shapeFace(model, {
      identity: fit.identity.map((amount, k) => amount / deviations.identityDeviations[k]!),
      expression: fit.expression.map((amount, k) => amount / deviations.expressionDeviations[k]!),
    }),
    fittedPlacement(fit, side),
  );
  const image = { width: side, height: side, rgb: new Float32Array(3 * side * side).fill(0.05) };
  const mesh = { positions, triangles: model.surface.triangles };
  const light = addHarmonics(
    ambientHarmonics([0.3, 0.3, 0.3]),
    directionalHarmonics([-0.4, -0.6, 0.7], [0.7, 0.7, 0.7]),
  );
  const colors = shadeVertices(vertexNormals(mesh), { albedo: albedoOf(model), light });
  drawMesh(mesh, image, { colors, backfaces: false });
  return linearToPhoto(image);
}

function albedoOf({ surface: { regions } }: MorphableModel): Float32Array {
  const colors = {
    face: [0.7, 0.5, 0.4],
    eyes: [0.25, 0.2, 0.2],
    nose: [0.8, 0.55, 0.45],
    mouth: [0.6, 0.2, 0.2],
    neck: [0.4, 0.3, 0.25],
  };
  return Float32Array.from([...regions].flatMap((region) => colors[regionNames[region]!]));
}

/**
 * A folder as 300W-LP is one, of so many subjects with so many rotations each, half of them in folders of mirrored photos
 * (which here are others). Returns what was put there, by the photos' names.
 */
export async function writeStandInSet(
  folder: string,
  fitted: FittedModel,
  { subjects, rotations, side = 120 }: {
    readonly subjects: number;
    readonly rotations: number;
    readonly side?: number;
  },
): Promise<Map<string, FittedFace>> {
  const fits = new Map<string, FittedFace>();
  for (let subject = 0; subject < subjects; subject++) {
    const person = randomFit(fitted, side, new Random(`person ${subject}`));
    for (let rotation = 0; rotation < rotations; rotation++) {
      const { pose, translation, scale } = randomFit(fitted, side, new Random(`rotation ${subject} ${rotation}`));
      const fit = { ...person, pose, translation, scale };
      const part = rotation % 2 === 0 ? "LFPW" : "LFPW_Flip";
      const name = `${part}/LFPW_image_train_${String(subject).padStart(4, "0")}_${rotation}`;
      await Deno.mkdir(`${folder}/${part}`, { recursive: true });
      await Deno.writeFile(`${folder}/${name}.jpg`, await encodeJpeg(drawFit(fitted, fit, side)));
      await Deno.writeFile(`${folder}/${name}.mat`, fittedFaceFile(fit));
      fits.set(name, fit);
    }
  }
  return fits;
}
