import { Option } from "commander";
import { sourceKinds } from "@/lib/data/sources/open_source.ts";
import { sourceSettings } from "@/tasks/settings.ts";

/** Which trained model a task uses: the weights that come along unless one is named. */
export function modelOption(): Option {
  return new Option("--model <folder>", "a trained model, or a run's folder")
    .default(`${import.meta.dirname}/../data/weights/lite`, "data/weights/lite, a heatmap network");
}

/** What a trained model runs on: the processor, or any GPU. */
export type CropBackend = "cpu" | "webgpu";

export function backendOption(): Option {
  return new Option("--backend <name>", "what the model runs on: the processor, or any GPU through WebGPU")
    .choices(["cpu", "webgpu"] satisfies CropBackend[]).default("cpu");
}

interface SourceOptions {
  /** What is wanted of the source: "held-out faces". */
  readonly about: string;
  /** What it is unless it is named. */
  readonly otherwise: string;
}

/** Where faces come from: --source, and a flag for each setting that sources take; `sourceOf` reads them. */
export function sourceOptions({ about, otherwise }: SourceOptions): Option[] {
  const kinds = Object.entries(sourceKinds).map(([name, { about }]) => `${name} (${about})`).join(", ");
  return [
    new Option("--source <name>", `${about}: ${kinds} (default: ${otherwise})`),
    ...sourceSettings().map(({ flag, isPath, about }) => new Option(`${flag} <${isPath ? "path" : "value"}>`, about)),
  ];
}

/** How commands name the flags that say which held-out faces there are: with photos to measure on, there are none. */
export const heldOutFlags = [
  "source",
  ...sourceSettings().map(({ attribute }) => attribute),
  "testSamples",
  "seed",
];
