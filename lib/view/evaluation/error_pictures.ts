import { evaluateEach } from "@/lib/evaluate/evaluate.ts";
import { type FaceGroup, foundLandmarks, type JudgedFace } from "@/lib/evaluate/mapped_faces.ts";
import { landmarkErrorsByPart, mapErrorsByRegion } from "@/lib/evaluate/region_errors.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import type { ProgressListener } from "@/lib/progress.ts";
import { cumulativeFigure } from "@/lib/view/evaluation/cumulative_figure.ts";
import { galleryFigure, groupByYaw } from "@/lib/view/evaluation/gallery.ts";
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
  readonly surface: FaceSurface;
  /** More groups of faces to show. */
  readonly groups?: readonly FaceGroup[];
  readonly onProgress?: ProgressListener | undefined;
}

/** The errors of faces by yaw, by part of the face, and face by face. */
export async function pictureErrors(
  faces: readonly JudgedFace[],
  { surface, groups = [], onProgress }: PicturedErrors,
): Promise<ErrorPictures> {
  const errors = evaluateEach(faces, { found: foundLandmarks(faces, surface) });
  const pairs = faces.map(({ map, ...face }) => ({ ...face, truth: map }));
  return {
    cumulative: cumulativeFigure(errors),
    regions: regionFigure([
      { title: "68 points, 2D", errors: landmarkErrorsByPart(errors) },
      { title: "whole surface, 3D", errors: mapErrorsByRegion(pairs, surface) },
    ]),
    gallery: await galleryFigure([...groupByYaw(faces), ...groups], { surface, onProgress }),
  };
}
