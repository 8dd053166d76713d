import { readLandmarks, readVertices } from "@/lib/data/maps/position_map.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";
import { transformPositions } from "@/lib/geometry/transforms.ts";
import type { Mesh, Photo } from "@/lib/types.ts";
import { roundStep } from "@/lib/view/figures/ticks.ts";
import { colorTrackedFace } from "@/lib/view/mesh/colored_face.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";

/** A face in space over its photo, which lies at z = 0, all in the photo's pixels: z points to the viewer. */
export interface SpaceScene {
  /** The photo with the face's silhouette marked. */
  readonly floor: Photo;
  /** Raised above the floor. */
  readonly face: Mesh;
  /** [vertexCount, 3], sRGB bytes. */
  readonly colors: Uint8Array;
  /** [68, 3], on the face. */
  readonly landmarks: Float32Array;
}

/** Where the z axis may end, in pixels. */
export function sceneHeight({ face }: SpaceScene): number {
  const highest = face.triangles.reduce((most, vertex) => Math.max(most, face.positions[3 * vertex + 2]!), 1);
  return 10 * Math.ceil(highest / 10);
}

/** A round number of pixels between the axes' ticks: four to ten of them along the photo. */
export function sceneTick({ floor }: SpaceScene): number {
  return roundStep(floor.width);
}

/** How far the face's farthest point is above the photo, in crop sides: enough to see the photo below it. */
const RAISED = 0.5;
export function spaceScene(tracked: TrackedFace): SpaceScene {
  const { photo, map, surface } = tracked;
  const size = photo.width;
  const toPhoto = { rotation: 0, scale: size / map.size, dx: 0, dy: 0 };
  const raise = (positions: Float32Array) => positions.map((value, i) => i % 3 === 2 ? value + RAISED * size : value);
  const vertices = transformPositions(readVertices(map, surface), toPhoto);
  const { mesh, colors } = colorTrackedFace(tracked);
  return {
    floor: withSilhouette(photo, { positions: vertices, triangles: trianglesWithoutNeck(surface) }),
    face: { ...mesh, positions: raise(mesh.positions) },
    colors,
    landmarks: raise(transformPositions(readLandmarks(map, surface), toPhoto)),
  };
}

/** How much of the silhouette's color there is over the photo. */
const SILHOUETTE = 0.45;
/** Okabe and Ito's sky blue, which skin never is. */
const SILHOUETTE_COLOR = [86, 180, 233] as const;

function withSilhouette(photo: Photo, mesh: Mesh): Photo {
  const { triangle } = rasterize(mesh, photo);
  const rgb = photo.rgb.map((value, i) =>
    triangle[Math.floor(i / 3)]! < 0
      ? value
      : Math.round((1 - SILHOUETTE) * value + SILHOUETTE * SILHOUETTE_COLOR[i % 3]!)
  );
  return { ...photo, rgb };
}
