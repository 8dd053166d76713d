import { Option } from "commander";

/** Which trained model a task uses: the weights that come along unless one is named. */
export function modelOption(): Option {
  return new Option("--model <folder>", "a trained model, or a run's folder")
    .default(`${import.meta.dirname}/../data/weights/lite`, "data/weights/lite");
}

/** What a trained model runs on: the processor, or any GPU. */
export type CropBackend = "cpu" | "webgpu";

export function backendOption(): Option {
  return new Option("--backend <name>", "what the model runs on: the processor, or any GPU through WebGPU")
    .choices(["cpu", "webgpu"] satisfies CropBackend[]).default("cpu");
}
