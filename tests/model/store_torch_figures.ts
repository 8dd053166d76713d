/**
 * Writes torch_figures.json, for machines without PyTorch.
 * deno run --allow-run=python3 --allow-read --allow-write --allow-env --allow-sys tests/model/store_torch_figures.ts
 */
import { torchAnswers } from "./torch_answers.ts";
import { figuresByTensor, figuresFile, networkCases } from "./torch_cases.ts";

const figures: Record<string, unknown> = {};
for (const [name, networkCase] of Object.entries(networkCases)) {
  figures[name] = figuresByTensor(await torchAnswers(networkCase));
}
const rounded = (_: string, value: unknown) => typeof value === "number" ? Number(value.toPrecision(6)) : value;
await Deno.writeTextFile(figuresFile, JSON.stringify(figures, rounded)); // `deno fmt` makes it readable
