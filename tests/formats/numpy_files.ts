import { hasModules, plainPython } from "@/tests/python.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** Whether there is a NumPy to write files. */
export const hasNumpy = await hasModules("numpy");

export type NumpyArray =
  | { readonly shape: readonly number[]; readonly values: Float32Array | Float64Array | Uint32Array | Uint8Array }
  | string
  | readonly string[];

const script = `
import json, sys, numpy as np
folder, path, save = sys.argv[1:]
arrays = {}
for name, facts in json.load(open(folder + "/arrays.json")).items():
    if "texts" in facts: arrays[name] = np.array(facts["texts"])
    else: arrays[name] = np.fromfile(folder + "/" + name, facts["type"]).reshape(facts["shape"])
getattr(np, save)(path, **arrays)
`;

/** Has NumPy write arrays as an NPZ: deflated, unless only `savez` is asked for. */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, NumpyArray>>,
  save: "savez" | "savez_compressed" = "savez_compressed",
): Promise<void> {
  await using folder = await temporaryFolder();
  const facts: Record<string, object> = {};
  for (const [name, array] of Object.entries(arrays)) {
    if (typeof array === "string" || !("shape" in array)) facts[name] = { texts: array };
    else {
      const { shape, values } = array;
      facts[name] = { shape, type: values.constructor.name.replace("Array", "").toLowerCase() };
      await Deno.writeFile(
        `${folder.path}/${name}`,
        new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength),
      );
    }
  }
  await Deno.writeTextFile(`${folder.path}/arrays.json`, JSON.stringify(facts));
  await plainPython(script, folder.path, path, save);
}
