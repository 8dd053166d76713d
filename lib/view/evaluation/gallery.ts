import { counted } from "@/lib/counted.ts";
import { readLandmarks } from "@/lib/data/maps/position_map.ts";
import { warpPhoto } from "@/lib/data/maps/warp.ts";
import type { FaceGroup, JudgedFace } from "@/lib/evaluate/mapped_faces.ts";
import { nme, yawBinOf } from "@/lib/evaluate/nme.ts";
import { vertexErrors } from "@/lib/evaluate/region_errors.ts";
import { type FaceSurface, NECK } from "@/lib/face/morphable_model.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";
import { quantile } from "@/lib/numbers.ts";
import type { ProgressListener } from "@/lib/progress.ts";
import type { Photo } from "@/lib/types.ts";
import { drawLandmarks } from "@/lib/view/drawing/draw.ts";
import { colorbar, errorMap } from "@/lib/view/evaluation/error_map.ts";
import { binHeadings } from "@/lib/view/evaluation/number_table.ts";
import { SvgFigure } from "@/lib/view/figures/svg_figure.ts";
import { FAINT_TEXT_COLOR, svgDocument, svgPhoto, svgText } from "@/lib/view/figures/svg_marks.ts";

/** Groups by yaw, of the bins that hold a face. */
export function groupByYaw<Face extends { readonly yaw: number }>(
  faces: readonly Face[],
): { readonly bin: number; readonly label: string; readonly faces: readonly Face[] }[] {
  return binHeadings.map((label, bin) => ({ bin, label, faces: faces.filter(({ yaw }) => yawBinOf(yaw) === bin) }))
    .filter(({ faces }) => faces.length > 0);
}

const [SIDE, GAP, PAIR_GAP, LABEL_WIDTH, HEAD, FOOT] = [150, 4, 18, 146, 30, 24];
const COLORBAR_WIDTH = 108;
const ranks = ["best", "median", "worst"] as const;

/**
 * The best, the median and the worst face of each group by their NME (68 points, 2D): each with the predicted
 * landmarks, and with the distance of its whole surface from the truth in color.
 */
export async function galleryFigure(
  groups: readonly FaceGroup[],
  { surface, onProgress }: {
    readonly surface: FaceSurface;
    readonly onProgress?: ProgressListener | undefined;
  },
): Promise<SvgFigure> {
  const pairWidth = 2 * SIDE + GAP;
  const left = (rank: number) => LABEL_WIDTH + rank * (pairWidth + PAIR_GAP);
  const parts = ranks.map((rank, i) =>
    svgText(rank, { x: left(i) + pairWidth / 2, y: 19, "text-anchor": "middle", "font-weight": "bold" })
  );
  const rows = groups.map(({ label, faces }) => ({ label, faces, shown: ranked(faces, surface) }));
  const most = mostShown(rows.flatMap(({ shown }) => shown), surface);
  for (const [row, { label, faces, shown }] of rows.entries()) {
    const top = HEAD + row * (SIDE + FOOT);
    parts.push(svgText(label, { x: 8, y: top + SIDE / 2, "font-weight": "bold" }));
    parts.push(svgText(counted(faces.length, "face"), { x: 8, y: top + SIDE / 2 + 18, fill: FAINT_TEXT_COLOR }));
    for (const { rank, face, error } of shown) {
      onProgress?.(row / rows.length);
      const [photo, map] = panels(face, { surface, most });
      const place = { y: top, width: SIDE, height: SIDE };
      const degrees = Math.round(Math.abs(face.yaw) / DEGREE);
      parts.push(
        await svgPhoto(photo, { x: left(rank), ...place }),
        await svgPhoto(map, { x: left(rank) + SIDE + GAP, ...place }),
        svgText(`NME ${error.toFixed(2)} %, yaw ${degrees}°`, {
          x: left(rank) + pairWidth / 2,
          y: top + SIDE + 16,
          "text-anchor": "middle",
        }),
      );
    }
  }
  const barLeft = left(ranks.length) - PAIR_GAP + 14;
  const height = HEAD + groups.length * (SIDE + FOOT) + 4;
  parts.push(colorbar({ x: barLeft, y: HEAD + 32, height: SIDE - 32, most }));
  ["distance in %", "of face size"].forEach((text, i) =>
    parts.push(svgText(text, { x: barLeft, y: HEAD + 8 + 15 * i }))
  );
  const svg = svgDocument({ width: barLeft + COLORBAR_WIDTH, height }, parts.join(""));
  const said = groups.map(({ label, faces }) => `${label}, ${counted(faces.length, "face")}`).join("; ");
  return new SvgFigure(
    svg,
    `Best, median and worst face: ${said}. Predicted landmarks, and the surface's error up to ${most} %`,
  );
}

interface Ranked {
  /** Its place in {@linkcode ranks}. */
  readonly rank: number;
  readonly face: JudgedFace;
  /** Percent. */
  readonly error: number;
}

/** Each face once where there are fewer than three. */
function ranked(faces: readonly JudgedFace[], surface: FaceSurface): Ranked[] {
  const sorted = faces.map((face) => ({
    face,
    error: nme({ predicted: readLandmarks(face.prediction, surface), truth: face.landmarks }, 2),
  })).sort((a, b) => a.error - b.error);
  const last = sorted.length - 1;
  const places = [0, Math.floor(last / 2), last];
  return places.flatMap((place, rank) => places.indexOf(place) === rank ? [{ rank, ...sorted[place]! }] : []);
}

/** Percent, of which one is where the scale of errors ends. */
const ends = [2, 4, 6, 10, 14, 20, 30, 50];
const MOST_OF_A_FACE = 0.9;

/** In percent: the first of the ends below which most of a typical face lies; the worst ones are not asked. */
function mostShown(faces: readonly Ranked[], surface: FaceSurface): number {
  const typical = faces.filter(({ rank }) => rank < ranks.length - 1).map(({ face }) => {
    const errors = vertexErrors({ ...face, truth: face.map }, surface).filter((_, v) => surface.regions[v] !== NECK);
    return quantile(errors, MOST_OF_A_FACE);
  });
  const middle = quantile(typical, 0.5);
  return ends.find((end) => end >= middle) ?? ends.at(-1)!;
}

/** Pixels a side of the pictures: twice what they are shown at would double the size for little. */
const PIXELS = 200;

function panels(
  face: JudgedFace,
  { surface, most }: { readonly surface: FaceSurface; readonly most: number },
): [Photo, Photo] {
  const scale = PIXELS / face.image.width;
  const transform = { rotation: 0, scale, dx: 0, dy: 0 };
  const image = warpPhoto(face.image, { transform, width: PIXELS, height: PIXELS });
  const landmarks = readLandmarks(face.prediction, surface).map((value) => value * scale);
  const { landmarks: truth, map, prediction } = face;
  const pair = { truth: map, prediction, landmarks: truth };
  return [drawLandmarks(image, landmarks), errorMap({ image, ...pair }, { surface, most })];
}
