import type * as tf from "@tensorflow/tfjs";
import { type Stage, stagesOf } from "@/lib/model/structure.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Photo } from "@/lib/types.ts";
import { SvgFigure } from "@/lib/view/figures/svg_figure.ts";
import {
  FAINT_TEXT_COLOR,
  svgDocument,
  svgElement,
  svgPhoto,
  svgText,
  svgTitle,
  textWidth,
} from "@/lib/view/figures/svg_marks.ts";

export interface DiagramOptions {
  /** What goes in, drawn at the left end; a blank square unless given. */
  readonly input?: Photo;
  /** What comes out, drawn at the right end, such as a `positionMapPicture`. */
  readonly output?: Photo;
}

const RESIDUAL = "residual block";
const colors: Readonly<Record<string, string>> = {
  [RESIDUAL]: "#3aa57f",
  "transposed convolution": "#3b83bd",
};
const OTHER_COLOR = "#bcc0c6";
const LINE_COLOR = "#6b7280";

const HINT = "height: side of the map, width: log of channels";
const TITLE_SIZE = 15;
const MARGIN = 16;
/** Pixels a side of the pictures at both ends. */
const END = 104;
const END_GAP = 20;
/** Height of the stages with the largest maps. */
const MOST_HEIGHT = 220;
/** From one stage to the next. */
const PITCH = { least: 24, most: 60 };
/** Between a stage and the next, for the arrow. */
const GAP = 8;
const HEAD_HEIGHT = 56;
const BOW = 9;
const LEVEL = 16;

/**
 * A network's stages from left to right, as the figure 2 of PRNet's paper has it: heights in proportion to the maps'
 * sides, widths to the logarithm of their channels, residual blocks green and transposed convolutions blue. Made from
 * the model itself, so any network of tf.layers can be drawn.
 */
export async function networkDiagram(
  network: tf.LayersModel,
  { input, output }: DiagramOptions = {},
): Promise<SvgFigure> {
  const stages = stagesOf(network);
  const pitch = clamp((1000 - 2 * (MARGIN + END + END_GAP)) / stages.length, PITCH.least, PITCH.most);
  const legend = legendItems(stages);
  const span = 2 * (END + END_GAP) + stages.length * pitch;
  const title = titleOf(network, stages);
  const titleWidth = textWidth(title, TITLE_SIZE) + 2 * MARGIN + textWidth(HINT);
  const width = Math.ceil(2 * MARGIN + Math.max(span, titleWidth, ...legend.map(({ end }) => end)));
  const left = (width - span) / 2;
  const boxes = placeBoxes(stages, { left: left + END + END_GAP, pitch });
  const skips = placeSkips(stages, boxes);
  const top = Math.min(-MOST_HEIGHT / 2, -END / 2, ...boxes.map(({ roof }) => roof), ...skips.map(({ y }) => y));
  const labels = boxes.map((box, i) => label(stages[i]!, box));
  const runs = findRuns(stages, boxes, labels);
  const bottom = Math.max(
    END / 2 + 44,
    ...boxes.map(({ bottom }, i) => bottom + 8 + labels[i]!.length),
    ...runs.map(({ y }) => y + 22),
  );
  const ends = [
    { photo: input, name: "image", shape: shapeOf(network.inputs[0]!), x: left },
    { photo: output, name: "position map", shape: shapeOf(network.outputs[0]!), x: left + span - END },
  ];
  const drawn = [
    ...await Promise.all(ends.map(drawEnd)),
    ...arrows(stages, boxes, { left: left + END, right: left + span - END }),
    ...boxes.map((box, i) => drawStage(stages[i]!, box)),
    ...skips.map(drawSkip),
    ...labels.map(({ drawn }) => drawn),
    ...runs.map(drawRun),
  ];
  const axis = HEAD_HEIGHT + 12 - top;
  const svg = svgDocument(
    { width, height: Math.ceil(axis + bottom + MARGIN) },
    svgText(title, { x: MARGIN, y: 24, "font-size": TITLE_SIZE, "font-weight": "bold" }) +
      svgText(HINT, { x: width - MARGIN, y: 24, "text-anchor": "end", fill: FAINT_TEXT_COLOR }) +
      legend.map(({ drawn }) => drawn).join("") +
      svgElement("g", { transform: `translate(0 ${Math.round(axis)})` }, drawn.join("")),
  );
  return new SvgFigure(svg, `The network as a diagram. ${title}`);
}

