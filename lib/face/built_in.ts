import { type MorphableModel, type RegionName, regionNames } from "@/lib/face/morphable_model.ts";
import { addEars } from "./built_in/ear.ts";
import { expressions } from "./built_in/expressions.ts";
import { addEyes } from "./built_in/eyes.ts";
import { Painter } from "./built_in/field.ts";
import { makeSheets } from "./built_in/grid.ts";
import { Head } from "./built_in/head.ts";
import { identityModes } from "./built_in/identity.ts";
import { findLandmarks } from "./built_in/landmarks.ts";
import { addMouth } from "./built_in/mouth.ts";
import { addScalp } from "./built_in/scalp.ts";
import { sculpt } from "./built_in/sculpture.ts";

let face: MorphableModel | undefined;

/**
 * A face made of formulas alone; it needs no file. Unit: centimeters; origin: between the ears, at the pupils' height. It is
 * made once, and always the same object.
 */
export function builtInFace(): MorphableModel {
  return face ??= make();
}

function make(): MorphableModel {
  const sheets = makeSheets();
  const head = new Head(sheets, sculpt(sheets));
  addScalp(head);
  addMouth(head);
  addEars(head);
  addEyes(head);
  const painter = new Painter(head);
  const list = expressions(head, painter);
  return {
    name: "built-in",
    mean: Float32Array.from(head.positions),
    identityModes: identityModes(painter),
    expressionModes: list.map(({ mode }) => mode),
    expressionNames: list.map(({ name }) => name),
    triangles: Uint32Array.from(head.triangles),
    materials: Uint8Array.from(head.materials),
    surface: {
      uv: sheets.uv,
      triangles: sheets.triangles,
      landmarks: findLandmarks(sheets),
      regions: Uint8Array.from(sheets.p, (p, v) => regionNames.indexOf(regionAt(p, sheets.q[v]!))),
    },
    surfaceVertices: Uint32Array.from(sheets.p, (_, v) => v),
  };
}

/** The jaw's edge in sheet coordinates: below it is the neck. */
function jawEdge(p: number): number {
  return -12 + 0.0375 * Math.min(Math.abs(p), 10.5) ** 2 + 2.4 * Math.max(0, Math.abs(p) - 10.5);
}

function regionAt(p: number, q: number): RegionName {
  const inside = (cp: number, cq: number, rp: number, rq: number) =>
    ((Math.abs(p) - cp) / rp) ** 2 + ((q - cq) / rq) ** 2 < 1;
  if (q < jawEdge(p) || Math.abs(p) > 13.5) return "neck";
  if (inside(3.15, 0, 2.1, 1.3)) return "eyes";
  if (inside(0, -7.35, 3.1, 1.6)) return "mouth";
  if (inside(0, -2.6, 2.2, 3) && q > -5.3) return "nose";
  return "face";
}
