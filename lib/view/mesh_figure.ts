import type { Mesh, Photo } from "@/lib/types.ts";

/** A figure as Plotly takes it. */
export interface PlotlyFigure {
  readonly data: readonly Record<string, unknown>[];
  readonly layout: Readonly<Record<string, unknown>>;
}

/** [vertexCount, 3], the photo's color where each vertex lies in it; outside, that of the nearest pixel. */
export function colorsFromPhoto(positions: Float32Array, { width, height, rgb }: Photo): Uint8Array {
  const colors = new Uint8Array(positions.length);
  for (let i = 0; i < positions.length; i += 3) {
    const column = Math.min(width - 1, Math.max(0, Math.floor(positions[i]!)));
    const row = Math.min(height - 1, Math.max(0, Math.floor(positions[i + 1]!)));
    for (let c = 0; c < 3; c++) colors[i + c] = rgb[(row * width + column) * 3 + c]!;
  }
  return colors;
}

/** A mesh of image space to turn by mouse, seen from the photo's side at first; colors are [vertexCount, 3]. */
export function meshFigure({ positions, triangles }: Mesh, colors: Uint8Array): PlotlyFigure {
  const vertexCount = positions.length / 3;
  const axis = (array: ArrayLike<number>, offset: number, sign = 1) =>
    Array.from({ length: array.length / 3 }, (_, i) => sign * Math.round(array[3 * i + offset]! * 100) / 100);
  const hidden = { visible: false, showbackground: false };
  return {
    data: [{
      type: "mesh3d",
      // Plotly's z points up and its first view looks along y: x → x, depth → −y, up → z
      x: axis(positions, 0),
      y: axis(positions, 2, -1),
      z: axis(positions, 1, -1),
      i: axis(triangles, 0),
      j: axis(triangles, 1),
      k: axis(triangles, 2),
      vertexcolor: Array.from({ length: vertexCount }, (_, i) => `rgb(${colors.subarray(3 * i, 3 * i + 3).join()})`),
      lighting: { ambient: 0.85, diffuse: 0.3, specular: 0.02, roughness: 0.9 },
      lightposition: { x: 0, y: -1000, z: 300 },
      flatshading: false,
      hoverinfo: "skip",
    }],
    layout: {
      margin: { l: 0, r: 0, t: 0, b: 0 },
      scene: {
        aspectmode: "data",
        xaxis: hidden,
        yaxis: hidden,
        zaxis: hidden,
        camera: { eye: { x: 0, y: -1.9, z: 0 }, up: { x: 0, y: 0, z: 1 }, projection: { type: "orthographic" } },
        dragmode: "orbit",
      },
    },
  };
}
