import sharp from "sharp";
import { encodeJpeg, encodePng } from "@/lib/data/files/images.ts";
import { encodePositions } from "@/lib/data/maps/position_map.ts";
import { imageToExport, metersPerUnit, withoutStrays } from "@/lib/export/exported_mesh.ts";
import type { FaceFileKind } from "@/lib/export/face_file_kinds.ts";
import { encodeGlb } from "@/lib/export/glb.ts";
import { encodeNpy } from "@/lib/export/npy.ts";
import { encodeMtl, encodeObj } from "@/lib/export/obj.ts";
import { encodePly } from "@/lib/export/ply.ts";
import { uvTexture } from "@/lib/export/uv_texture.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";
import { clamp } from "@/lib/numbers.ts";
import type { ModelFit } from "@/lib/track/face_fitter.ts";
import type { FaceRecord } from "@/lib/track/face_record.ts";
import { trackedFace } from "@/lib/track/tracked_face.ts";
import type { Photo } from "@/lib/types.ts";
import { trackingPanels } from "@/lib/view/drawing/tracking_panel.ts";
import { closedFace, colorFace } from "@/lib/view/mesh/colored_face.ts";

export interface WrittenFace {
  readonly photo: Photo;
  /** Pixels of the photo's file in one of the photo: above 1 where it was reduced when it was read. */
  readonly fileScale: number;
  readonly fit: ModelFit;
  readonly record: FaceRecord;
  readonly surface: FaceSurface;
  readonly imageSize: number;
}

/** Pixels a side. */
const TEXTURE_SIZE = 512;

/** The files of one face by name, made one kind after the other. */
export async function* faceFiles(
  face: WrittenFace,
  kinds: readonly FaceFileKind[],
): AsyncGenerator<readonly [name: string, content: Uint8Array | string]> {
  if (kinds.includes("landmarks")) yield ["face.json", JSON.stringify(face.record, undefined, 1) + "\n"];
  if (kinds.includes("panels")) {
    yield ["panels.png", await encodePng(trackingPanels(trackedFace(face.photo, face.fit, face)))];
  }
  if (kinds.includes("mesh")) yield* meshFiles(face);
  if (kinds.includes("maps")) yield* mapFiles(face);
}

async function* meshFiles({ photo, fileScale, fit, surface }: WrittenFace) {
  const { mesh: { positions, triangles }, uv, colors, trust } = colorFace(photo, { positions: fit.vertices, surface });
  const texture = await encodeJpeg(uvTexture(photo, { positions, triangles, uv, colors, trust, size: TEXTURE_SIZE }));
  const mesh = withoutStrays({ positions: imageToExport(positions, { ...photo, fileScale }), triangles, uv, colors });
  const { colors: _, ...plain } = mesh;
  yield ["mesh.obj", encodeObj(plain, { materials: "mesh.mtl" })] as const;
  yield ["mesh.mtl", encodeMtl("texture.jpg")] as const;
  yield ["texture.jpg", texture] as const;
  yield ["mesh.ply", encodePly(mesh)] as const;
  yield [
    "mesh.glb",
    await encodeGlb(plain, {
      metersPerUnit: metersPerUnit(fit.landmarks) / fileScale,
      texture: { bytes: texture, mimeType: "image/jpeg" },
    }),
  ] as const;
}

async function* mapFiles(face: WrittenFace) {
  const { fit: { map }, imageSize: size } = face;
  yield ["map.npy", encodeNpy(map, [size, size, 3])] as const;
  const encoded = encodePositions(map, { size, encoding: "centered" });
  const levels = Uint16Array.from(encoded, (value) => clamp(Math.round(65_535 * value), 0, 65_535));
  const picture = sharp(levels, { raw: { width: size, height: size, channels: 3 } }).toColorspace("rgb16").png();
  yield ["map.png", Uint8Array.from(await picture.toBuffer())] as const;
  yield ["depth.png", await encodePng(depthPicture(face))] as const;
}

/** The crop's depths: near points bright, the background black. */
function depthPicture(face: WrittenFace): Photo {
  const { photo, fit, surface } = face;
  const { photo: { width } } = trackedFace(photo, fit, face);
  const { crop, vertices } = fit;
  const scale = width / crop.side;
  const { mesh: { positions, triangles } } = closedFace({ positions: vertices, surface });
  const inPicture = positions.map((value, i) => scale * (value - [crop.left, crop.top, 0][i % 3]!));
  const { depth } = rasterize({ positions: inPicture, triangles }, { width, height: width });
  let [far, near] = [Infinity, -Infinity];
  for (const z of depth) if (z > -Infinity) [far, near] = [Math.min(far, z), Math.max(near, z)];
  const gray = (z: number) => z > -Infinity ? 40 + 215 * (z - far) / Math.max(1e-6, near - far) : 0;
  return {
    width,
    height: width,
    rgb: Uint8Array.from({ length: 3 * width * width }, (_, i) => gray(depth[Math.floor(i / 3)]!)),
  };
}
