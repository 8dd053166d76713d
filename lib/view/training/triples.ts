import { transformPositions } from "@/lib/geometry/transforms.ts";
import { linearToPhoto, photoToLinear } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import type { Mesh, Photo, PositionMap, Vec3 } from "@/lib/types.ts";
import { closeHoles, smoothOutline } from "@/lib/geometry/close_holes.ts";
import { drawLandmarks, overlayMesh, positionMapPicture } from "@/lib/view/drawing/draw.ts";

export interface JoinOptions {
  /** Pixels between pictures. */
  readonly gap?: number;
}

/** Pictures from left to right, their tops level, on white. */
export function joinPhotos(photos: readonly Photo[], { gap = 4 }: JoinOptions = {}): Photo {
  const width = photos.reduce((sum, photo) => sum + photo.width + gap, -gap);
  const height = Math.max(...photos.map((photo) => photo.height));
  const rgb = new Uint8Array(3 * width * height).fill(255);
  let left = 0;
  for (const photo of photos) {
    for (let row = 0; row < photo.height; row++) {
      const from = 3 * row * photo.width;
      rgb.set(photo.rgb.subarray(from, from + 3 * photo.width), 3 * (row * width + left));
    }
    left += photo.width + gap;
  }
  return { width, height, rgb };
}

/** Pictures from top to bottom, their left sides level, on white. */
export function stackPhotos(photos: readonly Photo[], { gap = 4 }: JoinOptions = {}): Photo {
  const width = Math.max(...photos.map((photo) => photo.width));
  const height = photos.reduce((sum, photo) => sum + photo.height + gap, -gap);
  const rgb = new Uint8Array(3 * width * height).fill(255);
  let top = 0;
  for (const photo of photos) {
    for (let row = 0; row < photo.height; row++) {
      const from = 3 * row * photo.width;
      rgb.set(photo.rgb.subarray(from, from + 3 * photo.width), 3 * (top + row) * width);
    }
    top += photo.height + gap;
  }
  return { width, height, rgb };
}

/** As many times as wide and high, rounded to whole pixels, bilinear. */
export function enlargePhoto(photo: Photo, factor: number): Photo {
  const width = Math.round(photo.width * factor);
  const height = Math.round(photo.height * factor);
  const rgb = new Uint8Array(3 * width * height);
  for (let row = 0; row < height; row++) {
    const [top, bottom, down] = neighbors((row + 0.5) / factor - 0.5, photo.height);
    for (let column = 0; column < width; column++) {
      const [left, right, across] = neighbors((column + 0.5) / factor - 0.5, photo.width);
      for (let channel = 0; channel < 3; channel++) {
        const at = (y: number, x: number) => photo.rgb[3 * (y * photo.width + x) + channel]!;
        const upper = at(top, left) + (at(top, right) - at(top, left)) * across;
        const lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * across;
        rgb[3 * (row * width + column) + channel] = Math.round(upper + (lower - upper) * down);
      }
    }
  }
  return { width, height, rgb };
}

/** The indices around a place between 0 and count - 1, and how far it is from the first towards the second. */
function neighbors(place: number, count: number): [number, number, number] {
  const inside = Math.min(count - 1, Math.max(0, place));
  const first = Math.floor(inside);
  return [first, Math.min(count - 1, first + 1), inside - first];
}

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

/** [landmarks on the photo, ground-truth mesh overlay, predicted mesh overlay], side by side. */
export function overlayTriple({ input, landmarks, truth, prediction }: OverlayTriple): Photo {
  const factor = enlargement(input);
  const photo = enlargePhoto(input, factor);
  const enlarged = (positions: Float32Array) =>
    transformPositions(positions, { rotation: 0, scale: factor, dx: 0, dy: 0 });
  return joinPhotos([
    drawLandmarks(photo, enlarged(landmarks)),
    overlayMesh(photo, smoothOutline({ ...truth, positions: enlarged(truth.positions) })),
    overlayMesh(photo, smoothOutline({ ...prediction, positions: enlarged(prediction.positions) })),
  ]);
}

/** From the palette of Okabe and Ito. */
const [TRUTH_COLOR, PREDICTION_COLOR] = [[0, 0.17, 0.45], [0.67, 0.11, 0]] as const; // linear light

/** [predicted landmarks on the photo, true mask, predicted mask], side by side: a mask is what the face covers. */
export function maskTriple({ input, landmarks, truth, prediction }: OverlayTriple): Photo {
  const factor = enlargement(input);
  const photo = enlargePhoto(input, factor);
  const enlarged = (positions: Float32Array) =>
    transformPositions(positions, { rotation: 0, scale: factor, dx: 0, dy: 0 });
  const masked = ({ positions, triangles }: Mesh, color: Vec3) => {
    const closed = closeHoles(triangles, positions.length / 3);
    const all = closed.extend(enlarged(positions), 3);
    const image = photoToLinear(photo);
    const colors = all.map((_, i) => color[i % 3]!);
    drawMesh(smoothOutline({ positions: all, triangles: closed.triangles }), image, { colors, opacity: 0.6 });
    return linearToPhoto(image);
  };
  return joinPhotos([
    drawLandmarks(photo, enlarged(landmarks)),
    masked(truth, TRUTH_COLOR),
    masked(prediction, PREDICTION_COLOR),
  ]);
}
