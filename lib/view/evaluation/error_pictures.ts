import { readLandmarks } from "@/lib/data/maps/position_map.ts";
import { evaluateEach } from "@/lib/evaluate/evaluate.ts";
import type { MadeFace } from "@/lib/evaluate/held_out.ts";
import { landmarkErrorsByPart, mapErrorsByRegion } from "@/lib/evaluate/region_errors.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import type { ProgressListener } from "@/lib/progress.ts";
import type { PositionMap } from "@/lib/types.ts";
import { cumulativeFigure } from "@/lib/view/evaluation/cumulative_figure.ts";
import { galleryFigure, type GalleryGroup, groupByYaw } from "@/lib/view/evaluation/gallery.ts";
import type { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";
import { regionFigure } from "@/lib/view/evaluation/region_figure.ts";
import type { SvgFigure } from "@/lib/view/figures/svg_figure.ts";

/** What an evaluation's errors look like. */
export interface ErrorPictures {
  /** The share of faces below each error, by yaw. */
  readonly cumulative: PlotlyFigure;
  /** By part of the face. */
  readonly regions: SvgFigure;
  /** Best, median and worst faces, by yaw and by what is covered. */
  readonly gallery: SvgFigure;
}

export interface PicturedErrors {
  /** What the network makes of each face. */
  readonly maps: readonly PositionMap[];
  readonly surface: FaceSurface;
  /** More groups of faces to show; see `groupByCover`. */
  readonly groups?: readonly GalleryGroup[];
  readonly onProgress?: ProgressListener | undefined;
}

/** The errors of faces whose whole truth is known, by yaw, by part of the face, and face by face. */
export async function pictureErrors(
  faces: readonly MadeFace[],
  { maps, surface, groups = [], onProgress }: PicturedErrors,
): Promise<ErrorPictures> {
  const errors = evaluateEach(faces, { found: maps.map((map) => readLandmarks(map, surface)) });
  const pairs = faces.map(({ map, landmarks }, i) => ({ truth: map, prediction: maps[i]!, landmarks }));
  const judged = faces.map((face, i) => ({ ...face, prediction: maps[i]! }));
  return {
    cumulative: cumulativeFigure(errors),
    regions: regionFigure([
      { title: "68 points, 2D", errors: landmarkErrorsByPart(errors) },
      { title: "whole surface, 3D", errors: mapErrorsByRegion(pairs, surface) },
    ]),
    gallery: await galleryFigure([...groupByYaw(judged), ...groups], { surface, onProgress }),
  };
}
