import { evaluateEach, type Evaluation, landmarkPairs } from "@/lib/evaluate/evaluate.ts";
import { groupByTraits, type TraitedFace } from "@/lib/evaluate/face_groups.ts";
import { foundLandmarks } from "@/lib/evaluate/mapped_faces.ts";
import type { Split } from "@/lib/data/sample.ts";
import {
  countPeople,
  faceErrors,
  JAW,
  type LandmarkErrors,
  landmarkErrors,
  type NmeSummary,
  summarizeErrors,
} from "@/lib/evaluate/nme.ts";
import { mean } from "@/lib/numbers.ts";
import { denseErrors, landmarkErrorsByPart, mapErrorsByRegion, summarizeDense } from "@/lib/evaluate/region_errors.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { drawLandmarks } from "@/lib/view/drawing/draw.ts";
import { enlargePhoto, joinPhotos, stackPhotos } from "@/lib/view/drawing/join_photos.ts";
import {
  binFigures,
  binHeadings,
  countedFaces,
  figure,
  intervalFigure,
  NumberTable,
} from "@/lib/view/evaluation/number_table.ts";
import type { Photo } from "@/lib/types.ts";

/** Which model a card is of, on which faces, and how the card came about. */
export interface CardOrigin {
  /** Its folder, as whoever asked for the card has named it. */
  readonly model: string;
  readonly description: Pick<ModelDescription, "architecture" | "imageSize" | "license">;
  /** In its `model.onnx`, constants included. */
  readonly weightCount: number;
  readonly source: string;
  readonly split: Split;
  readonly seed: number;
  /** Makes the card again. */
  readonly command: string;
}

/** What a model card tells of. */
export interface CardFaces {
  /** Faces of people whom the training has not shown. */
  readonly drawn: readonly TraitedFace[];
  /** The drawn faces' surface, in whose layout truth and prediction are maps. */
  readonly surface: FaceSurface;
  /** Errors on real photos, where there are some. */
  readonly photos?: Evaluation | undefined;
  readonly origin: CardOrigin;
}

/** How much worse than the mean a group of skin tones may be. */
const FAIR = 1.15;

/** Where a model is good and where it fails, as Markdown (Mitchell et al., 2019: model cards). Errors are NME in percent. */
export function modelCard({ drawn, surface, photos, origin }: CardFaces): string {
  const pairs = pairsOf(drawn, surface);
  const overall = landmarkErrors(pairs);
  const errors = faceErrors(pairs);
  const errorOf = new Map(drawn.map((face, i) => [face, errors[i]!]));
  const dense = summarizeDense(drawn.map((face) => denseErrors(mapPair(face), surface)), drawn);
  const groups = groupByTraits(drawn).map(({ trait, label, faces }) => {
    const own = faces.map((face) => errorOf.get(face)!);
    return {
      trait,
      label,
      count: own.length,
      people: countPeople(own),
      nme68_2d: summarizeErrors(own.map((error) => error.nme68_2d), own),
      nme51_2d: mean(own.map(({ landmarks }) => mean([...landmarks.subarray(JAW)]))),
      nme68_3d: mean(own.map((error) => error.nme68_3d)),
    };
  });
  const tones = groups.filter(({ trait }) => trait === "skin tone")
    .map(({ label, nme68_2d }) => ({ label, error: nme68_2d.mean })).sort((a, b) => a.error - b.error);
  const best = tones[0]!, worst = tones.at(-1)!, worstShare = worst.error / overall.nme68_2d.mean;
  const parts = landmarkErrorsByPart(errors);
  const regions = mapErrorsByRegion(drawn.map(mapPair), surface);
  return [
    ...head(origin, countedFaces(overall)),
    `## Drawn faces of unseen people: ${countedFaces(overall)}`,
    "Crops are turned, shifted and scaled as a detector's are, and things stand before faces, as in training. Intervals are " +
    "of other people with all their faces (a cluster bootstrap: Field and Welsh, 2007).",
    new NumberTable(errorRows(overall)).toMarkdown(),
    `The whole surface without the neck, at known correspondence: ${figure(dense.in2d.mean)} in 2D, ${
      figure(dense.in3d.mean)
    } in 3D.`,
    "### By what a picture shows",
    new NumberTable([
      ["", "", "faces", "people", "68, 2D", "95 % interval", "inner 51, 2D", "68, 3D"],
      ...groups.map(({ trait, label, count, people, nme68_2d, nme51_2d, nme68_3d }, i) => [
        groups[i - 1]?.trait === trait ? "" : trait,
        label,
        String(count),
        String(people),
        figure(nme68_2d.mean),
        intervalFigure(nme68_2d),
        figure(nme51_2d),
        figure(nme68_3d),
      ]),
    ]).toMarkdown(),
    "Skin tones by the individual typology angle (Chardon et al., 1991). The worst of their groups, " +
    `${worst.label}, is ${figure(100 * (worstShare - 1))} % off the mean of all, which it is part of: ` +
    `${worstShare <= FAIR ? "within" : "beyond"} the 15 % that are to be kept. ` +
    `It is ${figure(100 * (worst.error / best.error - 1))} % worse than the best, ${best.label}.`,
    "### By part",
    new NumberTable([
      ["landmarks, 2D", ...parts.map(({ name }) => name)],
      ["", ...parts.map(({ error }) => figure(error))],
    ]).toMarkdown(),
    new NumberTable([
      ["surface, 3D", ...regions.map(({ name }) => name)],
      ["", ...regions.map(({ error }) => figure(error))],
    ]).toMarkdown(),
    ...photos ? photoSection(photos) : [],
  ].join("\n\n") + "\n";
}

