import { Option } from "commander";

/** Which trained model a task uses: the weights that come along unless one is named. */
export function modelOption(): Option {
  return new Option("--model <folder>", "a trained model, or a run's folder")
    .default(`${import.meta.dirname}/../data/weights/lite`, "data/weights/lite");
}
