import type { FloatImage } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import { fillHarmonic } from "@/lib/geometry/harmonic.ts";
import { interpolate, type Raster } from "@/lib/geometry/rasterize.ts";
import type { Mesh } from "@/lib/types.ts";
import { sampleTexture } from "@/lib/geometry/sample_texture.ts";
import { meanOf } from "@/lib/geometry/vectors.ts";

/** Nodes of the grid along the photo's longer side. */
const NODES = 64;
/** How far the grid reaches beyond the photo, in its sides; there, it shows the photo mirrored. */
const PADDING = 0.4;

/**
 * What a photo shows around a face, on a grid that bends along with it: it moves as the face does along the face's
 * outline, and less and less towards the photo's edges (Zhu et al., CVPR 2016, section 4: anchors of the background).
 */
export class BentBackground {
  readonly #image: FloatImage;
  readonly #columns: number;
  readonly #rows: number;
  /** The grid at rest, in the photo's pixels. */
  readonly #rest: Mesh;
  /** [node], the pixel on the face's outline that a node is tied to, or -1. */
  readonly #tiedTo: Int32Array;

  /** `raster` is of the face, one sample a pixel. */
  constructor(image: FloatImage, readonly raster: Raster, readonly face: Mesh) {
    const step = Math.max(image.width, image.height) / NODES;
    const pad = Math.ceil(PADDING * NODES);
    const columns = Math.ceil(image.width / step) + 2 * pad + 1;
    const rows = Math.ceil(image.height / step) + 2 * pad + 1;
    const place = (index: number) => (index - pad) * step;
    this.#columns = columns;
    this.#rows = rows;
    this.#image = withoutFace(image, raster);
    this.#rest = grid(columns, rows, place);
    const covered = (node: number) => {
      const [x, y] = [place(node % columns), place(Math.floor(node / columns))].map(Math.floor) as [number, number];
      if (x < 0 || y < 0 || x >= image.width || y >= image.height) return -1;
      const pixel = y * image.width + x;
      return raster.triangle[pixel]! < 0 ? -1 : pixel;
    };
    const pixels = Int32Array.from({ length: columns * rows }, (_, node) => covered(node));
    this.#tiedTo = pixels.map((pixel, node) => {
      const inner = [node - 1, node + 1, node - columns, node + columns].every((n) => (pixels[n] ?? -1) >= 0);
      return inner ? -1 : pixel;
    });
  }

  /** Draws it, all over the picture, as it is when the face's vertices are at these places, [vertexCount, 3]. */
  draw(image: FloatImage, moved: Float32Array): void {
    const [columns, rows] = [this.#columns, this.#rows];
    const { positions: rest, triangles } = this.#rest;
    const shift = new Float32Array(rest.length);
    const isFixed = Uint8Array.from(this.#tiedTo, (pixel) => pixel < 0 ? 0 : 1);
    const depth = meanOf(moved)[2];
    for (let node = 0; node < isFixed.length; node++) {
      const column = node % columns, row = Math.floor(node / columns);
      const isRim = column === 0 || row === 0 || column === columns - 1 || row === rows - 1;
      if (isRim) isFixed[node] = 1;
      shift[3 * node + 2] = depth;
      if (!isRim && isFixed[node]) shift.set(this.#movement(this.#tiedTo[node]!, moved), 3 * node);
    }
    fillHarmonic(shift, isFixed, { columns, rows, channels: 3 });
    const positions = rest.map((value, i) => value + shift[i]!);
    const photo = this.#image;
    const from = new Float32Array(3);
    drawMesh({ positions, triangles }, image, {
      colors: (k, raster, color) => {
        interpolate(raster, k, { triangles, values: rest }, from);
        sampleTexture(photo, from[0]!, from[1]!, color);
      },
    });
  }

  /** How far what a pixel shows of the face has moved, and how deep it is now. */
  #movement(pixel: number, moved: Float32Array): [number, number, number] {
    const { positions, triangles } = this.face;
    const [before, now] = [new Float32Array(3), new Float32Array(3)];
    interpolate(this.raster, pixel, { triangles, values: positions }, before);
    interpolate(this.raster, pixel, { triangles, values: moved }, now);
    return [now[0]! - before[0]!, now[1]! - before[1]!, now[2]!];
  }
}

/** The photo with what is around the face spread smoothly over it. */
function withoutFace({ width, height, rgb }: FloatImage, { triangle }: Raster): FloatImage {
  const filled = rgb.slice();
  const isFixed = Uint8Array.from(triangle, (t) => t < 0 ? 1 : 0);
  fillHarmonic(filled, isFixed, { columns: width, rows: height, channels: 3 });
  return { width, height, rgb: filled };
}

function grid(columns: number, rows: number, place: (index: number) => number): Mesh {
  const positions = new Float32Array(3 * columns * rows);
  const triangles: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const node = row * columns + column;
      positions.set([place(column), place(row), 0], 3 * node);
      if (row + 1 === rows || column + 1 === columns) continue;
      triangles.push(node, node + columns, node + 1, node + 1, node + columns, node + columns + 1);
    }
  }
  return { positions, triangles: Uint32Array.from(triangles) };
}
