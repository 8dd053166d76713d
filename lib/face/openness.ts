import { ambientOcclusion } from "@/lib/geometry/visibility.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { vertexMaterialsOf } from "@/lib/face/atlas.ts";
import { withoutUnseen } from "@/lib/face/prune.ts";
import { materialNumbers, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";

/**
 * The model as it is drawn: without what is never seen, and with its openness, which marks one that has been made so. For
 * another this takes half a second, so each is made once.
 */
export function drawnModel(model: MorphableModel): MorphableModel {
  if (model.openness) return model;
  let drawn = made.get(model);
  if (!drawn) {
    const seen = withoutUnseen(model);
    made.set(model, drawn = { ...seen, openness: opennessOf(seen) });
  }
  return drawn;
}

/** Has {@linkcode drawnModel} give this, which is there already. */
export function setDrawnModel(model: MorphableModel, drawn: MorphableModel): void {
  made.set(model, drawn);
}

const made = new WeakMap<MorphableModel, MorphableModel>();

/** A model's `openness`, from many shadow maps. */
export function opennessOf(model: Omit<MorphableModel, "openness">): Float32Array {
  const vertexMaterials = vertexMaterialsOf(model);
  const occlusion = (positions: Float32Array) => {
    const mesh = { positions, triangles: model.triangles };
    return ambientOcclusion(mesh, { normals: vertexNormals(mesh, { frame: "model" }), directions: 64 });
  };
  const openness = occlusion(model.mean);
  const wide = occlusion(shapeFace(model, {
    identity: [],
    expression: model.expressionNames.map((name) =>
      name === "jawOpen" ? 0.8 : /mouth(Upper|Lower)/.test(name) ? 0.4 : 0
    ),
  }));
  const inside = materialNumbers("teeth", "gums"), eyes = materialNumbers("sclera", "iris", "pupil");
  // Light that comes in at a slant falls off faster than the share of the sky: the powers are by eye.
  return openness.map((value, v) => {
    const material = vertexMaterials[v]!;
    if (inside.includes(material)) return wide[v]!;
    return value ** (eyes.includes(material) ? 2.2 : 1.5);
  });
}
