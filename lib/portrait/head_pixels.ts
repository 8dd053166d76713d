import { EYE_REACH, EYE_STEPS } from "@/lib/portrait/eyes.ts";
import { strands } from "@/lib/portrait/hair.ts";
import type { Paint } from "@/lib/portrait/paint.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import type { Seen } from "@/lib/geometry/seen_vertices.ts";
import type { HeadMesh } from "@/lib/portrait/head_mesh.ts";
import type { Kernels } from "@/lib/geometry/kernels.ts";

/** What each pixel's middle shows of a head; arrays lie in the kernels' memory. */
export interface HeadRaster {
  readonly width: number;
  readonly height: number;
  /** [height, width], a triangle of the mesh, counted from the first that was drawn, or -1 where there is none. */
  readonly triangle: Int32Array;
  /** [height, width], z of the mesh, -Infinity where there is none. */
  readonly depth: Float32Array;
  /** [height, width], barycentric weights of the triangle's second and third corner. */
  readonly second: Float32Array;
  readonly third: Float32Array;
  /** [height, width], what each pixel was last drawn from, a number of `colorSources`, or 255 where there is no head. */
  readonly kinds: Uint8Array;
}

export interface ShadeInputs {
  /** The first triangle that was drawn. */
  readonly first: number;
  readonly paint: Paint;
  /** [vertexCount, 3], light on a white surface, and what shines on top of any. */
  readonly light: Float32Array;
  readonly shine: Float32Array;
  /**
   * [vertexCount, 3], how much more of the lamp's light skin shows that slopes by 1 along the texture's u and v, and how much it shows
   * that is even.
   */
  readonly slopes: Float32Array;
  /** [4], the lamp's color, linear. */
  readonly lamp: Float32Array;
  /** [vertexCount - modelVertices, 3], linear reflectance of torso and hair. */
  readonly colors: Float32Array;
  /** Contrast of the hair's strands, and which of them it has. */
  readonly strands: number;
  readonly seed: number;
}

export interface PixelHeadOptions {
  readonly size: number;
  readonly mesh: HeadMesh;
  /** Texels a side of the skin's texture. */
  readonly textureSize: number;
  /** [vertexCount], see `FacePainter`. */
  readonly irisDistances: Float32Array;
}

/** Finds which pixels of an image show what of a head's mesh, and colors them. */
export class HeadPixels {
  readonly raster: HeadRaster;
  readonly #kernels: Kernels;
  readonly #mesh: Pick<HeadMesh, "modelVertices" | "triangles" | "sources" | "corners">;
  readonly #textureSize: number;
  readonly #irisDistances: Float32Array;
  readonly #strandValues: Float32Array;
  /** [vertexCount, 2] */
  readonly #grid: Int32Array;
  readonly #isSeen: Uint8Array;
  readonly #seen: Uint32Array;
  /** [size, size], 1 where a pixel's neighbor is of another kind. */
  readonly #isEdge: Uint8Array;
  readonly #means: Float32Array;
  /** Where an image lies while it is drawn on that has no place in the kernels' memory. */
  #copy: Float32Array | undefined;

  constructor(kernels: Kernels, { size, mesh, textureSize, irisDistances }: PixelHeadOptions) {
    this.#kernels = kernels;
    this.#mesh = {
      modelVertices: mesh.modelVertices,
      triangles: kernels.words(mesh.triangles),
      sources: kernels.bytes(mesh.sources),
      corners: kernels.floats(mesh.corners),
    };
    this.#textureSize = textureSize;
    this.#irisDistances = kernels.floats(irisDistances);
    this.#strandValues = kernels.floats(strands.texture.values);
    const pixels = size * size, vertices = mesh.vertexCount;
    this.#grid = kernels.ints(2 * vertices);
    this.#isSeen = kernels.bytes(vertices);
    this.#seen = kernels.words(vertices);
    this.raster = {
      width: size,
      height: size,
      triangle: kernels.ints(pixels),
      depth: kernels.floats(pixels),
      second: kernels.floats(pixels),
      third: kernels.floats(pixels),
      kinds: kernels.bytes(pixels),
    };
    this.#isEdge = kernels.bytes(pixels);
    this.#means = kernels.floats(3 * pixels);
  }

  /** Draws front faces of the triangles from `first` to `end`; `positions` lie in the kernels' memory. */
  find(positions: Float32Array, { first, end }: { readonly first: number; readonly end: number }): Seen {
    const { run } = this.#kernels, { width, height, triangle, depth, second, third } = this.raster;
    const triangles = this.#mesh.triangles.subarray(3 * first), grid = this.#grid;
    run.snapToGrid(positions, positions.length / 3, grid);
    run.rasterizeFronts(triangles, end - first, grid, positions, width, height, triangle, depth, second, third);
    this.#isSeen.fill(0);
    const count = run.markSeen(triangle, width * height, width, triangles, this.#isSeen, this.#seen);
    return { isSeen: this.#isSeen, list: this.#seen.subarray(0, count) };
  }

  /** Colors what was found, over what the image holds, and softens its outlines. All arrays lie in the kernels' memory. */
  shade({ rgb }: FloatImage, inputs: ShadeInputs): void {
    const kernels = this.#kernels;
    if (kernels.holds(rgb)) return this.#shade(rgb, inputs);
    this.#copy ??= kernels.floats(rgb.length);
    this.#copy.set(rgb);
    this.#shade(this.#copy, inputs);
    rgb.set(this.#copy);
  }

  #shade(
    rgb: Float32Array,
    { first, paint, light, shine, colors, strands: contrast, seed, ...relief }: ShadeInputs,
  ): void {
    const { run } = this.#kernels, { width, height, triangle, depth, second, third, kinds } = this.raster;
    const { triangles, sources, corners, modelVertices } = this.#mesh;
    const { columns, rows } = strands.texture;
    run.shadePixels(
      rgb,
      kinds,
      width * height,
      triangle,
      second,
      third,
      triangles.subarray(3 * first),
      sources.subarray(first),
      corners.subarray(6 * first),
      paint.albedo,
      this.#textureSize,
      paint.eyeRamp,
      EYE_STEPS,
      EYE_STEPS / EYE_REACH,
      this.#irisDistances,
      light,
      shine,
      colors,
      modelVertices,
      this.#strandValues,
      columns,
      rows,
      contrast,
      seed % columns,
      paint.relief,
      relief.slopes,
      relief.lamp,
    );
    run.softenPixels(rgb, width, height, kinds, depth, this.#isEdge, this.#means);
  }
}
