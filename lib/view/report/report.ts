import { type Config, settingText } from "@/lib/config.ts";
import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";
import type { MetricsRow } from "@/lib/train/run_folder.ts";
import type { Photo } from "@/lib/types.ts";
import { enlargePhoto } from "@/lib/view/drawing/join_photos.ts";
import type { ErrorPictures } from "@/lib/view/evaluation/error_pictures.ts";
import { ErrorTable } from "@/lib/view/evaluation/error_table.ts";
import { ofPeople } from "@/lib/view/evaluation/number_table.ts";
import { expressionParts } from "@/lib/view/report/expression_parts.ts";
import { escapeHtml, Picture } from "@/lib/view/figures/picture.ts";
import { faceFigure } from "@/lib/view/mesh/turning_face.ts";
import { figureTag, renderPage } from "@/lib/view/report/report_page.ts";
import type { Triples } from "@/lib/view/training/face_triples.ts";
import { curveFigure, lossCurves } from "@/lib/view/training/curve_figure.ts";

export interface ReportContent {
  readonly title: string;
  /** One sentence, such as what it ran on. */
  readonly summary: string;
  readonly config: Config;
  readonly metrics: readonly MetricsRow[];
  readonly evaluation: Evaluation;
  /** The same faces in the same order: validation faces, or some of its own where a run overfits. */
  readonly triples: Pick<Triples, "maps" | "masks">;
  /** Errors of the faces that the evaluation measured. */
  readonly errors: ErrorPictures;
  /** With the predicted map. */
  readonly face: TrackedFace;
}

/** One HTML file that needs no network: the errors, curves, triples, a mesh to turn, the settings. */
export async function renderReport(content: ReportContent): Promise<string> {
  const { title, summary, config, metrics, evaluation, triples, errors, face } = content;
  const overfits = config.overfitBatches > 0; // and is looked at on its own batches
  const tested = overfits ? "the faces it was trained on" : "held-out faces";
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    result(evaluation, tested),
    `<p>${escapeHtml(summary)}</p>`,
    section(`Error on ${tested}`, `<div class="scroll">${new ErrorTable(evaluation).toHtml()}</div>`, errorNote),
    section(
      "Error by yaw and by part of the face",
      figureTag("cumulative", errors.cumulative),
      `<div class="scroll">${errors.regions.toHtml()}</div>`,
    ),
    ...evaluation.expressions ? [section("Expressions", ...expressionParts(evaluation.expressions))] : [],
    section("Best, median and worst", `<div class="wide">${errors.gallery.toHtml()}</div>`, galleryNote),
    section("Learning curves", ...curves(metrics)),
    section(overfits ? "Faces it was trained on" : "Validation faces", await tripleGrid(triples), mapNote),
    section("A fitted mesh, colored from its photo: drag to turn", await fittedFace(face)),
    section("Settings", settingsList(config)),
  ];
  return await renderPage({ title, body: body.join("\n") });
}

function result({ nme68_2d, images, people, baseline }: Evaluation, tested: string): string {
  return `<p class="result">NME ${nme68_2d.mean.toFixed(2)} % on ${images} ${tested}${
    ofPeople(people)
  } (68 points, 2D); ` +
    `the mean face has ${baseline.nme68_2d.mean.toFixed(2)} %.</p>`;
}

const errorNote = `<p>NME is the mean distance of the 68 landmarks from the true ones, divided by the square root of the
area of the true landmarks’ box. The whole surface is all that the map has, without the neck. The mean face is the answer
of someone who does not look: the mean landmarks of the training set.</p>`;

const mapNote = `<p>A position map holds, for each point of the face’s surface, where it is in the photo: x, y and depth
as red, green and blue. A mask is what the face covers of the photo. Maps and masks are shown without the neck.</p>`;

function section(heading: string, ...parts: string[]): string {
  return `<section>\n<h2>${escapeHtml(heading)}</h2>\n${parts.join("\n")}\n</section>`;
}

function curves(metrics: readonly MetricsRow[]): string[] {
  const nme = curveFigure(metrics, {
    curves: [
      { metric: "validation/nme68_2d", label: "68 points, 2D", color: "#c2410c" },
      { metric: "validation/nme68_3d", label: "68 points, 3D", color: "#7c3aed" },
    ],
    yLabel: "validation NME in %",
  });
  return [figureTag("loss", lossCurves(metrics)), figureTag("nme", nme)];
}

const galleryNote =
  `<p>Ranked by the NME of the 68 points in 2D. Colors show how far each point of the predicted surface
is from where it is, in space, once the mean depths are equal.</p>`;

async function tripleGrid({ maps, masks }: ReportContent["triples"]): Promise<string> {
  return `<div class="triples">\n${await tripleColumn(["photo", "true position map", "predicted map"], maps)}\n` +
    `${await tripleColumn(["predicted landmarks", "true mask", "predicted mask"], masks)}\n</div>`;
}

async function tripleColumn(labels: readonly string[], photos: readonly Photo[]): Promise<string> {
  const heads = labels.map((label) => `<span>${label}</span>`).join("");
  const tags = await Promise.all(photos.map((photo) => new Picture(photo, labels.join(", ")).toHtml()));
  return `<div><div class="columns">${heads}</div>\n${tags.join("\n")}</div>`;
}

async function fittedFace(face: TrackedFace): Promise<string> {
  const picture = new Picture(enlargePhoto(face.photo, Math.ceil(400 / face.photo.width)), "the photo");
  const figure = figureTag("mesh", faceFigure(face, { vertexCount: Infinity }));
  return `<div class="fitted">${await picture.toHtml()}${figure}</div>`;
}

function settingsList(config: Config): string {
  const rows = Object.entries(config).map(([key, value]) =>
    `<div><dt>${key}</dt><dd>${escapeHtml(settingText(value)) || "–"}</dd></div>`
  );
  return `<dl class="settings">${rows.join("\n")}</dl>`;
}
