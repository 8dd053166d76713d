import { landmarkParts, landmarksOfPart, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { linearToPhoto } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import {
  addHarmonics,
  ambientHarmonics,
  directionalHarmonics,
  shadeVertices,
  vertexNormals,
} from "@/lib/geometry/shading.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { boundsOf, pointAt } from "@/lib/geometry/vectors.ts";
import type { Photo, Vec3 } from "@/lib/types.ts";
import { joinPhotos } from "@/lib/view/drawing/join_photos.ts";
import { Picture } from "@/lib/view/figures/picture.ts";

/** Pixels a side of each view, and of a dot. */
const [SIDE, DOT] = [640, 7];
const YAWS = [0, 0.7];
const SAMPLES = 2;
/** Depth behind the mesh from which a landmark is not shown, as a share of a view's side. */
const HIDDEN = 0.12;
/** Colors of the landmarks' parts, in sRGB. */
const dotColors: readonly Vec3[] = [[255, 200, 0], [0, 220, 255], [255, 80, 200], [255, 40, 40], [90, 255, 90]];

/** A model's face at rest from the front and from the side, with its 68 landmarks, colored by part. */
export function landmarkPicture(model: MorphableModel): Picture {
  const views = joinPhotos(YAWS.map((yaw) => viewOf(model, yaw)), { gap: 0 });
  return new Picture(views, `The 68 landmarks of ${model.name}`);
}

function viewOf(model: MorphableModel, yaw: number): Photo {
  const marks = meshLandmarks(model);
  const rotation = poseRotation({ pitch: 0, yaw, roll: 0 });
  const turned = placeInImage(model.mean, { rotation, scale: 1, translation: [0, 0, 0] });
  const { low, high } = boundsOf(valuesAt(marks, turned));
  const scale = 0.6 * SIDE / Math.max(high[0] - low[0], high[1] - low[1]);
  const positions = turned.map((value, i) =>
    scale * (value - (low[i % 3]! + high[i % 3]!) / 2) + (i % 3 === 2 ? 0 : SIDE / 2)
  );
  const mesh = { positions, triangles: model.triangles };
  const light = addHarmonics(
    ambientHarmonics([0.25, 0.25, 0.25]),
    directionalHarmonics([-0.4, -0.5, 0.75], [0.6, 0.6, 0.6]),
  );
  const albedo = new Float32Array(positions.length).fill(0.6);
  const image = { width: SIDE, height: SIDE, rgb: new Float32Array(3 * SIDE * SIDE).fill(0.03) };
  const { triangle, weights, width } = drawMesh(mesh, image, {
    samples: SAMPLES,
    colors: shadeVertices(vertexNormals(mesh), { albedo, light }),
  });
  const photo = linearToPhoto(image);
  const at = valuesAt(marks, positions);
  landmarkParts.forEach((part, p) => {
    for (const landmark of landmarksOfPart(part)) {
      const [x, y, z] = pointAt(at, landmark);
      if (depthAt(x, y) < z + HIDDEN * SIDE) dot(photo.rgb, x, y, dotColors[p]!);
    }
  });
  return photo;

  function depthAt(x: number, y: number): number {
    const k = Math.floor(SAMPLES * y) * width + Math.floor(SAMPLES * x);
    const t = triangle[k] ?? -1;
    if (t < 0) return -Infinity;
    return [0, 1, 2].reduce(
      (sum, corner) => sum + weights[3 * k + corner]! * positions[3 * mesh.triangles[3 * t + corner]! + 2]!,
      0,
    );
  }
}

function dot(rgb: Uint8Array, x: number, y: number, color: Vec3): void {
  for (let row = 0; row < DOT; row++) {
    for (let column = 0; column < DOT; column++) {
      const [px, py] = [Math.floor(x) + column - (DOT >> 1), Math.floor(y) + row - (DOT >> 1)];
      const isRim = [row, column].some((k) => k === 0 || k === DOT - 1); // dark, to be seen on any skin
      if (px >= 0 && px < SIDE && py >= 0 && py < SIDE) rgb.set(isRim ? [0, 0, 0] : color, 3 * (py * SIDE + px));
    }
  }
}
