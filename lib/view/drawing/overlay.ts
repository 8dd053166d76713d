import { hexToBytes } from "@/lib/geometry/color.ts";
import { emptyRaster, type Raster, rasterize } from "@/lib/geometry/rasterize.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { boundsOf } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Photo, Vec3 } from "@/lib/types.ts";
import { landmarkBox, landmarkLines } from "@/lib/face/landmarks.ts";
import { landmarkColors } from "@/lib/view/drawing/draw.ts";
import { coverSegment, type Point } from "@/lib/view/drawing/stroke.ts";

export type OverlayKind = "sparse" | "dense" | "mesh";

/** A face's points in the picture's pixels. */
export interface OverlaidFace {
  /** [68, 3]. */
  readonly landmarks: Float32Array;
  /** [vertexCount, 3]. */
  readonly vertices: Float32Array;
}

/** How much of the picture the mesh hides. */
const MESH_OPACITY = 0.6;
const MESH_TINT: Vec3 = [158, 199, 230];
/** Towards the light, of length 1: the viewer's upper left. */
const LAMP = [-0.48, -0.6, 0.64] as const;
/** Dots of the surface across a face. */
const DOTS_ACROSS = 60;

/**
 * Draws faces over pictures in place and in sRGB bytes, fast enough for every frame of a video; drawLandmarks,
 * drawDensePoints and overlayMesh draw the same in linear light, for pictures to look at.
 */
export class FaceOverlay {
  readonly #triangles: Uint32Array;
  /** Those of the triangles: what a surface leaves out, such as the neck, lies anywhere. */
  readonly #vertices: Uint32Array;
  #normals = new Float32Array();
  #raster: Raster | undefined;

  /** `triangles` are those of the surface that are to be seen. */
  constructor(triangles: Uint32Array) {
    this.#triangles = triangles;
    this.#vertices = Uint32Array.from(new Set(triangles));
  }

  draw(picture: Photo, face: OverlaidFace, kind: OverlayKind): void {
    if (kind === "sparse") drawSparse(picture, face.landmarks);
    else if (kind === "dense") this.#drawDense(picture, face.vertices);
    else this.#drawMesh(picture, face.vertices);
  }

