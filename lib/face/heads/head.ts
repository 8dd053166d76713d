import { findLandmarks, type FoundLandmarks, type LandmarkGround } from "@/lib/face/find_landmarks.ts";
import { isOfFace } from "@/lib/face/heads/face_area.ts";
import { landmarkEntries, outlineOf, renumberPoints, type SurfaceLandmarks } from "@/lib/face/landmarks.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { type LandmarkLists, listLandmarks } from "@/lib/face/obj/landmark_lists.ts";
import type { ObjPolygon } from "@/lib/face/obj/obj.ts";
import {
  checkLayout,
  choosePolygons,
  type ObjAxes,
  objModel,
  type ObjModelParts,
  turn,
} from "@/lib/face/obj/obj_model.ts";
import { triangulate } from "@/lib/face/obj/obj_surface.ts";
import { boundsOf, meanPoint } from "@/lib/geometry/vectors.ts";

/** A head as its files have it, of whatever kind they are, before it is known where its landmarks must be. */
export interface Head extends Omit<ObjModelParts, "landmarks"> {
  readonly axes: ObjAxes;
  /** [vertexCount], the number that its file has for each vertex, where that is another one. */
  readonly fileVertices?: Uint32Array;
  /** Where its files tell. */
  readonly landmarks?: SurfaceLandmarks | undefined;
  /** Whether the position map covers only the face of its surface, the part about the landmarks without ears, scalp and neck. */
  readonly coversFace?: boolean;
  /** License of anything made from it, such as weights. */
  readonly license?: string;
}

/** What of a head landmarks can lie on, in the model's axes, about its middle: far from 0, single precision would move it. */
export function skinOf({ axes, ...parts }: Head): LandmarkGround {
  const { mesh, path } = parts;
  const triangles = Uint32Array.from(
    choosePolygons(parts).covered.flatMap(({ vertices }) => triangulate(vertices).flat()),
  );
  const turned = turn(axes, path)(mesh.positions);
  const { low, high } = boundsOf(turned, triangles);
  const middle = meanPoint([low, high]);
  return { positions: Float32Array.from(turned, (value, i) => value - middle[i % 3]!), triangles };
}

/** Where a head's landmarks are by laying this model on it; see {@linkcode findLandmarks}. */
export function findHeadLandmarks(head: Head, template: MorphableModel): FoundLandmarks {
  return findLandmarks(skinOf(head), template);
}

/** Landmarks on a head's vertices as lists of those that its file has, which `readHead` takes again. */
export function listHeadLandmarks({ fileVertices }: Head, landmarks: SurfaceLandmarks): LandmarkLists {
  const entries = landmarkEntries(landmarks).map(([name, points]) =>
    [name, fileVertices ? renumberPoints(points, fileVertices) : points] as const
  );
  return listLandmarks(Object.fromEntries(entries));
}

/** The face model of a head with these landmarks. Throws an InputError where it cannot be the surface of a position map. */
export function headModel(head: Head, landmarks: SurfaceLandmarks): MorphableModel {
  return objModel({ ...head.coversFace ? withFaceApart(head, landmarks) : head, landmarks });
}

/**
 * Throws an InputError where the texture coordinates of a head cannot be those of a position map, wherever its landmarks are;
 * the face is where these are now.
 */
export function checkHeadLayout(head: Head, landmarks: SurfaceLandmarks): void {
  checkLayout(head.coversFace ? withFaceApart(head, landmarks) : head);
}

/** The same head, whose surface is its face, and whose skin besides is drawn alone. */
function withFaceApart(head: Head, landmarks: SurfaceLandmarks): Head {
  const { mesh } = head;
  const isSkin = ({ material }: ObjPolygon) => head.surface?.includes(material) ?? true;
  const isFace = isOfFace(mesh.polygons.filter(isSkin).map(({ vertices }) => vertices), {
    positions: skinOf(head).positions,
    outline: outlineOf(landmarks),
  }).values();
  const polygons = mesh.polygons.map((polygon) =>
    isSkin(polygon) && isFace.next().value ? { ...polygon, material: FACE } : polygon
  );
  return { ...head, mesh: { ...mesh, polygons }, surface: [FACE] };
}

const FACE = "face";
