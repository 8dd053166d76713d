import type { Answers, NetworkCase } from "./torch_answers.ts";
import { hashedValues } from "./hashed_values.ts";

export const networkCases = {
  "prnet, small": { architecture: "prnet", imageSize: 64, width: 4, batch: 2, statistics: "batch", times: 2 },
  "prnet, published": { architecture: "prnet", imageSize: 256, width: 16, batch: 1, statistics: "moving", times: 1 },
  "lite, small": { architecture: "lite", imageSize: 64, width: 4, batch: 2, statistics: "batch", times: 2 },
  "heatmap, small": { architecture: "heatmap", imageSize: 64, width: 4, batch: 2, statistics: "batch", times: 2 },
  "lite at 256": { architecture: "lite", imageSize: 256, width: 16, batch: 1, statistics: "moving", times: 1 },
} as const satisfies Readonly<Record<string, NetworkCase>>;

/** What stands for a tensor: its norm, its largest magnitude, and values at some places, the same ones for each name. */
export type Figures = readonly [norm: number, largest: number, ...samples: number[]];

/** PyTorch's figures by case and tensor; store_torch_figures.ts writes them. */
export const figuresFile = new URL("./torch_figures.json", import.meta.url);

const SAMPLE_COUNT = 3;

export function figuresOf(name: string, values: Float32Array): Figures {
  let [squares, largest] = [0, 0];
  for (const value of values) {
    squares += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  const places = hashedValues(`samples of ${name}`, SAMPLE_COUNT);
  return [Math.sqrt(squares), largest, ...Array.from(places, (place) => values[Math.floor(place * values.length)]!)];
}

export function figuresByTensor(answers: Answers): Record<string, Figures> {
  return Object.fromEntries([...answers].map(([name, values]) => [name, figuresOf(name, values)]));
}
