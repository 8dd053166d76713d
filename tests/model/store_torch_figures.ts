/**
 * Writes prnet_torch_figures.json, for machines without PyTorch.
 * deno run --allow-run=python3 --allow-read --allow-write --allow-env tests/model/store_torch_figures.ts
 */
import { torchAnswers } from "./prnet_answers.ts";
import { figuresByTensor, figuresFile, prnetCases } from "./prnet_cases.ts";

const figures: Record<string, unknown> = {};
for (const [name, prnetCase] of Object.entries(prnetCases)) {
  figures[name] = figuresByTensor(await torchAnswers("python3", prnetCase));
}
const rounded = (_: string, value: unknown) => typeof value === "number" ? Number(value.toPrecision(6)) : value;
await Deno.writeTextFile(figuresFile, JSON.stringify(figures, rounded)); // `deno fmt` makes it readable
