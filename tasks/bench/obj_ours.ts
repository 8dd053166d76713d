import OBJFile from "obj-file-parser";
import { parseObj } from "@/lib/face/obj/obj.ts";
import type { ObjContestant } from "./obj.ts";
import { contestantOptions, serve } from "./serve.ts";

const { file, reader } = contestantOptions<ObjContestant>();
const WARM_UP_TIMES = 3;
const TIMES = 3;

async function read(): Promise<void> {
  const text = await Deno.readTextFile(file);
  if (reader === "posmap") parseObj(text, file);
  else new OBJFile(text).parse();
}

for (let time = 0; time < WARM_UP_TIMES; time++) await read();
await serve(async () => {
  const start = performance.now();
  for (let time = 0; time < TIMES; time++) await read();
  return [{ unit: "ms", value: (performance.now() - start) / TIMES }];
});
