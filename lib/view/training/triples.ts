import { closeHoles, smoothOutline } from "@/lib/geometry/close_holes.ts";
import { linearToPhoto, photoToLinear } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import type { Mesh, Photo, PositionMap, Vec3 } from "@/lib/types.ts";
import { drawLandmarks, overlayMesh, positionMapPicture } from "@/lib/view/drawing/draw.ts";
import { enlargePhoto, joinPhotos } from "@/lib/view/drawing/join_photos.ts";

/** Panels are at least this many pixels wide, so that lines drawn on small crops can be read. */
const PANEL = 256;

function enlargement({ width }: Photo): number {
  return Math.ceil(PANEL / width);
}

/** A crop, its true map and the predicted one. */
export interface MapTriple {
  readonly input: Photo;
  readonly truth: PositionMap;
  readonly prediction: PositionMap;
  /** [size, size], of the model's UV layout: 0 where the map means nothing. */
  readonly valid: Uint8Array;
}

/** [input, ground-truth map, prediction], side by side. */
export function mapTriple({ input, truth, prediction, valid }: MapTriple): Photo {
  const panels = [input, positionMapPicture(truth, valid), positionMapPicture(prediction, valid)];
  return joinPhotos(panels.map((panel) => enlargePhoto(panel, enlargement(panel))));
}

/** A crop, and the face in it: true mesh, predicted mesh, predicted landmarks. */
export interface OverlayTriple {
  readonly input: Photo;
  /** [68, 3], predicted, in the photo's pixels. */
  readonly landmarks: Float32Array;
  /** In the photo's pixels, as the other. */
  readonly truth: Mesh;
  readonly prediction: Mesh;
}

/** The same, enlarged. */
function enlarged({ input, landmarks, truth, prediction }: OverlayTriple): OverlayTriple {
  const factor = enlargement(input);
  const grown = (positions: Float32Array) => positions.map((value) => value * factor);
  return {
    input: enlargePhoto(input, factor),
    landmarks: grown(landmarks),
    truth: { ...truth, positions: grown(truth.positions) },
    prediction: { ...prediction, positions: grown(prediction.positions) },
  };
}

/** [landmarks on the photo, ground-truth mesh overlay, predicted mesh overlay], side by side. */
export function overlayTriple(triple: OverlayTriple): Photo {
  const { input, landmarks, truth, prediction } = enlarged(triple);
  const overlays = [truth, prediction].map((mesh) => overlayMesh(input, smoothOutline(mesh)));
  return joinPhotos([drawLandmarks(input, landmarks), ...overlays]);
}

/** From the palette of Okabe and Ito. */
const [TRUTH_COLOR, PREDICTION_COLOR] = [[0, 0.17, 0.45], [0.67, 0.11, 0]] as const; // linear light

/** [predicted landmarks on the photo, true mask, predicted mask], side by side: a mask is what the face covers. */
export function maskTriple(triple: OverlayTriple): Photo {
  const { input, landmarks, truth, prediction } = enlarged(triple);
  return joinPhotos([
    drawLandmarks(input, landmarks),
    masked(input, truth, TRUTH_COLOR),
    masked(input, prediction, PREDICTION_COLOR),
  ]);
}

function masked(photo: Photo, { positions, triangles }: Mesh, color: Vec3): Photo {
  const closed = closeHoles(triangles, positions.length / 3);
  const all = closed.close(positions);
  const image = photoToLinear(photo);
  const colors = all.map((_, i) => color[i % 3]!);
  drawMesh({ positions: all, triangles: closed.triangles }, image, { colors, opacity: 0.6 });
  return linearToPhoto(image);
}
