import type { ProgressListener } from "@/lib/progress.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";
import type { Photo } from "@/lib/types.ts";
import { faceTurntable, trackingPanel } from "@/lib/view/drawing/tracking_panel.ts";
import { escapeHtml } from "@/lib/view/figures/picture.ts";
import type { PlotlyFigure } from "@/lib/view/figures/plotly_figure.ts";
import { colorTrackedFace } from "@/lib/view/mesh/colored_face.ts";
import { meshFigure, type MeshFigureOptions } from "@/lib/view/mesh/mesh_figure.ts";
import { Video } from "@/lib/view/mesh/video.ts";
import { figureTag, renderPage } from "@/lib/view/report/report_page.ts";

export interface TurningOptions {
  /** Pixels a side. */
  readonly size?: number;
  /** Length of one turn to both sides and back, after which it begins again. */
  readonly seconds?: number;
  readonly framesPerSecond?: number;
  readonly onProgress?: ProgressListener;
}

/** The face's mesh in its photo's colors, turning. */
export function turningFace(
  face: TrackedFace,
  { size = 320, seconds = 4, framesPerSecond = 24, onProgress }: TurningOptions = {},
): Video {
  const count = Math.max(1, Math.round(seconds * framesPerSecond));
  const frames: Photo[] = [];
  for (const frame of faceTurntable(face, size).frames(count)) {
    frames.push(frame);
    onProgress?.(frames.length / count);
  }
  return new Video(frames, "The face's mesh in its photo's colors, turning", { framesPerSecond });
}

/** The face's mesh in its photo's colors, to turn by mouse; small enough for a notebook unless the options say more. */
export function faceFigure(face: TrackedFace, options: MeshFigureOptions = {}): PlotlyFigure {
  const { mesh, colors } = colorTrackedFace(face);
  return meshFigure(mesh, colors, options);
}

/** What stands on the page beside the face. */
export interface TurningPageContent {
  readonly title: string;
  readonly video: Video;
}

/** One HTML file that needs no network: the tracking on the photo, the mesh to turn by mouse, the video. */
export async function turningPage(face: TrackedFace, { title, video }: TurningPageContent): Promise<string> {
  const panel = trackingPanel(face);
  const body = `<h1>${escapeHtml(title)}</h1>
<section><h2>Landmarks, dense points, fitted mesh</h2>
<div class="triples">${await panel.toHtml()}</div>
<p>${escapeHtml(panel.caption)}.</p></section>
<section><h2>The mesh in the photo’s colors: drag to turn</h2>
<div class="fitted">${await video.toHtml()}${figureTag("mesh", faceFigure(face, { vertexCount: Infinity }))}</div>
<p>What the photo does not show takes the color of the other side of the face.</p></section>`;
  return await renderPage({ title, body });
}
