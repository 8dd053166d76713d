/** What the page and the worker that tracks say to each other. */
import type { PoseAngles } from "@/lib/geometry/transforms.ts";

export type Backend = "wasm" | "webgpu";

export interface Opening {
  readonly type: "open";
  readonly backend: Backend;
  /** Where the page's files lie, with a slash at its end. */
  readonly base: string;
  /** WebAssembly uses these. */
  readonly threads: number;
}

export interface SentFrame {
  readonly type: "frame";
  readonly bitmap: ImageBitmap;
  /** Seconds; it grows from frame to frame. */
  readonly time: number;
  /** Whether it does not go on from the frame before. */
  readonly isNew: boolean;
  readonly isPhoto: boolean;
}

export type ToWorker = Opening | SentFrame;

/** One face, its points in the pixels of the frame that was sent. */
export interface LiveFace {
  /** The same for one person from frame to frame. */
  readonly id: number;
  /** [68, 3]. */
  readonly landmarks: Float32Array<ArrayBuffer>;
  /** [vertexCount, 3], of {@linkcode LiveModel}. */
  readonly vertices: Float32Array<ArrayBuffer>;
  /** By the model's expression names, 0 to 1; empty where it says none. */
  readonly expressions: Float32Array<ArrayBuffer>;
  /** None where the model does not say how its face looks at rest. */
  readonly pose: PoseAngles | undefined;
  /** From 0 to 1. */
  readonly score: number;
}

/** What drawing needs of the model; its surface's holes, at eyes and mouth, are closed. */
export interface LiveModel {
  /** [triangleCount, 3]. */
  readonly triangles: Uint32Array;
  /** The first of the vertices that close holes. */
  readonly capStart: number;
  /** [vertexCount, 2]. */
  readonly uv: Float32Array;
  /** Whether `uv` tells which places lie across from each other. */
  readonly isSymmetric: boolean;
  readonly expressionNames: readonly string[];
}

export interface Found {
  readonly type: "faces";
  /** The frame, handed back. */
  readonly bitmap: ImageBitmap;
  readonly faces: readonly LiveFace[];
}

export type FromWorker =
  | { readonly type: "opened"; readonly model: LiveModel }
  | Found
  | { readonly type: "failed"; readonly message: string };