function head(
  { model, description: { architecture, imageSize, license }, weightCount, source, split, seed, command }: CardOrigin,
  faces: string,
): string[] {
  return [
    `# ${model}`,
    [
      `- Model: \`${architecture}\` at ${imageSize}², ${
        figure(weightCount / 1e6)
      } M weights in \`model.onnx\`, license ` +
      `${license ?? "not said"}`,
      `- Measured on ${faces} of the source \`${source}\`, split \`${split}\`, seed ${seed}`,
      `- Made by \`${command}\``,
    ].join("\n"),
  ];
}

function photoSection(photos: Evaluation): string[] {
  return [
    `## Real photos: ${photos.images}`,
    "Cropped by the true landmarks' box. So few photos are an indication, not a benchmark: see the intervals.",
    new NumberTable([...errorRows(photos), ["mean face, 2D", ...summary(photos.baseline.nme68_2d)]]).toMarkdown(),
  ];
}

function errorRows({ nme68_2d, nme51_2d, jaw17_2d, nme68_3d }: LandmarkErrors): string[][] {
  return [
    ["NME in %", "mean", "95 % interval", ...binHeadings],
    ["68 points, 2D", ...summary(nme68_2d)],
    ["inner 51 points, 2D", ...summary(nme51_2d)],
    ["jaw, 17 points, 2D", ...summary(jaw17_2d)],
    ["68 points, 3D", ...summary(nme68_3d)],
  ];
}

/** Pixels a side of each picture, and how many there are. */
const [SIDE, COLUMNS, ROWS] = [192, 6, 2] as const;

/** Where the model fails most: the faces of the largest errors (68 points, 2D), with the landmarks that it finds. */
export function worstFaces({ drawn, surface }: Pick<CardFaces, "drawn" | "surface">): Photo {
  const found = foundLandmarks(drawn, surface);
  const errors = evaluateEach(drawn, { found }).map(({ nme68_2d }, i) => ({ error: nme68_2d, i }));
  const worst = errors.sort((a, b) => b.error - a.error).slice(0, COLUMNS * ROWS);
  const pictures = worst.map(({ i }) => {
    const { image } = drawn[i]!;
    const factor = SIDE / image.width;
    return drawLandmarks(enlargePhoto(image, factor), found[i]!.map((value) => value * factor));
  });
  const rows = Array.from({ length: ROWS }, (_, row) => pictures.slice(COLUMNS * row, COLUMNS * (row + 1)));
  return stackPhotos(rows.filter((row) => row.length > 0).map((row) => joinPhotos(row)));
}

function mapPair({ map, prediction, landmarks }: TraitedFace) {
  return { truth: map, prediction, landmarks };
}

function pairsOf(faces: readonly TraitedFace[], surface: FaceSurface) {
  return landmarkPairs(faces, foundLandmarks(faces, surface));
}

function summary(errors: NmeSummary): string[] {
  return [figure(errors.mean), intervalFigure(errors), ...binFigures(errors)];
}
