import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { type HairRig, strandTexture } from "@/lib/face/hair.ts";
import { torsoTriangles, torsoVertexCount } from "@/lib/face/torso.ts";
import { materialNames } from "@/lib/face/morphable_model.ts";

/** What a triangle's color comes from. */
export const colorSources = { texture: 0, vertices: 1, eye: 2, hair: 3, torso: 4 } as const;

/**
 * A model's head, a torso, and hair as one mesh to draw; vertices are in this order. Triangles in order: the model's
 * (lashes from both sides), the torso's, the hair's, and the hair's the other way round, since both of its sides are
 * seen while backs are not drawn.
 */
export interface HeadMesh {
  readonly modelVertices: number;
  /** Of the model and the torso. */
  readonly bodyVertices: number;
  /** [n, 3] */
  readonly triangles: Uint32Array;
  /** Of the model and the torso. */
  readonly bodyTriangles: number;
  /** Of the hair, one side. */
  readonly hairTriangles: number;
  /** [n], numbers of {@linkcode colorSources}. */
  readonly sources: Uint8Array;
  /** [n, 6], the place in the skin's texture, or among the strands of hair, of each corner. */
  readonly corners: Float32Array;
}

export function headMesh({ model, corners: skinCorners }: FaceAtlas, hair: HairRig): HeadMesh {
  const modelVertices = model.mean.length / 3;
  const lashes = materialNames.indexOf("lashes");
  const back = Array.from(model.materials.keys()).filter((t) => model.materials[t] === lashes);
  const modelTriangles = model.materials.length + back.length;
  const bodyTriangles = modelTriangles + torsoTriangles.length / 3;
  const bodyVertices = modelVertices + torsoVertexCount;
  const hairTriangles = hair.triangles.length / 3;
  const count = bodyTriangles + 2 * hairTriangles;
  const mesh = {
    modelVertices,
    bodyVertices,
    bodyTriangles,
    hairTriangles,
    triangles: new Uint32Array(3 * count),
    sources: new Uint8Array(count).fill(colorSources.hair),
    corners: new Float32Array(6 * count),
  };
  const { triangles, sources, corners } = mesh;
  triangles.set(model.triangles);
  corners.set(skinCorners);
  back.forEach((t, k) => {
    const [a, b, c] = model.triangles.subarray(3 * t, 3 * t + 3) as unknown as [number, number, number];
    triangles.set([a, c, b], 3 * (model.materials.length + k));
    corners.fill(NaN, 6 * (model.materials.length + k), 6 * (model.materials.length + k + 1));
  });
  const eyes = ["sclera", "iris", "pupil"].map((name) => materialNames.indexOf(name as "sclera"));
  for (let t = 0; t < modelTriangles; t++) {
    if (eyes.includes(model.materials[t]!)) sources[t] = colorSources.eye;
    else sources[t] = Number.isNaN(corners[6 * t]) ? colorSources.vertices : colorSources.texture;
  }
  triangles.set(torsoTriangles.map((vertex) => modelVertices + vertex), 3 * modelTriangles);
  sources.fill(colorSources.torso, modelTriangles, bodyTriangles);
  for (let t = 0; t < hairTriangles; t++) {
    for (
      const [order, first] of [[[0, 1, 2], bodyTriangles + t], [
        [0, 2, 1],
        modelTriangles + hairTriangles + t,
      ]] as const
    ) {
      order.forEach((from, corner) => {
        const vertex = hair.triangles[3 * t + from]!;
        triangles[3 * first + corner] = bodyVertices + vertex;
        corners[6 * first + 2 * corner] = Math.floor(vertex / strandTexture.hairRows) * strandTexture.perHairColumn;
        corners[6 * first + 2 * corner + 1] = vertex % strandTexture.hairRows * strandTexture.rowsPerHairRow;
      });
    }
  }
  return mesh;
}
