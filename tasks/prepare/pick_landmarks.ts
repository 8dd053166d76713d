import { fileURLToPath } from "node:url";
import * as z from "zod";
import { InputError } from "@/lib/errors.ts";
import { type Head, skinOf } from "@/lib/face/heads/head.ts";
import { choosePolygons } from "@/lib/face/obj/obj_model.ts";
import type { SurfaceLandmarks } from "@/lib/face/landmarks.ts";
import { listLandmarks, parseLandmarks } from "@/lib/face/obj/landmark_lists.ts";
import { triangulate } from "@/lib/face/obj/obj_surface.ts";
import { headToPick, pickedLandmarks } from "@/tasks/pick/protocol.ts";
import { bundleScripts } from "@/tasks/serve/bundle_scripts.ts";
import { addressOf, servePage } from "@/tasks/serve/page_server.ts";
import { readPageStyle } from "@/tasks/serve/page_style.ts";

const page = fileURLToPath(new URL("../pick/", import.meta.url));
/** Most bytes of the landmarks as the page sends them, in two conventions. */
const MOST_BYTES = 2 ** 16;
/** Never called: it only makes a package, which is bundled, a part of what is installed. */
const _package = () => import("three");

export interface Picking {
  /** Where they are at first. */
  readonly landmarks: SurfaceLandmarks;
  /** Where the model will be, for the page to tell. */
  readonly out: string;
  readonly port: number;
  readonly signal: AbortSignal;
  /** Called with the address, once the page is there. */
  readonly onServing: (address: string) => void;
  /** Makes what is made of them; the page shows an InputError's sentence, and landmarks can be moved again. */
  readonly finish: (landmarks: SurfaceLandmarks) => Promise<void>;
}

/** Has a person place a head's landmarks in a page, which this computer alone can see, and ends when they are saved. */
export async function pickLandmarks(head: Head, picking: Picking): Promise<void> {
  const files = await pickFiles(head, picking);
  for (const name of ["run", "env"] as const) await Deno.permissions.revoke({ name }); // bundling needed them
  const { port, signal, finish } = picking;
  const saved = Promise.withResolvers<void>();
  const save = async (sent: unknown) => {
    const { data } = pickedLandmarks.safeParse(sent);
    if (!data) throw new InputError("Cannot use what the page sent: lists of 68 landmarks were wanted");
    await finish(parseLandmarks(data.landmarks, head.path));
    saved.resolve();
  };
  const server = servePage(files, {
    hostname: "127.0.0.1",
    port,
    actions: { save: { mostBytes: MOST_BYTES, act: save } },
    signal,
  });
  picking.onServing(addressOf(server.addr));
  await Promise.race([saved.promise, server.finished]);
  await server.shutdown(); // answers first
  signal.throwIfAborted();
}

/** Facts about a head that the page gets. */
export function factsOf(head: Head, { landmarks, out }: Pick<Picking, "landmarks" | "out">) {
  const { positions, triangles: skin } = skinOf(head);
  const { polygons, covered } = choosePolygons(head), own = new Set(covered);
  const rest = polygons.filter((polygon) => !own.has(polygon));
  return {
    name: head.path,
    out,
    positions,
    skin,
    rest: Uint32Array.from(rest.flatMap(({ vertices }) => triangulate(vertices).flat())),
    landmarks: listLandmarks(landmarks),
  };
}

async function pickFiles(
  head: Head,
  picking: Pick<Picking, "landmarks" | "out">,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const facts = z.encode(headToPick, factsOf(head, picking));
  return new Map([
    ["index.html", await Deno.readFile(`${page}index.html`)],
    ["page.css", await readPageStyle()],
    ["pick.css", await Deno.readFile(`${page}pick.css`)],
    ["head.json", new TextEncoder().encode(JSON.stringify(facts))],
    ...await bundleScripts(page, ["pick.ts"]),
  ]);
}