/** Around the axis, at y = 0. */
interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly middle: number;
  /** Above all that is drawn of the stage. */
  readonly roof: number;
}

function placeBoxes(stages: readonly Stage[], { left, pitch }: { left: number; pitch: number }): Box[] {
  const tallest = Math.max(...stages.map(sideOf));
  const logarithms = stages.map(({ outputShape }) => Math.log2(1 + outputShape.at(-1)!));
  const widest = Math.max(...logarithms);
  return stages.map((stage, i) => {
    const half = Math.max(2, MOST_HEIGHT / 2 * sideOf(stage) / tallest);
    const width = (pitch - GAP) * logarithms[i]! / widest;
    const middle = left + (i + 0.5) * pitch;
    const roof = -half - (stage.kind === RESIDUAL ? BOW : 0);
    return { left: middle - width / 2, right: middle + width / 2, top: -half, bottom: half, middle, roof };
  });
}

/** The map's height; 1 for a stage that gives numbers without a place. */
function sideOf({ outputShape }: Stage): number {
  return outputShape.length > 1 ? outputShape[0]! : 1;
}

function drawStage({ name, kind, inputShape, outputShape, parameters, multiplyAdds }: Stage, box: Box): string {
  const { left, right, top, bottom } = box;
  const about = `${name}: ${kind}, ${sizes(inputShape)} to ${sizes(outputShape)}; ${amount(parameters)} weights, ` +
    `${amount(multiplyAdds)} multiply-adds`;
  const shape = { x: left, y: top, width: right - left, height: bottom - top, rx: 1.5 };
  const rectangle = svgElement("rect", { ...shape, fill: colors[kind] ?? OTHER_COLOR }, svgTitle(about));
  if (kind !== RESIDUAL) return rectangle;
  const bow = `M${round(left - 1)} ${round(top - 1)} q0 ${-BOW} ${round((right - left) / 2 + 1)} ${-BOW} ` +
    `t${round((right - left) / 2 + 1)} ${BOW}`;
  return rectangle + svgElement("path", { d: bow, fill: "none", stroke: colors[kind]!, "stroke-width": 1.5 });
}

interface Label {
  readonly drawn: string;
  /** Pixels downwards. */
  readonly length: number;
}

/** The size below a stage, and its kind where its color does not tell it. */
function label({ kind, outputShape }: Stage, { middle, bottom }: Box): Label {
  const size = sizes(outputShape);
  const place = {
    transform: `translate(${round(middle + 4.5)} ${round(bottom + 8)}) rotate(-90)`,
    "text-anchor": "end",
  };
  const isTold = kind in colors;
  const named = isTold ? "" : `<tspan fill="${FAINT_TEXT_COLOR}">${kind}\u2002</tspan>`;
  return {
    drawn: svgElement("text", place, `${named}${size}`),
    length: textWidth(isTold ? size : `${kind}  ${size}`),
  };
}

interface Skip {
  readonly from: Box;
  readonly to: Box;
  /** Height of the line across. */
  readonly y: number;
}

/** Connections past other stages, each above all that it passes, other connections too. */
function placeSkips(stages: readonly Stage[], boxes: readonly Box[]): Skip[] {
  const placed: (Skip & { readonly first: number; readonly last: number })[] = [];
  const wanted = stages.flatMap(({ inputs }, last) =>
    inputs.filter((first) => first >= 0 && first < last - 1).map((first) => ({ first, last }))
  ).sort((a, b) => a.last - a.first - (b.last - b.first));
  for (const { first, last } of wanted) {
    const below = placed.filter((skip) => skip.first < last && skip.last > first).map(({ y }) => y);
    const tops = boxes.slice(first, last + 1).map(({ roof }) => roof);
    const y = Math.min(...tops, ...below) - LEVEL;
    placed.push({ first, last, from: boxes[first]!, to: boxes[last]!, y });
  }
  return placed;
}

function drawSkip({ from, to, y }: Skip): string {
  const [start, end] = [from.middle + 3, to.middle - 3];
  const d = `M${round(start)} ${round(from.roof - 3)} V${round(y + 6)} q0 -6 6 -6 H${round(end - 6)} q6 0 6 6 ` +
    `V${round(to.roof - 7)}`;
  return svgElement("path", { d, fill: "none", stroke: LINE_COLOR, "stroke-width": 1.5 }) +
    svgElement("path", { d: `M${round(end)} ${round(to.roof - 2)} l-3.5 -6 h7 z`, fill: LINE_COLOR });
}