  #normalsOf(positions: Float32Array): Float32Array {
    if (this.#normals.length !== positions.length) this.#normals = new Float32Array(positions.length);
    return vertexNormals({ positions, triangles: this.#triangles }, { out: this.#normals });
  }

  #drawDense(picture: Photo, positions: Float32Array): void {
    const normals = this.#normalsOf(positions);
    const { low: [left, top, far], high: [right, bottom, near] } = boundsOf(positions, this.#vertices);
    const spacing = Math.max(2.5, (right - left) / DOTS_ACROSS), radius = Math.max(0.9, spacing / 4);
    const columns = Math.ceil((right - left) / spacing) + 1;
    // the nearest vertex of each cell that faces the viewer
    const cells = new Int32Array(columns * (Math.ceil((bottom - top) / spacing) + 1)).fill(-1);
    for (const vertex of this.#vertices) {
      const i = 3 * vertex;
      if (normals[i + 2]! < 0.12) continue;
      const cell = columns * Math.floor((positions[i + 1]! - top) / spacing) +
        Math.floor((positions[i]! - left) / spacing);
      const other = cells[cell]!;
      if (other < 0 || positions[i + 2]! > positions[other + 2]!) cells[cell] = i;
    }
    for (const i of cells) {
      if (i < 0) continue;
      const depth = (positions[i + 2]! - far) / Math.max(1e-6, near - far);
      const point = [positions[i]!, positions[i + 1]!] as const;
      blendSegment(picture, [point, point], { radius, color: depthColor(depth), opacity: 0.95 });
    }
  }

  #drawMesh(picture: Photo, positions: Float32Array): void {
    const { low, high } = boundsOf(positions, this.#vertices);
    const [left, top] = [Math.max(0, Math.floor(low[0])), Math.max(0, Math.floor(low[1]))];
    const width = Math.min(picture.width, Math.ceil(high[0])) - left;
    const height = Math.min(picture.height, Math.ceil(high[1])) - top;
    if (!(width > 0 && height > 0)) return;
    const normals = this.#normalsOf(positions);
    const light = new Float32Array(positions.length / 3);
    for (let v = 0, i = 0; v < light.length; v++, i += 3) {
      const cosine = LAMP[0] * normals[i]! + LAMP[1] * normals[i + 1]! + LAMP[2] * normals[i + 2]!;
      light[v] = Math.sqrt(0.1 + 0.9 * Math.max(0, cosine)); // about what sRGB makes of it
    }
    const moved = positions.map((value, i) => i % 3 === 0 ? value - left : i % 3 === 1 ? value - top : value);
    const kept = this.#raster?.width === width && this.#raster.height === height ? this.#raster : undefined;
    const raster = this.#raster = rasterize({ positions: moved, triangles: this.#triangles }, {
      width,
      height,
      backfaces: false,
      out: kept ?? emptyRaster({ width, height }),
    });
    const { triangle, weights } = raster, { rgb } = picture;
    for (let row = 0, k = 0; row < height; row++) {
      for (let column = 0, i = 3 * ((top + row) * picture.width + left); column < width; column++, k++, i += 3) {
        const corner = 3 * triangle[k]!;
        if (corner < 0) continue;
        let shade = 0;
        for (let c = 0; c < 3; c++) shade += weights[3 * k + c]! * light[this.#triangles[corner + c]!]!;
        for (let c = 0; c < 3; c++) rgb[i + c]! += MESH_OPACITY * (shade * MESH_TINT[c]! - rgb[i + c]!);
      }
    }
  }
}

function drawSparse(picture: Photo, landmarks: Float32Array): void {
  const box = landmarkBox(landmarks);
  const width = Math.max(1.2, Math.max(box.width, box.height) / 120);
  const at = (landmark: number) => [landmarks[3 * landmark]!, landmarks[3 * landmark + 1]!] as const;
  for (const { part, landmarks: along, closed } of Object.values(landmarkLines)) {
    const color = hexToBytes(landmarkColors[part]);
    along.forEach((landmark, k) => {
      const next = along[k + 1] ?? (closed ? along[0] : undefined);
      if (next === undefined) return;
      const segment = [at(landmark), at(next)] as const;
      blendSegment(picture, segment, { radius: width / 2 + 0.6, color: [0, 0, 0], opacity: 0.35 });
      blendSegment(picture, segment, { radius: width / 2, color, opacity: 0.85 });
    });
    for (const landmark of along) {
      const dot = [at(landmark), at(landmark)] as const;
      blendSegment(picture, dot, { radius: 1.2 * width + 0.6, color: [0, 0, 0], opacity: 0.5 });
      blendSegment(picture, dot, { radius: 1.2 * width, color, opacity: 1 });
    }
  }
}

interface SegmentLook {
  readonly radius: number;
  readonly color: Vec3;
  readonly opacity: number;
}

/** From one point to another with round ends, anti-aliased. */
function blendSegment(picture: Photo, [from, to]: readonly [Point, Point], look: SegmentLook): void {
  const { rgb } = picture, { radius, color, opacity } = look;
  coverSegment(picture, { from, to, radius }, (pixel, share) => {
    for (let c = 0, i = 3 * pixel; c < 3; c++, i++) rgb[i]! += opacity * share * (color[c]! - rgb[i]!);
  });
}

/** From blue, far, over green to yellow, near. */
function depthColor(depth: number): Vec3 {
  const t = clamp(depth, 0, 1);
  return [253 * t ** 2 + 60 * (1 - t) ** 2, 90 + 141 * t, 140 * (1 - t) + 37 * t];
}
