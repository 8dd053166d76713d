import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { hairTriangles as hairFaces, hairVertexCount, strands } from "@/lib/portrait/hair.ts";
import { landmarkLines, outlineOf } from "@/lib/face/landmarks.ts";
import { type MaterialName, materialNames, meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { pointAt } from "@/lib/geometry/vectors.ts";
import { onceEach } from "@/lib/once_each.ts";
import { torsoTriangles, torsoVertexCount } from "@/lib/portrait/torso.ts";

/** What a triangle's color comes from. */
export const colorSources = { texture: 0, vertices: 1, eye: 2, hair: 3, torso: 4 } as const;

/**
 * A model's head, a torso, and hair as one mesh to draw; vertices are in this order. Triangles are in the order of
 * `starts`, so that a part of them can be left out at either end. Hair comes twice, the second time the other way
 * round, since both of its sides are seen while backs are not drawn; so do lashes.
 */
export interface HeadMesh {
  readonly modelVertices: number;
  /** Vertices of the model and the torso. */
  readonly bodyVertices: number;
  /** Those and the hair's. */
  readonly vertexCount: number;
  /** [n, 3] */
  readonly triangles: Uint32Array;
  /**
   * The first triangles of the mouth's inside, of eyes and lashes, of skin and torso, of hair, and of hair's backs; before all of
   * these are those that close the mouth under a mask.
   */
  readonly starts: Readonly<Record<"mouth" | "eyes" | "skin" | "hair" | "hairBacks", number>>;
  /** [n], numbers of {@linkcode colorSources}. */
  readonly sources: Uint8Array;
  /** [n, 6], the place in the skin's texture, or among the strands of hair, of each corner. */
  readonly corners: Float32Array;
}

export const headMesh: (atlas: FaceAtlas) => HeadMesh = onceEach(makeMesh);

function makeMesh({ model, corners: skinCorners }: FaceAtlas): HeadMesh {
  const modelVertices = model.mean.length / 3;
  const bodyVertices = modelVertices + torsoVertexCount;
  const triangles: number[] = [], sources: number[] = [], corners: number[] = [];
  const nowhere = new Float32Array(6).fill(NaN);
  const add = (vertices: readonly number[], source: number, places: ArrayLike<number> = nowhere) => {
    triangles.push(...vertices);
    sources.push(source);
    for (let i = 0; i < 6; i++) corners.push(places[i]!);
  };
  const addModel = (...names: MaterialName[]) => {
    for (let t = 0; t < model.materials.length; t++) {
      const name = materialNames[model.materials[t]!]!;
      if (!names.includes(name)) continue;
      const [a, b, c] = pointAt(model.triangles, t), places = skinCorners.subarray(6 * t, 6 * t + 6);
      const isEye = name === "sclera" || name === "iris" || name === "pupil";
      const isTextured = !Number.isNaN(places[0]);
      add([a, b, c], isEye ? colorSources.eye : isTextured ? colorSources.texture : colorSources.vertices, places);
      if (name === "lashes") add([a, c, b], colorSources.vertices);
    }
    return sources.length;
  };
  const placeOf = (vertex: number) => {
    const corner = model.triangles.findIndex((v, c) => v === vertex && !Number.isNaN(skinCorners[2 * c]!));
    return corner < 0 ? [NaN, NaN] : skinCorners.subarray(2 * corner, 2 * corner + 2);
  };
  const cover = mouthCover(model);
  const place = placeOf(cover[0]?.[0] ?? -1), places = [...place, ...place, ...place]; // no texels are between the lips
  for (const vertices of cover) {
    add(vertices, places.some(Number.isNaN) ? colorSources.vertices : colorSources.texture, places);
  }
  const mouth = sources.length;
  const eyes = addModel("teeth", "gums");
  const skin = addModel("sclera", "iris", "pupil", "lashes");
  addModel("skin", "scalp");
  for (let t = 0; t < torsoTriangles.length / 3; t++) {
    add(pointAt(torsoTriangles, t).map((vertex) => modelVertices + vertex), colorSources.torso);
  }
  const hair = sources.length;
  const addHair = (second: number, third: number) => {
    for (let i = 0; i < hairFaces.length; i += 3) {
      const vertices = [hairFaces[i]!, hairFaces[i + second]!, hairFaces[i + third]!];
      add(vertices.map((vertex) => bodyVertices + vertex), colorSources.hair, vertices.flatMap(strands.place));
    }
    return sources.length;
  };
  const hairBacks = addHair(1, 2);
  addHair(2, 1);
  return {
    modelVertices,
    bodyVertices,
    vertexCount: bodyVertices + hairVertexCount,
    triangles: Uint32Array.from(triangles),
    starts: { mouth, eyes, skin, hair, hairBacks },
    sources: Uint8Array.from(sources),
    corners: Float32Array.from(corners),
  };
}

/** Triangles between the corners, the upper and the lower edge of the lips. */
function mouthCover(model: MorphableModel): number[][] {
  const { vertices, weights } = meshLandmarks(model, outlineOf);
  const vertexOf = (landmark: number) => {
    const corners = [0, 1, 2].map((c) => 3 * landmark + c);
    return vertices[corners.reduce((most, c) => weights[c]! > weights[most]! ? c : most)]!;
  };
  const ring = landmarkLines.outerLips.landmarks, half = ring.length / 2;
  const upper = ring.slice(0, half + 1), lower = [ring[0]!, ...ring.slice(half).reverse()];
  const covers = upper.slice(1).flatMap((landmark, k) => [
    [upper[k]!, lower[k]!, lower[k + 1]!],
    [upper[k]!, lower[k + 1]!, landmark],
  ]);
  return covers.map((landmarks) => landmarks.map(vertexOf)).filter((triangle) => new Set(triangle).size === 3);
}
