import { readLandmarks, readVertices } from "@/lib/data/maps/position_map.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { smoothOutline } from "@/lib/geometry/close_holes.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";
import type { Mesh, Photo, PositionMap } from "@/lib/types.ts";
import { drawDensePoints } from "@/lib/view/drawing/dense_points.ts";
import { drawLandmarks, overlayMesh, positionMapPicture } from "@/lib/view/drawing/draw.ts";
import { enlargePhoto, joinPhotos, stackPhotos } from "@/lib/view/drawing/join_photos.ts";
import { Picture } from "@/lib/view/figures/picture.ts";
import { colorTrackedFace } from "@/lib/view/mesh/colored_face.ts";
import { Turntable } from "@/lib/view/mesh/turntable.ts";

/** Pixels between panels. */
const GAP = 4;
/** Pixels a side. */
const PANEL = 400;
/** Two take the room of three others. */
const SMALL_PANEL = 318;
const WIDE_PANEL = (3 * SMALL_PANEL + GAP) / 2;
/** How far the colored mesh is turned, in radians, so that its form shows. */
const TURN = 28 * DEGREE;

/** Sparse and dense tracking on the photo, and the fitted mesh: three pictures side by side. */
export function trackingPanel(face: TrackedFace): Picture {
  const { photo, landmarks, mesh } = enlarged(face, PANEL);
  const panels = [drawLandmarks(photo, landmarks), drawDensePoints(photo, mesh), overlayMesh(photo, mesh, PLASTER)];
  return new Picture(
    joinPhotos(panels, { gap: GAP }),
    "The 68 landmarks; the surface's points, near ones yellow, far ones blue; the fitted mesh",
  );
}

/** The photo, its landmarks, the surface's points, the mesh, and the mesh by itself in the photo's colors, turned. */
export function trackingPanels(face: TrackedFace): Photo {
  const { photo, landmarks, mesh } = enlarged(face, PANEL);
  return joinPhotos([
    photo,
    drawLandmarks(photo, landmarks),
    drawDensePoints(photo, mesh),
    overlayMesh(photo, mesh, PLASTER),
    faceTurntable(face, PANEL).draw(TURN),
  ], { gap: GAP });
}

/** Nearly hides the photo. */
const PLASTER = { opacity: 0.9 };

/** A face as a network sees it, and its true map. */
export interface Reconstruction extends TrackedFace {
  /** The true map, or what stands for it. */
  readonly target: PositionMap;
  /** [size, size], of the model's UV layout: 0 where the maps mean nothing. */
  readonly valid: Uint8Array;
}

/**
 * The photo with its target map; below, of the predicted map, the landmarks, the surface's points, and the whole mesh in
 * the photo's colors, turned.
 */
export function reconstructionPanel({ target, valid, ...face }: Reconstruction): Picture {
  const wide = (photo: Photo) => enlargePhoto(photo, WIDE_PANEL / photo.width);
  const { photo, landmarks, mesh } = enlarged(face, SMALL_PANEL);
  const below = [
    drawLandmarks(photo, landmarks),
    drawDensePoints(photo, mesh),
    faceTurntable(face, SMALL_PANEL).draw(TURN),
  ];
  return new Picture(
    stackPhotos([
      joinPhotos([wide(face.photo), wide(positionMapPicture(target, valid))], { gap: GAP }),
      joinPhotos(below, { gap: GAP }),
    ], { gap: GAP }),
    "The photo and its target position map; below, predicted: the 68 landmarks, the surface's points, the whole mesh " +
      "colored from the photo",
  );
}

/** The face in its photo's colors, upright and looking at the viewer; its pictures have `size` pixels a side. */
export function faceTurntable(face: TrackedFace, size: number): Turntable {
  const { mesh, colors } = colorTrackedFace(face);
  return new Turntable(mesh, { colors, landmarks: readLandmarks(face.map, face.surface), size });
}

/** Photo, landmarks and mesh as they are in a panel of this size. */
function enlarged(
  { photo, map, surface }: TrackedFace,
  size: number,
): { readonly photo: Photo; readonly landmarks: Float32Array; readonly mesh: Mesh } {
  const scale = size / map.size;
  const positions = readVertices(map, surface).map((value) => value * scale);
  return {
    photo: enlargePhoto(photo, size / photo.width),
    landmarks: readLandmarks(map, surface).map((value) => value * scale),
    mesh: smoothOutline({ positions, triangles: trianglesWithoutNeck(surface) }),
  };
}
