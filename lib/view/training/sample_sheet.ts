import { counted } from "@/lib/counted.ts";
import type { Sample } from "@/lib/data/sample.ts";
import { rotateSampleBy } from "@/lib/data/synthetic/rotate_sample.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import type { Photo } from "@/lib/types.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";
import { drawLandmarks, overlayMesh, positionMapPicture } from "@/lib/view/drawing/draw.ts";
import { enlargePhoto, joinPhotos, stackPhotos } from "@/lib/view/drawing/join_photos.ts";
import { panelRow } from "@/lib/view/figures/panels.ts";
import { Picture } from "@/lib/view/figures/picture.ts";
import type { SvgFigure } from "@/lib/view/figures/svg_figure.ts";
import { faceMesh } from "@/lib/view/training/face_triples.ts";

export interface SampleSheetOptions {
  /** Pictures in a row. */
  readonly columns?: number;
}

/** The contact sheet of a data set: its samples' photos in rows. */
export function sampleSheet(
  samples: readonly { readonly image: Photo }[],
  { columns = 6 }: SampleSheetOptions = {},
): Picture {
  if (samples.length === 0) throw new RangeError("Cannot lay out no samples: there must be one");
  const photos = samples.map(({ image }) => enlargePhoto(image, Math.ceil(PANEL / image.width)));
  const rows = Array.from(
    { length: Math.ceil(photos.length / columns) },
    (_, row) => joinPhotos(photos.slice(row * columns, (row + 1) * columns)),
  );
  return new Picture(stackPhotos(rows), counted(samples.length, "sample"));
}

/** Pictures are at least this many pixels wide. */
const PANEL = 128;

/** A sample beside what is true of it: its landmarks, its mesh without the neck, and its position map. */
export function labelRow(
  { image, map, landmarks }: Sample,
  { surface }: { readonly surface: FaceSurface },
): Picture {
  const factor = Math.ceil(2 * PANEL / image.width);
  const photo = enlargePhoto(image, factor);
  const grown = (positions: Float32Array) => positions.map((value) => value * factor);
  const { positions, triangles } = faceMesh(map, surface);
  const panels = [
    photo,
    drawLandmarks(photo, grown(landmarks)),
    overlayMesh(photo, { positions: grown(positions), triangles }),
    enlargePhoto(positionMapPicture(map, uvLayout(surface, map.size).valid), factor),
  ];
  return new Picture(joinPhotos(panels), "A picture, its landmarks, its mesh, its position map");
}

export interface RotationRowOptions {
  readonly surface: FaceSurface;
  /** Degrees added to the face's yaw: positive towards the image's left. */
  readonly degrees?: readonly number[];
  /** Whether the 68 landmarks are drawn. */
  readonly landmarks?: boolean;
}

/** A sample beside itself turned further and further, as 300W-LP extends its photos to profiles. */
export async function rotationRow(
  sample: Sample,
  { surface, degrees = [-60, -40, -20, 20, 40, 60], landmarks = false }: RotationRowOptions,
): Promise<SvgFigure> {
  const rotated = rotateSampleBy(sample, { yaws: degrees.map((angle) => angle * DEGREE), surface });
  const panels = [
    ...rotated.map((turned, i) => ({ turned, angle: degrees[i]! })),
    { turned: sample, angle: 0 },
  ].sort((a, b) => a.angle - b.angle).map(({ turned: { image, landmarks: points }, angle }) => {
    const factor = Math.ceil(2 * PANEL / image.width);
    const photo = enlargePhoto(image, factor);
    return {
      picture: landmarks ? drawLandmarks(photo, points.map((value) => value * factor)) : photo,
      label: [angle === 0 ? "the sample" : `${angle > 0 ? "+" : "−"}${Math.abs(angle)}°`],
    };
  });
  const caption = "A sample and its synthesized rotations, by the yaw added";
  return await panelRow(panels, { caption, width: 160 * panels.length, quality: 85 });
}
