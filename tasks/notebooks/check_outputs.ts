import { homedir, hostname, tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { codeCells, joined, type Notebook, type Output, sourceOf } from "@/tasks/notebooks/notebook.ts";

/** What the classes of lib that show themselves give a notebook; of alternatives, one is enough. */
const shownTypes: Readonly<Record<string, readonly string[][]>> = {
  Picture: [["image/jpeg", "image/png", "image/webp"]],
  PlotlyFigure: [["application/vnd.plotly.v1+json"], ["image/svg+xml", "image/jpeg", "image/png"]],
  SvgFigure: [["image/svg+xml"]],
  ErrorTable: [["text/html"]],
  ComparisonTable: [["text/html"]],
  LossFigure: [["text/markdown"]],
  Video: [["text/html"], ["image/jpeg"]],
};

export interface CheckOutputsOptions {
  /** The class of what functions of lib give, by the function's name; see `shownClasses`. */
  readonly classes: ReadonlyMap<string, string>;
  /** Places of this machine, which outputs must not name. */
  readonly places?: readonly string[];
}

/** What is wrong with the outputs of an executed notebook, cell by cell; nothing where all are there and of their kinds. */
export function checkOutputs(
  notebook: Notebook,
  { classes, places = placesHere() }: CheckOutputsOptions,
): string[] {
  const complaints: string[] = [];
  for (const [index, cell] of codeCells(notebook).entries()) {
    const outputs = cell.outputs ?? [];
    const failure = outputs.find(({ output_type }) => output_type === "error");
    if (failure) return [...complaints, `cell ${index + 1} fails: ${errorText(failure)}`]; // none after it has run
    const found = [...unfit(sourceOf(cell), outputs, classes), ...outputs.flatMap((output) => wrong(output, places))];
    complaints.push(...found.map((complaint) => `cell ${index + 1} ${complaint}`));
  }
  return complaints;
}

/** Whether a cell throws: those after it have not run. */
export function hasFailed(notebook: Notebook): boolean {
  return codeCells(notebook).some(({ outputs = [] }) => outputs.some(({ output_type }) => output_type === "error"));
}

/** What each cell of code shows: its kinds of output, with their media types. */
export function kindsShown(notebook: Notebook): string[][] {
  return codeCells(notebook).map(({ outputs = [] }) => [
    ...new Set(outputs.flatMap(({ output_type, data }) => [output_type, ...Object.keys(data ?? {}).sort()])),
  ]);
}

/** The functions whose source says that they give what shows itself, with the class of that. */
export function shownClasses(sources: readonly string[]): Map<string, string> {
  const names = Object.keys(shownTypes).join("|");
  const signature = new RegExp(
    `^export (?:async )?function (\\w+)\\((?:(?!^})[^])*?\\): (?:Promise<)?(${names})>? \\{$`,
    "gm",
  );
  const classes = new Map(Object.keys(shownTypes).map((name) => [name, name]));
  for (const source of sources) {
    for (const declaration of source.split(/^(?=export )/m)) {
      for (const [, name, shown] of declaration.matchAll(signature)) classes.set(name!, shown!);
    }
  }
  return classes;
}

/** The last expression of a cell, which it shows; undefined where the cell ends in a statement. */
export function shownExpression(source: string): string | undefined {
  const code = source.trimEnd().replace(/\s*\/\/ [^\n]*$/, ""); // without a comment at its end
  if (/[;}]$/.test(code)) return undefined;
  const lines = code.split("\n");
  const first = lines.findLastIndex((line) => /^[\w("'`[]/.test(line));
  return lines.slice(first).join("\n");
}

function unfit(source: string, outputs: readonly Output[], classes: ReadonlyMap<string, string>): string[] {
  const has = (...types: Output["output_type"][]) => outputs.some(({ output_type }) => types.includes(output_type));
  const complaints: string[] = [];
  if (/\bconsole\.log\(/.test(source) && !has("stream")) complaints.push("prints, and its output has no stream");
  if (/^ *(?:await )?Deno\.jupyter\.display\(/m.test(source) && !has("display_data")) {
    complaints.push("displays, and its output has no display data");
  }
  const displayed = typesOf(outputs, "display_data");
  for (const [, called] of source.matchAll(/\bDeno\.jupyter\.display\(\s*(?:await )?(?:new )?(\w+)\(/g)) {
    complaints.push(...missing(called!, displayed, classes));
  }
  const expression = shownExpression(source);
  if (expression === undefined) {
    // the kernel takes any expression statement's value, the last one's, for that of the cell
    return has("execute_result")
      ? [...complaints, "shows the value of a statement: a const takes it away"]
      : complaints;
  }
  if (!has("execute_result")) return [...complaints, "ends in an expression, and shows nothing"];
  const types = typesOf(outputs, "execute_result");
  const [, called] = expression.match(/^(?:await )?(?:new )?(\w+)\(/) ?? [];
  complaints.push(...missing(called ?? "", types, classes));
  if (types.every((type) => type === "text/plain")) complaints.push("shows plain text only");
  return complaints;
}

/** The media types of all outputs of one kind. */
function typesOf(outputs: readonly Output[], kind: Output["output_type"]): string[] {
  return outputs.filter(({ output_type }) => output_type === kind).flatMap(({ data }) => Object.keys(data ?? {}));
}

/** What an output lacks of what the called function gives. */
function missing(called: string, types: readonly string[], classes: ReadonlyMap<string, string>): string[] {
  return (shownTypes[classes.get(called) ?? ""] ?? [])
    .filter((alternatives) => !alternatives.some((type) => types.includes(type)))
    .map((alternatives) => `shows ${types.join(", ")}; of ${called}, ${alternatives.join(" or ")} is wanted`);
}

function wrong({ output_type, name, text, data = {} }: Output, places: readonly string[]): string[] {
  const complaints: string[] = [];
  if (output_type === "stream" && name === "stderr") complaints.push(`writes to standard error: ${joined(text!)}`);
  for (const [type, value] of Object.entries(data)) {
    if (!wellFormed(type, value)) complaints.push(`shows ${type} that is none`);
  }
  const readable = [text === undefined ? "" : joined(text), JSON.stringify(data).replaceAll(/[\w+/]{80,}=*/g, "")];
  for (const place of places) {
    if (readable.some((part) => part.includes(place))) complaints.push(`names a place of this machine: ${place}`);
  }
  return complaints;
}

/** How many frames each animated WebP in the HTML has. */
function videosIn(html: string): number[] {
  const videos = [...html.matchAll(/data:image\/webp;base64,([\w+/=]*)/g)].map(([, data]) => atob(data!));
  return videos.map((bytes) => bytes.split("ANMF").length - 1);
}

/** By its first bytes, or by the parts that it must have. */
function wellFormed(type: string, value: unknown): boolean {
  const start = starts[type];
  if (start) return joined(value as string).trimStart().startsWith(start);
  if (type === "image/webp") return /^RIFF....WEBP/s.test(atob(joined(value as string).slice(0, 16)));
  if (type === "text/html") return videosIn(joined(value as string)).every((frames) => frames > 1);
  if (type !== "application/vnd.plotly.v1+json") return joined(value as string).trim() !== "";
  const { data, layout } = value as { data?: readonly unknown[]; layout?: unknown };
  return Array.isArray(data) && data.length > 0 && typeof layout === "object";
}

/** Images are in base64, the letters of which stand for the first bytes. */
const starts: Readonly<Record<string, string>> = {
  "image/jpeg": "/9j/",
  "image/png": "iVBORw0KGgo",
  "image/svg+xml": "<svg",
};

function errorText({ ename, evalue }: Output): string {
  return `${ename ?? "error"}: ${evalue ?? ""}`.trim();
}

function placesHere(): string[] {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  return [root, `${homedir()}/`, `${tmpdir()}/`, hostname()].filter((place) => place.length > 3);
}