/** From each stage that feeds the next; what feeds another goes around. */
function arrows(
  stages: readonly Stage[],
  boxes: readonly Box[],
  { left, right }: { readonly left: number; readonly right: number },
): string[] {
  const between = stages.flatMap(({ inputs }, i) =>
    inputs.includes(i - 1) ? [arrow(i === 0 ? left : boxes[i - 1]!.right, boxes[i]!.left)] : []
  );
  return [...between, arrow(boxes.at(-1)!.right, right)];
}

function arrow(from: number, to: number): string {
  const line = svgElement("path", { d: `M${round(from + 1)} 0 H${round(to - 4)}`, stroke: LINE_COLOR });
  return line + svgElement("path", { d: `M${round(to - 1)} 0 l-5 -3 v6 z`, fill: LINE_COLOR });
}

interface Run {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly y: number;
}

/** Neighbors of one colored kind, counted below their labels where the count has room. */
function findRuns(stages: readonly Stage[], boxes: readonly Box[], labels: readonly Label[]): Run[] {
  const runs: Run[] = [];
  for (let first = 0, end; first < stages.length; first = end) {
    const { kind } = stages[first]!;
    for (end = first + 1; stages[end]?.kind === kind;) end++;
    const [left, right] = [boxes[first]!.left, boxes[end - 1]!.right];
    const text = `${end - first} ${kind}s`;
    if (!(kind in colors) || end - first < 2 || textWidth(text) > right - left) continue;
    const lowest = boxes.slice(first, end).map(({ bottom }, i) => bottom + 8 + labels[first + i]!.length);
    runs.push({ text, left, right, y: Math.max(...lowest) + 10 });
  }
  return runs;
}

function drawRun({ text, left, right, y }: Run): string {
  const d = `M${round(left)} ${round(y - 4)} v4 H${round(right)} v-4`;
  return svgElement("path", { d, fill: "none", stroke: LINE_COLOR }) +
    svgText(text, { x: (left + right) / 2, y: y + 17, "text-anchor": "middle" });
}

interface End {
  readonly photo: Photo | undefined;
  readonly name: string;
  readonly shape: readonly number[];
  readonly x: number;
}

async function drawEnd({ photo, name, shape, x }: End): Promise<string> {
  const place = { x, y: -END / 2, width: END, height: END };
  const text = { x: x + END / 2, "text-anchor": "middle" };
  return (photo ? await svgPhoto(photo, place) : "") +
    svgElement("rect", { ...place, fill: photo ? "none" : "#f3f4f6", stroke: LINE_COLOR }) +
    svgText(name, { ...text, y: END / 2 + 18, "font-weight": "bold" }) +
    svgText(sizes(shape), { ...text, y: END / 2 + 34 });
}

/** Only of what occurs. */
function legendItems(stages: readonly Stage[]): { readonly drawn: string; readonly end: number }[] {
  const kinds = Object.keys(colors).filter((kind) => stages.some((stage) => stage.kind === kind));
  const entries = [
    ...kinds.map((kind) => ({
      text: kind === RESIDUAL ? `${kind} (bow: shortcut)` : kind,
      color: colors[kind]!,
    })),
    ...stages.some(({ kind }) => !(kind in colors)) ? [{ text: "other, named below", color: OTHER_COLOR }] : [],
  ];
  let end = MARGIN;
  return entries.map(({ text, color }) => {
    const x = end + 18;
    const swatch = svgElement("rect", { x: end, y: 38, width: 12, height: 12, rx: 1.5, fill: color });
    end = x + textWidth(text) + 14;
    return { drawn: swatch + svgText(text, { x, y: 48 }), end };
  });
}

function titleOf({ name }: tf.LayersModel, stages: readonly Stage[]): string {
  const total = (key: "parameters" | "multiplyAdds") => stages.reduce((sum, stage) => sum + stage[key], 0);
  return `${name}: ${amount(total("parameters"))} weights, ${amount(total("multiplyAdds"))} multiply-adds an image`;
}

/** Three digits, and thousands, millions or billions. */
function amount(count: number): string {
  const power = count < 1e3 ? 0 : count < 1e6 ? 1 : count < 1e9 ? 2 : 3;
  return `${Number((count / 1e3 ** power).toPrecision(3))}${["", " k", " M", " G"][power]}`;
}

function sizes(shape: readonly number[]): string {
  return shape.join(" × ");
}

function shapeOf({ shape }: tf.SymbolicTensor): number[] {
  return shape.slice(1).map((side) => side ?? 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
