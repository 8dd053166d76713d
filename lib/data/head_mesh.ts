import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { hairTriangles as hairFaces, strands } from "@/lib/face/hair.ts";
import { type MaterialName, materialNames } from "@/lib/face/morphable_model.ts";
import { torsoTriangles, torsoVertexCount } from "@/lib/face/torso.ts";

/** What a triangle's color comes from. */
export const colorSources = { texture: 0, vertices: 1, eye: 2, hair: 3, torso: 4 } as const;

/**
 * A model's head, a torso, and hair as one mesh to draw; vertices are in this order. Triangles are in the order of
 * `starts`, so that a part of them can be left out at either end. Hair comes twice, the second time the other way
 * round, since both of its sides are seen while backs are not drawn; so do lashes.
 */
export interface HeadMesh {
  readonly modelVertices: number;
  /** Of the model and the torso. */
  readonly bodyVertices: number;
  /** [n, 3] */
  readonly triangles: Uint32Array;
  /** The first triangles of the mouth's inside (0), of eyes and lashes, of skin and torso, of hair, and of hair's backs. */
  readonly starts: { readonly eyes: number; readonly skin: number; readonly hair: number; readonly hairBacks: number };
  /** [n], numbers of {@linkcode colorSources}. */
  readonly sources: Uint8Array;
  /** [n, 6], the place in the skin's texture, or among the strands of hair, of each corner. */
  readonly corners: Float32Array;
}

export function headMesh({ model, corners: skinCorners }: FaceAtlas): HeadMesh {
  const modelVertices = model.mean.length / 3;
  const bodyVertices = modelVertices + torsoVertexCount;
  const triangles: number[] = [], sources: number[] = [], corners: number[] = [];
  const add = (vertices: readonly number[], source: number, places: readonly number[]) => {
    triangles.push(...vertices);
    sources.push(source);
    corners.push(...places);
    return sources.length;
  };
  const nowhere = Array.from({ length: 6 }, () => NaN);
  const addModel = (...names: MaterialName[]) => {
    model.materials.forEach((number, t) => {
      const name = materialNames[number]!;
      if (!names.includes(name)) return;
      const [a, b, c] = model.triangles.subarray(3 * t, 3 * t + 3) as unknown as [number, number, number];
      const places = [...skinCorners.subarray(6 * t, 6 * t + 6)];
      const isEye = name === "sclera" || name === "iris" || name === "pupil";
      const isTextured = !Number.isNaN(places[0]);
      add([a, b, c], isEye ? colorSources.eye : isTextured ? colorSources.texture : colorSources.vertices, places);
      if (name === "lashes") add([a, c, b], colorSources.vertices, nowhere);
    });
    return sources.length;
  };
  const eyes = addModel("teeth", "gums");
  const skin = addModel("sclera", "iris", "pupil", "lashes");
  addModel("skin", "scalp");
  for (let i = 0; i < torsoTriangles.length; i += 3) {
    add([0, 1, 2].map((corner) => modelVertices + torsoTriangles[i + corner]!), colorSources.torso, nowhere);
  }
  const hair = sources.length;
  const addHair = (order: readonly number[]) => {
    for (let i = 0; i < hairFaces.length; i += 3) {
      const vertices = order.map((corner) => hairFaces[i + corner]!);
      add(vertices.map((vertex) => bodyVertices + vertex), colorSources.hair, vertices.flatMap(strands.place));
    }
    return sources.length;
  };
  const hairBacks = addHair([0, 1, 2]);
  addHair([0, 2, 1]);
  return {
    modelVertices,
    bodyVertices,
    triangles: Uint32Array.from(triangles),
    starts: { eyes, skin, hair, hairBacks },
    sources: Uint8Array.from(sources),
    corners: Float32Array.from(corners),
  };
}
