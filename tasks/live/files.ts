import { encodeObj } from "@/lib/export/obj.ts";
import { type ExportedMesh, imageToExport, metersPerUnit, withoutStrays } from "@/lib/export/exported_mesh.ts";
import type { Photo } from "@/lib/types.ts";
import { colorsFromPhoto } from "@/lib/view/mesh/colored_face.ts";
import { openFaceColumns, openFaceValues } from "@/tasks/track/openface_csv.ts";
import type { LiveFace, LiveModel } from "./protocol.ts";

/** A face of one frame. */
export interface LiveRow {
  readonly frame: number;
  /** Seconds from the first frame. */
  readonly time: number;
  /** Pixels of the frame that the face was found in. */
  readonly picture: Pick<Photo, "width" | "height">;
  /** Pixels of the source in one of the frame's, which may be smaller. */
  readonly fileScale: number;
  /** Without its vertices: those of a long session are gigabytes. */
  readonly face: Omit<LiveFace, "vertices">;
}

export interface SavedFace {
  readonly face: LiveFace;
  readonly model: LiveModel;
  /** The frame that the face was found in. */
  readonly picture: Photo;
  /** See {@linkcode LiveRow.fileScale}. */
  readonly fileScale: number;
}

export function objFile(saved: SavedFace): Blob {
  return new Blob([encodeObj(meshOf(saved))], { type: "model/obj" });
}

export async function glbFile(saved: SavedFace): Promise<Blob> {
  const { encodeGlb } = await import("@/lib/export/glb.ts"); // large, and seldom wanted
  const options = { metersPerUnit: metersPerUnit(saved.face.landmarks) };
  return new Blob([await encodeGlb(meshOf(saved), options)], { type: "model/gltf-binary" });
}

/** In the frame's colors, and in the source's pixels. */
function meshOf({ face: { vertices: positions }, model, picture, fileScale }: SavedFace): ExportedMesh {
  const { triangles, capStart, uv, isSymmetric } = model;
  const colors = colorsFromPhoto({ positions, triangles }, picture, {
    mirrorUv: isSymmetric ? uv : undefined,
    capStart,
  });
  return withoutStrays({ positions: imageToExport(positions, { ...picture, fileScale }), triangles, uv, colors });
}

/** Columns as `deno task track` has them, in the source's pixels, and one for each expression that the model says. */
export function csvFile(rows: readonly LiveRow[], { expressionNames }: LiveModel): Blob {
  const amountsOf = ({ face }: LiveRow) => Array.from(face.expressions, (value) => value.toFixed(4));
  const lines = rows.map((row) => [...openFaceValues(inSource(row)), ...amountsOf(row)]);
  return new Blob(
    [[[...openFaceColumns, ...expressionNames], ...lines].map((line) => `${line.join(",")}\n`).join("")],
    {
      type: "text/csv",
    },
  );
}

function inSource({ picture: { width, height }, fileScale, face, ...row }: LiveRow) {
  return {
    ...row,
    ...face,
    picture: { width: Math.round(fileScale * width), height: Math.round(fileScale * height) },
    landmarks: face.landmarks.map((value) => fileScale * value),
  };
}
