import { landmarkBox, landmarkLines } from "@/lib/face/landmarks.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Photo } from "@/lib/types.ts";
import { landmarkColors } from "@/lib/view/drawing/draw.ts";
import { MeshOverlay } from "./mesh_view.ts";
import { photoOf } from "./pixels.ts";
import type { LiveFace, LiveModel } from "./protocol.ts";

export const views = ["sparse", "dense", "mesh", "textured"] as const;
export type View = (typeof views)[number];

/** Dots across a face. */
const DOTS_ACROSS = 60;
/** How much of the frame is seen around a textured mesh, and through a plain one. */
const [FRAME_OPACITY, MESH_OPACITY] = [0.18, 0.62];

/** The canvas that shows a frame together with what was found in it. */
export class Stage {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  /** The frame alone, where it was needed: what meshes take their colors from. */
  readonly frame = document.createElement("canvas");
  readonly #frameContext = this.frame.getContext("2d", { alpha: false })!;
  #meshes: MeshOverlay | undefined;
  #model: LiveModel | undefined;
  isMirrored = false;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false })!;
  }

  set model(model: LiveModel) {
    this.#meshes?.dispose();
    this.#meshes = undefined;
    this.#model = model;
  }

  draw(bitmap: ImageBitmap, faces: readonly LiveFace[], view: View): void {
    const { width, height } = bitmap, scale = this.#scaleFor(width);
    resize(this.frame, width, height);
    resize(this.canvas, Math.round(scale * width), Math.round(scale * height));
    const context = this.#context;
    context.setTransform(this.isMirrored ? -scale : scale, 0, 0, scale, this.isMirrored ? this.canvas.width : 0, 0);
    const isTextured = view === "textured" && faces.length > 0;
    if (isTextured) {
      this.#frameContext.drawImage(bitmap, 0, 0);
      context.clearRect(0, 0, width, height);
    }
    context.globalAlpha = isTextured ? FRAME_OPACITY : 1;
    context.drawImage(bitmap, 0, 0);
    context.globalAlpha = 1;
    if (faces.length === 0 || !this.#model) return;
    if (view === "sparse") { for (const face of faces) drawSparse(context, face.landmarks); }
    else if (view === "dense") { for (const face of faces) drawDense(context, face.vertices, this.#model.triangles); }
    else {
      this.#meshes ??= new MeshOverlay(this.#model, this.frame);
      context.globalAlpha = view === "mesh" ? MESH_OPACITY : 1;
      const drawn = this.#meshes.draw(faces, { width, height, scale, look: view === "mesh" ? "plaster" : "textured" });
      context.drawImage(drawn, 0, 0, width, height);
      context.globalAlpha = 1;
    }
  }

  /** The frame's bytes. */
  picture(bitmap: ImageBitmap): Photo {
    const { width, height } = bitmap;
    this.#frameContext.drawImage(bitmap, 0, 0);
    return photoOf(this.#frameContext.getImageData(0, 0, width, height));
  }

  /** Lines stay sharp on screens with more pixels than the frame; beyond twice as many nobody sees it. */
  #scaleFor(width: number): number {
    const pixels = this.canvas.clientWidth * devicePixelRatio;
    return clamp(Math.round(2 * pixels / width) / 2, 1, 2);
  }
}

/** Also clears it, so only where it must be. */
function resize(canvas: HTMLCanvasElement, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function drawSparse(context: CanvasRenderingContext2D, landmarks: Float32Array): void {
  const box = landmarkBox(landmarks), lineWidth = Math.max(1.2, Math.max(box.width, box.height) / 120);
  const drawn = Object.values(landmarkLines).map(({ part, landmarks: numbers, closed }) => {
    const [line, dots] = [new Path2D(), new Path2D()];
    for (const number of numbers) {
      const [x, y] = [landmarks[3 * number]!, landmarks[3 * number + 1]!];
      line.lineTo(x, y);
      dots.moveTo(x + 1.2 * lineWidth, y);
      dots.arc(x, y, 1.2 * lineWidth, 0, 2 * Math.PI);
    }
    if (closed) line.closePath();
    return { line, dots, color: `#${landmarkColors[part].toString(16).padStart(6, "0")}` };
  });
  context.lineJoin = context.lineCap = "round";
  context.strokeStyle = "rgb(0 0 0 / 0.45)"; // so that they stand out from light skin
  context.lineWidth = lineWidth + 1.2;
  for (const { line, dots } of drawn) {
    context.stroke(line);
    context.stroke(dots);
  }
  context.lineWidth = lineWidth;
  for (const { line, dots, color } of drawn) {
    context.strokeStyle = context.fillStyle = color;
    context.stroke(line);
    context.fill(dots);
  }
}

/** The nearest vertex of each cell of a grid over the face, of those on triangles that face the viewer. */
function drawDense(context: CanvasRenderingContext2D, vertices: Float32Array, triangles: Uint32Array): void {
  const facing = facingVertices(vertices, triangles);
  let [left, top, right, far, near] = [Infinity, Infinity, -Infinity, Infinity, -Infinity];
  for (const v of facing) {
    const [x, y, z] = [vertices[3 * v]!, vertices[3 * v + 1]!, vertices[3 * v + 2]!];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    far = Math.min(far, z);
    near = Math.max(near, z);
  }
  const spacing = Math.max(3, (right - left) / DOTS_ACROSS), side = Math.max(1.6, 0.45 * spacing);
  const cells = new Map<number, number>();
  for (const v of facing) {
    const cell = Math.floor((vertices[3 * v + 1]! - top) / spacing) * 4096 +
      Math.floor((vertices[3 * v]! - left) / spacing);
    const other = cells.get(cell);
    if (other === undefined || vertices[3 * v + 2]! > vertices[3 * other + 2]!) cells.set(cell, v);
  }
  for (const v of cells.values()) {
    const depth = (vertices[3 * v + 2]! - far) / Math.max(1, near - far);
    context.fillStyle = `hsl(${230 - 175 * depth} 90% ${45 + 15 * depth}%)`;
    context.fillRect(vertices[3 * v]! - side / 2, vertices[3 * v + 1]! - side / 2, side, side);
  }
}

/** Those of triangles whose outside is seen: counter-clockwise on the screen, y being down. */
function facingVertices(vertices: Float32Array, triangles: Uint32Array): Set<number> {
  const facing = new Set<number>();
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [3 * triangles[t]!, 3 * triangles[t + 1]!, 3 * triangles[t + 2]!];
    const area = (vertices[b]! - vertices[a]!) * (vertices[c + 1]! - vertices[a + 1]!) -
      (vertices[b + 1]! - vertices[a + 1]!) * (vertices[c]! - vertices[a]!);
    if (area < 0) { for (const corner of triangles.subarray(t, t + 3)) facing.add(corner); }
  }
  return facing;
}
