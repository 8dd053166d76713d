import { poseOfLandmarks } from "@/lib/face/head_pose.ts";
import {
  defaultConvention,
  eyeCornerDistance,
  type LandmarkConvention,
  landmarkEntries,
  landmarksOf,
  valuesAt,
} from "@/lib/face/landmarks.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";
import type { PoseAngles } from "@/lib/geometry/transforms.ts";
import { distanceBetween, pointAt } from "@/lib/geometry/vectors.ts";
import { lightVisibility } from "@/lib/geometry/visibility.ts";
import type { ModelFit } from "@/lib/track/face_fitter.ts";

/** What is known of one face of a picture, as numbers: `face.json`, and the lines of a list of faces. */
export interface FaceRecord {
  /**
   * The picture as it is shown, whose pixels all places here are in: upright after its file's EXIF orientation, 1 to 8, where
   * 1 means that the file's own pixels are these.
   */
  readonly picture: { readonly width: number; readonly height: number; readonly orientation: number };
  /** Degrees, as 3DDFA and 300W-LP have them; none where the model does not say how its face looks at rest. */
  readonly pose?: PoseAngles;
  readonly convention: LandmarkConvention;
  /** 68 rows of x, y, z: the picture's pixels, x right, y down, z towards the viewer. */
  readonly landmarks: readonly (readonly number[])[];
  /** The same in the other conventions that the model knows. */
  readonly landmarksByConvention: Readonly<Record<string, readonly (readonly number[])[]>>;
  /** 68 numbers from 0, hidden by the face itself, to 1, seen. */
  readonly visibility: readonly number[];
  readonly crop: { readonly left: number; readonly top: number; readonly side: number };
  /** From 0 to 1; the detector's is missing where the user said where the face is. */
  readonly scores: { readonly detector?: number; readonly fit: number };
  /** Expressions by name, 0 to 1; missing where the model says none. */
  readonly expressions?: Readonly<Record<string, number>>;
}

export interface RecordedModel {
  readonly surface: FaceSurface;
  /** [68, 3], model space; see `poseOfLandmarks`. */
  readonly neutralLandmarks?: Float32Array | undefined;
  readonly expressionNames?: readonly string[] | undefined;
}

export interface RecordOptions {
  /** Where it was found: its pixels across, its file's upright, and EXIF's orientation, as `decodePhoto` gives them. */
  readonly photo: Readonly<Record<"width" | "fileWidth" | "fileHeight" | "orientation", number>>;
  readonly detectorScore?: number | undefined;
}

/** Describes a fit in numbers, rounded to a hundredth of a pixel or a degree. */
export function faceRecord(
  fit: ModelFit,
  { surface, neutralLandmarks, expressionNames = [] }: RecordedModel,
  { photo: { width, fileWidth, fileHeight, orientation }, detectorScore }: RecordOptions,
): FaceRecord {
  const inFile = (value: number) => hundredths(fileWidth / width * value);
  const convention = defaultConvention(surface.landmarks);
  const rows = (points: Float32Array) =>
    Array.from({ length: points.length / 3 }, (_, i) => [...points.subarray(3 * i, 3 * i + 3)].map(inFile));
  const others = landmarkEntries(surface.landmarks).filter(([name]) => name !== convention);
  return {
    picture: { width: fileWidth, height: fileHeight, orientation },
    ...neutralLandmarks && { pose: poseInDegrees(poseOfLandmarks(fit.landmarks, neutralLandmarks)) },
    convention,
    landmarks: rows(fit.landmarks),
    landmarksByConvention: Object.fromEntries(
      others.map(([name, points]) => [name, rows(valuesAt(points, fit.vertices))]),
    ),
    visibility: [...landmarkVisibility(fit, surface)].map(hundredths),
    crop: { left: inFile(fit.crop.left), top: inFile(fit.crop.top), side: inFile(fit.crop.side) },
    scores: { ...detectorScore !== undefined && { detector: hundredths(detectorScore) }, fit: hundredths(fit.score) },
    ...fit.expressions.length > 0 && {
      expressions: Object.fromEntries(expressionNames.map((name, i) => [name, hundredths(fit.expressions[i]!)])),
    },
  };
}

/** How far a landmark may be from the surface that it is seen by, in distances between the outer eye corners. */
const BESIDE = 0.03;

/**
 * [68], how much of each landmark the picture shows, as far as the face itself hides it: that of its place or, where it
 * lies on an edge that turns away, such as a lid's, of the surface beside it.
 */
function landmarkVisibility({ vertices, landmarks }: ModelFit, surface: FaceSurface): Float32Array {
  const mesh = { positions: vertices, triangles: surface.triangles };
  const visible = lightVisibility(mesh, [0, 0, 1], { normals: vertexNormals(mesh), size: 256 });
  const reach = BESIDE * eyeCornerDistance(landmarks);
  return valuesAt(landmarksOf(surface.landmarks), visible, { dimensions: 1 }).map((own, landmark) => {
    const place = pointAt(landmarks, landmark);
    return visible.reduce((most, share, v) => {
      return share > most && distanceBetween(pointAt(vertices, v), place) <= reach ? share : most;
    }, own);
  });
}

/** Rounded to hundredths. */
export function poseInDegrees({ pitch, yaw, roll }: PoseAngles): PoseAngles {
  const degrees = (radians: number) => hundredths(radians / DEGREE);
  return { pitch: degrees(pitch), yaw: degrees(yaw), roll: degrees(roll) };
}

/** Rounded to hundredths, as short as JSON can have it. */
export function hundredths(value: number): number {
  return Math.round(100 * value) / 100;
}
