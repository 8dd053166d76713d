import { fileURLToPath } from "node:url";
import * as z from "zod";
import { counted } from "@/lib/counted.ts";
import { encodeJpeg } from "@/lib/data/files/images.ts";
import { cropPhoto, cropToImage, imageToCrop } from "@/lib/data/maps/crop.ts";
import { readVertices } from "@/lib/data/maps/position_map.ts";
import type { PhotoStore } from "@/lib/data/store/photo_store.ts";
import { InputError } from "@/lib/errors.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { FaceOverlay } from "@/lib/view/drawing/overlay.ts";
import { type FaceList, type View, views } from "@/tasks/choose/protocol.ts";
import { bundleScripts } from "@/tasks/serve/bundle_scripts.ts";
import { type PageServerOptions, servePage } from "@/tasks/serve/page_server.ts";
import { readPageStyle } from "@/tasks/serve/page_style.ts";

const page = fileURLToPath(new URL("../choose/", import.meta.url));

const sentSchema = z.strictObject({ mostError: z.number().nonnegative().nullable(), out: z.array(z.string()) });

export interface ChooseOptions extends Pick<PageServerOptions, "port" | "signal"> {
  /** Called when choices have been kept. */
  readonly onSave?: () => void;
}

/** Serves a page on this computer that shows a store's labeled faces, worst fit first, to throw out bad ones. */
export async function serveChoosing(
  store: PhotoStore,
  { onSave, ...options }: ChooseOptions,
): Promise<Deno.HttpServer<Deno.NetAddr>> {
  const files = new Map([
    ["index.html", await Deno.readFile(`${page}index.html`)],
    ["choose.css", await Deno.readFile(`${page}choose.css`)],
    ["page.css", await readPageStyle()],
    ...await bundleScripts(page, ["choose.ts"]),
  ]);
  const pictures = new LabelPictures(store);
  const ids = [...store.faces.map(({ id }) => id), ...store.choices.out];
  const idBytes = new TextEncoder().encode(JSON.stringify(ids)).length;
  const save = {
    mostBytes: idBytes + 1000,
    async act(sent: unknown) {
      const { success, data } = sentSchema.safeParse(sent);
      if (!success) throw new InputError("Cannot keep this: a limit and a list of faces were expected");
      await store.choose(data);
      onSave?.();
    },
  };
  return servePage(files, {
    ...options,
    hostname: "127.0.0.1",
    async make(name) {
      if (name === "faces.json") return new TextEncoder().encode(JSON.stringify(faceList(store)));
      const [, index, view] = /^faces\/(\d{1,9})\/(\w+)\.jpg$/.exec(name) ?? [];
      const face = store.faces[Number(index)];
      return face && views.includes(view as View) ? await pictures.draw(face, view as View) : undefined;
    },
    actions: { save },
  });
}

function faceList({ folder, index: { about, errorMeans }, faces, choices }: PhotoStore): FaceList {
  return { folder, about, errorMeans, ...choices, faces: faces.map(({ id, error }) => ({ id, error })) };
}

/** How many of a store's faces are used. */
export function usedFaces(store: PhotoStore): string {
  return `${store.chosen().length} of ${counted(store.faces.length, "face")} used`;
}

/** Pictures of labels over their photos. */
class LabelPictures {
  readonly #store: PhotoStore;
  readonly #overlay: FaceOverlay;

  constructor(store: PhotoStore) {
    this.#store = store;
    this.#overlay = new FaceOverlay(trianglesWithoutNeck(store.index.surface));
  }

  async draw(face: PhotoStore["faces"][number], view: View): Promise<Uint8Array<ArrayBuffer>> {
    const { photo, crop, label: { map, landmarks } } = await this.#store.read(face);
    const margin = MARGIN * crop.side;
    const around = { left: crop.left - margin, top: crop.top - margin, side: crop.side + 2 * margin };
    const picture = cropPhoto(photo, around, PIXELS);
    if (view !== "photo") {
      const inPicture = (points: Float32Array) =>
        imageToCrop(cropToImage(points, { crop, size: map.size }), { crop: around, size: PIXELS });
      const vertices = inPicture(readVertices(map, this.#store.index.surface));
      this.#overlay.draw(picture, { landmarks: inPicture(landmarks), vertices }, view === "mesh" ? "mesh" : "sparse");
    }
    return await encodeJpeg(picture);
  }
}

/** A side. */
const PIXELS = 480;
/** On each side of the crop that is labeled, in its sides. */
const MARGIN = 0.05;
