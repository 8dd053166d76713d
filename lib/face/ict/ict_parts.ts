import { InputError } from "@/lib/errors.ts";
import { eyeMaterial } from "@/lib/face/ict/ict_eyes.ts";
import { ictLandmarks300wLp } from "@/lib/face/ict/ict_landmarks.ts";
import { vertexPoints } from "@/lib/face/landmarks.ts";
import { materialNames } from "@/lib/face/morphable_model.ts";
import type { MaterialName, MorphableModel } from "@/lib/face/morphable_model.ts";
import type { ObjMesh, ObjPolygon } from "@/lib/face/obj/obj.ts";
import { surfaceOf, triangulate } from "@/lib/face/obj/obj_surface.ts";
import { cross, meanOf, minus, pointAt, unit } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";

export const vertexCount = 26_719;
const uvCount = 28_911;
const polygonCount = 26_384;

/** Points 0-7 and 9-16 on the jaw's outline as seen from the front; ICT-FaceKit's own lie more to the front. */
const jawline = [1278, 1272, 12, 1834, 243, 781, 2199, 1447, -1, 3661, 4390, 3022, 2484, 4036, 2253, 3490, 3496];

/** Ranges of vertices, as ICT-FaceKit's page lists them. */
const mouthSocket = [11_248, 13_294] as const;
const eyeSockets = [13_294, 14_062] as const;
/** One of the cards of lashes over each eye. */
const upperLashes = [[25_351, 25_465], [26_035, 26_149]] as const;

/** Centimeters: what of the eye sockets lies before this is seen between lid and eyeball. */
const EYELID_DEPTH = 8.6;
/** Centimeters: hair grows down to here on the back of the head. */
const NAPE_HEIGHT = -3.5;
/** Texture coordinate of the lashes' tips, a third of the way up the card. */
const LASH_LENGTH_V = 0.93;

export interface IctParts extends Pick<MorphableModel, "triangles" | "materials" | "surface" | "surfaceVertices"> {
  /** [kept vertexCount]: the file's vertex of each vertex of the model. */
  readonly vertices: Uint32Array;
}

/** What of ICT-FaceKit's mesh is drawn, and of what material; which part the position map covers. */
export function ictParts(mesh: ObjMesh, landmarks: readonly number[], path: string): IctParts {
  const counts = [mesh.positions.length / 3, mesh.uv.length / 2, mesh.polygons.length];
  if (counts.join() !== [vertexCount, uvCount, polygonCount].join()) {
    throw new InputError(
      `Cannot use ${path}: it has ${counts[0]} vertices, ${counts[1]} texture coordinates and ${counts[2]} faces, ` +
        `wanted ${vertexCount}, ${uvCount} and ${polygonCount} as in ICT-FaceKit's light model`,
    );
  }
  const drawn = mesh.polygons.flatMap((polygon) => {
    const material = materialOf(polygon, mesh);
    return material ? triangulate(polygon.vertices).map((corners) => ({ corners, material })) : [];
  });
  const vertices = new Set(drawn.flatMap(({ corners }) => corners));
  const kept = Uint32Array.from(vertices).sort();
  const renumbered = new Map(Array.from(kept, (vertex, i) => [vertex, i]));
  const face = mesh.polygons.filter(({ material }) => material === "M_Face");
  const { surface, surfaceVertices } = surfaceOf(face, mesh, {
    path,
    landmarks: {
      "300w-lp": {
        vertices: Uint32Array.from(ictLandmarks300wLp.flatMap(([a, b, c]) => [a, b, c])),
        weights: Float32Array.from(ictLandmarks300wLp.flatMap(([, , , ...weights]) => weights)),
      },
      outline: vertexPoints(landmarks.map((vertex, l) => (jawline[l] ?? -1) < 0 ? vertex : jawline[l]!)),
    },
    stretch: true,
  });
  return {
    vertices: kept,
    triangles: Uint32Array.from(drawn.flatMap(({ corners }) => corners), (vertex) => renumbered.get(vertex)!),
    materials: Uint8Array.from(drawn, ({ material }) => materialNames.indexOf(material)),
    surface,
    surfaceVertices: surfaceVertices.map((vertex) => renumbered.get(vertex)!),
  };
}

/** Undefined for what is not drawn: fluids and shadows of the eyes, and what is never seen from outside. */
function materialOf({ material, vertices, uvs }: ObjPolygon, { positions, uv }: ObjMesh): MaterialName | undefined {
  const [x, y, z] = meanOf(positions, vertices);
  const touches = ([first, end]: readonly [number, number]) => vertices.some((v) => v >= first && v < end);
  switch (material) {
    case "M_Face":
      return "skin";
    case "M_BackHead":
      if (touches(mouthSocket)) return "gums";
      if (touches(eyeSockets)) return z > EYELID_DEPTH ? "skin" : undefined;
      return y < NAPE_HEIGHT ? "skin" : "scalp";
    case "M_GumsTongue":
      return looksBack(vertices, positions) ? undefined : "gums";
    case "M_Teeth":
      return looksBack(vertices, positions) ? undefined : "teeth";
    case "M_ScleraLeft":
    case "M_ScleraRight":
      return eyeMaterial(x, y, z); // the irises below the corneas are not seen through them
    case "M_EyeLashes":
      // Cards that a texture would thin out: of the three over each eye one, near its root, is a line of lashes.
      return upperLashes.some(touches) && uvs.every((t) => uv[2 * t + 1]! > LASH_LENGTH_V) ? "lashes" : undefined;
  }
  return undefined;
}

/** Whether the polygon turns its back to the front of the face. */
function looksBack(vertices: readonly number[], positions: Float64Array): boolean {
  const [a, b, c] = vertices.map((v) => pointAt(positions, v)) as [Vec3, Vec3, Vec3];
  return unit(cross(minus(b, a), minus(c, a)))[2] < -0.2;
}
