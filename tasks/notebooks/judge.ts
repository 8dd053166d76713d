import { readdir } from "node:fs/promises";
import { checkOutputs, kindsShown, shownClasses } from "@/tasks/notebooks/check_outputs.ts";
import { execute, type ExecuteOptions, type Execution } from "@/tasks/notebooks/execute.ts";
import { keptText, type Notebook, readNotebook } from "@/tasks/notebooks/notebook.ts";

const MOST_BYTES = 1_500_000;

export interface JudgeOptions extends ExecuteOptions {
  /** Whether the notebook is to be kept as it shows itself now; else what it shows is to be as it is kept. */
  readonly isWritten?: boolean;
}

export interface Judgment extends Execution {
  /** The notebook as a file. */
  readonly text: string;
  /** What is wrong with what the cells show; empty where nothing is. */
  readonly complaints: readonly string[];
}

/** Runs a notebook, and judges all that it shows. */
export async function judge(path: string, { isWritten = false, ...options }: JudgeOptions): Promise<Judgment> {
  const kept = await readNotebook(path);
  const execution = await execute(path, options);
  const { notebook } = execution;
  const text = keptText(notebook);
  const complaints = [...checkOutputs(notebook, { classes: await classes }), ...checkSize(text)];
  return { ...execution, text, complaints: isWritten ? complaints : [...complaints, ...checkKept(kept, notebook)] };
}

const classes = readView().then(shownClasses);

async function readView(): Promise<string[]> {
  const folder = new URL("../../lib/view/", import.meta.url);
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".ts"));
  return await Promise.all(names.map((name) => Deno.readTextFile(new URL(name, folder))));
}

function checkSize(text: string): string[] {
  const bytes = new TextEncoder().encode(text).length;
  return bytes > MOST_BYTES ? [`has ${bytes} bytes with its outputs, more than ${MOST_BYTES}`] : [];
}

function checkKept(kept: Notebook, run: Notebook): string[] {
  const [before, now] = [kept, run].map((notebook) => kindsShown(notebook).map(String)) as [string[], string[]];
  const cell = now.findIndex((kinds, index) => kinds !== before[index]);
  if (cell < 0) return [];
  return [`cell ${cell + 1} shows ${now[cell] || "nothing"}, and is kept with ${before[cell] || "nothing"}: --write`];
}
