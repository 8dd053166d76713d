import type { Config } from "@/lib/config.ts";
import { SettingError } from "@/lib/errors.ts";

/** Throws a SettingError for what a training's step cannot be compiled to. */
export function checkCompilation(
  config: Pick<Config, "backend" | "xla" | "precision">,
  { hasRanks }: { /** Whether several processes train together. */ readonly hasRanks: boolean },
): void {
  const { backend } = config;
  const refuse = (setting: "backend" | "xla" | "precision", reason: string) => {
    throw new SettingError((nameOf) => `Cannot set ${nameOf(setting)} to ${config[setting]}: ${reason}`);
  };
  if (config.xla === "on" && hasRanks) {
    refuse("xla", "ranks exchange gradients within the step, which XLA does not compile");
  }
  if (backend === "tensorflow") return;
  if (hasRanks) refuse("backend", "ranks train together on tensorflow alone");
  if (config.xla === "on") refuse("xla", `it compiles for TensorFlow, and the backend is ${backend}`);
  if (config.precision !== "float32") refuse("precision", `TensorFlow alone has it, and the backend is ${backend}`);
}
