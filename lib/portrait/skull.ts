import { rasterize } from "@/lib/geometry/rasterize.ts";
import { DEGREE, placeInImage, type Placement } from "@/lib/geometry/transforms.ts";
import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { clamp } from "@/lib/numbers.ts";
import { headAxis } from "@/lib/portrait/fields.ts";
import { materialNumbers } from "@/lib/face/morphable_model.ts";

/** Rays from the middle of a head: columns go around it, from behind by the left side to the front; rays go down. */
export const COLUMNS = 120;
export const RAYS = 48;
const FARTHEST_POLAR = 150 * DEGREE;

/** 0 in front, growing towards +x. */
export function azimuthOf(column: number): number {
  return 2 * Math.PI * (column / COLUMNS - 0.5);
}

/** From the crown down; `ray` need not be whole. */
export function polarOf(ray: number): number {
  return ray / RAYS * FARTHEST_POLAR;
}

/** Where rays from the middle of a model's head leave its skin. */
export class Skull {
  readonly #atlas: FaceAtlas;
  readonly #axis: { readonly y: number; readonly z: number };
  /** [COLUMNS + 1, RAYS], a triangle of the model, or -1. */
  readonly #hits: Int32Array;
  /** [COLUMNS + 1, RAYS, 3] */
  readonly #weights: Float32Array;
  /** [COLUMNS + 1, RAYS, 3], in face units, of the mean face. */
  readonly #mean: Float32Array;
  /** The same in model space. */
  readonly #rest: Float32Array;
  /** [COLUMNS + 1], how far out the head reaches, ears included. */
  readonly #reach: Float32Array;

  constructor(atlas: FaceAtlas) {
    this.#atlas = atlas;
    this.#axis = headAxis(atlas.landmarks);
    const count = (COLUMNS + 1) * RAYS;
    this.#hits = new Int32Array(count).fill(-1);
    this.#weights = new Float32Array(3 * count);
    this.#mean = new Float32Array(3 * count);
    this.#castRays();
    this.#rest = this.#mean.map((value, i) => value * atlas.unit + atlas.origin[i % 3]!);
    this.#reach = Float32Array.from({ length: COLUMNS + 1 }, (_, column) => {
      const rays = Array.from({ length: RAYS }, (_, ray) => ray).filter((ray) => this.heightAt(column, ray) > -0.5);
      return Math.max(...rays.map((ray) => this.radiusAt(column, ray)));
    });
  }

  /** The points where rays leave one head, [COLUMNS + 1, RAYS, 3], in image space, into `out`. */
  follow(positions: Float32Array, placement: Placement, out: Float32Array): void {
    placeInImage(this.#rest, placement, out);
    const { triangles } = this.#atlas.model;
    for (let k = 0; k < this.#hits.length; k++) {
      const t = 3 * this.#hits[k]!;
      if (t < 0) continue;
      const a = 3 * triangles[t]!, b = 3 * triangles[t + 1]!, c = 3 * triangles[t + 2]!;
      const wa = this.#weights[3 * k]!, wb = this.#weights[3 * k + 1]!, wc = this.#weights[3 * k + 2]!;
      for (let axis = 0; axis < 3; axis++) {
        out[3 * k + axis] = wa * positions[a + axis]! + wb * positions[b + axis]! + wc * positions[c + axis]!;
      }
    }
  }

  /** The mean head's height there, in face units; `ray` need not be whole. */
  heightAt(column: number, ray: number): number {
    const low = Math.min(RAYS - 2, Math.floor(ray)), part = ray - low;
    const i = 3 * (column * RAYS + low) + 1;
    return this.#mean[i]! + part * (this.#mean[i + 3]! - this.#mean[i]!);
  }

  /** The mean head's distance from its axis. */
  radiusAt(column: number, ray: number): number {
    const i = 3 * (column * RAYS + ray);
    return Math.hypot(this.#mean[i]!, this.#mean[i + 2]! - this.#axis.z);
  }

  /** The farthest that the head, ears included, stands out from its axis. */
  reachOf(column: number): number {
    return this.#reach[column]!;
  }

  /** Where, counted in rays from the crown, the head first comes down to this height. */
  rayAtHeight(column: number, height: number): number {
    for (let ray = 1; ray < RAYS; ray++) {
      const here = this.#mean[3 * (column * RAYS + ray) + 1]!;
      if (here > height) continue;
      const before = this.#mean[3 * (column * RAYS + ray - 1) + 1]!;
      return ray - 1 + (before > here ? clamp((before - height) / (before - here), 0, 1) : 1);
    }
    return RAYS - 1;
  }

  /** Draws the skin as the head's middle sees it: azimuth across, polar angle down, the outermost nearest. */
  #castRays(): void {
    const { model, points, textureSize } = this.#atlas;
    const outer = materialNumbers("skin", "scalp");
    const start = 3 * textureSize ** 2;
    const vertexCount = model.mean.length / 3;
    const { y: y0, z: z0 } = this.#axis;
    const around = new Float32Array(3 * 2 * vertexCount); // each vertex also one turn farther
    for (let v = 0; v < vertexCount; v++) {
      const [x, y, z] = [points[start + 3 * v]!, points[start + 3 * v + 1]! - y0, points[start + 3 * v + 2]! - z0];
      const radius = Math.hypot(x, y, z);
      const column = COLUMNS * (0.5 + Math.atan2(x, z) / (2 * Math.PI));
      const row = RAYS * Math.acos(y / radius) / FARTHEST_POLAR;
      around.set([column + 0.5, row + 0.5, radius], 3 * v);
      around.set([column + 0.5 + (column < COLUMNS / 2 ? COLUMNS : 0), row + 0.5, radius], 3 * (vertexCount + v));
    }
    const shown: number[] = [], origin: number[] = [];
    for (let t = 0; t < model.materials.length; t++) {
      if (!outer.includes(model.materials[t]!)) continue;
      const corners = [0, 1, 2].map((corner) => model.triangles[3 * t + corner]!);
      const across = corners.map((v) => around[3 * v]!);
      const wraps = Math.max(...across) - Math.min(...across) > COLUMNS / 2;
      shown.push(...corners.map((v) => wraps ? v + vertexCount : v));
      origin.push(t);
    }
    const mesh = { positions: around, triangles: Uint32Array.from(shown) };
    const raster = rasterize(mesh, { width: COLUMNS + 1, height: RAYS });
    for (let column = 0; column <= COLUMNS; column++) {
      const azimuth = azimuthOf(column);
      for (let ray = 0; ray < RAYS; ray++) {
        const k = column * RAYS + ray;
        // Both ends are the same seam; only the last is drawn whole.
        const cell = ray * (COLUMNS + 1) + (column || COLUMNS);
        const hit = raster.triangle[cell]!;
        const polar = polarOf(ray);
        const radius = hit < 0 ? USUAL_RADIUS : raster.depth[cell]!;
        this.#mean.set([
          radius * Math.sin(polar) * Math.sin(azimuth),
          y0 + radius * Math.cos(polar),
          z0 + radius * Math.sin(polar) * Math.cos(azimuth),
        ], 3 * k);
        if (hit < 0) continue;
        this.#hits[k] = origin[hit]!;
        this.#weights.set(raster.weights.subarray(3 * cell, 3 * cell + 3), 3 * k);
      }
    }
  }
}

/** A head's radius where a model has no skin, in face units. */
const USUAL_RADIUS = 0.95;
