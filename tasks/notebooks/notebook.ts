import { InputError } from "@/lib/errors.ts";

/** A Jupyter notebook, format 4, as far as it is used here. */
export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

export interface Cell {
  readonly cell_type: "markdown" | "code" | "raw";
  readonly source: string | readonly string[];
  readonly outputs?: readonly Output[];
}

export interface Output {
  readonly output_type: "stream" | "display_data" | "execute_result" | "error";
  /** A stream's: "stdout" or "stderr". */
  readonly name?: string;
  readonly text?: string | readonly string[];
  /** By media type. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** An error's class and its message. */
  readonly ename?: string;
  readonly evalue?: string;
}

/** Throws an InputError where the text is no notebook. */
export function parseNotebook(text: string, path: string): Notebook {
  try {
    const notebook: Notebook = JSON.parse(text);
    notebook.cells.forEach(sourceOf);
    return notebook;
  } catch {
    throw new InputError(`Cannot check ${path}: it is not a notebook, JSON with cells`);
  }
}

export async function readNotebook(path: string): Promise<Notebook> {
  return parseNotebook(await Deno.readTextFile(path), path);
}

export function codeCells({ cells }: Notebook): Cell[] {
  return cells.filter(({ cell_type }) => cell_type === "code");
}

export function sourceOf({ source }: Cell): string {
  return joined(source);
}

/** Notebooks keep texts as lines or as one string. */
export function joined(text: string | readonly string[]): string {
  return typeof text === "string" ? text : text.join("");
}

/**
 * The notebook as it is kept: what changes from run to run or machine to machine without a change of what is shown is
 * left out, and the order of keys and the indentation are Jupyter's own, so that differences stay small.
 */
export function keptText({ cells, nbformat, nbformat_minor }: Notebook): string {
  const kept = {
    cells: cells.map((cell) => ({
      ...cell,
      metadata: {},
      source: lines(cell.source),
      ...cell.outputs && { outputs: mergeStreams(cell.outputs).map(keptOutput) },
    })),
    metadata: {
      kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
      language_info: {
        codemirror_mode: "typescript",
        file_extension: ".ts",
        mimetype: "text/x.typescript",
        name: "typescript",
        nbconvert_exporter: "script",
        pygments_lexer: "typescript",
      },
    },
    nbformat,
    nbformat_minor,
  };
  return `${compactBundles(JSON.stringify(sortKeys(kept), null, 1))}\n`;
}

/** A number a line would make figures twice as large. */
function compactBundles(text: string): string {
  return text.replaceAll(
    /^( *)("application\/[^"]*json": )(\{$[^]*?^\1\})/gm,
    (_, indent, key, bundle) => `${indent}${key}${JSON.stringify(JSON.parse(bundle))}`,
  );
}

/** What a cell prints comes in several messages, cut by chance. */
function mergeStreams(outputs: readonly Output[]): Output[] {
  const merged: Output[] = [];
  for (const output of outputs) {
    const last = merged.at(-1);
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
      merged[merged.length - 1] = { ...last, text: joined(last.text!) + joined(output.text!) };
    } else merged.push(output);
  }
  return merged;
}

function keptOutput(output: Output): Output {
  if (output.text !== undefined) return { ...output, text: lines(output.text) };
  if (!output.data) return output;
  const data = Object.entries(output.data).map(([type, value]) => [type, isText(type) ? lines(value) : value]);
  return { ...output, data: Object.fromEntries(data) };
}

function isText(type: string): boolean {
  return type.startsWith("text/") || type === "image/svg+xml";
}

function lines(text: unknown): string[] {
  return joined(text as string | readonly string[]).match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, inner]) => [key, sortKeys(inner)]),
  );
}
