import { imageToCrop } from "@/lib/data/maps/crop.ts";
import { readVertices } from "@/lib/data/maps/position_map.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { linearToPhoto } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import { seenVertices } from "@/lib/geometry/seen_vertices.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Photo, PositionMap } from "@/lib/types.ts";
import { plaster, positionMapPicture } from "@/lib/view/drawing/draw.ts";
import { panelRow } from "@/lib/view/figures/panels.ts";
import type { SvgFigure } from "@/lib/view/figures/svg_figure.ts";
import { svgPhoto } from "@/lib/view/figures/svg_marks.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";
import { uvMesh } from "@/lib/geometry/uv_mesh.ts";
import { meshSquare, PANEL, whiteImage } from "@/lib/view/mesh/wireframe.ts";

/**
 * [n, 3], sRGB bytes: x, y and z as red, green and blue, from 0 to the crop's side, as `positionMapPicture` has them.
 *
 * @param positions [n, 3], in crop pixels
 */
export function positionColors(positions: Float32Array, size: number): Uint8Array {
  return Uint8Array.from(positions, (value) => Math.round(255 * clamp(value / size, 0, 1)));
}

/**
 * What a position map is, in three steps: the mesh's vertices colored by their places in the image, the same vertices
 * at their places in UV space, and their colors interpolated over the faces between them.
 */
export async function positionMapRow({ map, surface }: Omit<TrackedFace, "photo">): Promise<SvgFigure> {
  const vertices = readVertices(map, surface);
  const colors = positionColors(vertices, map.size);
  const mesh = { positions: vertices, triangles: surface.triangles };
  const crop = meshSquare({ ...mesh, triangles: trianglesWithoutNeck(surface) }, map.size);
  const placed = { ...mesh, positions: imageToCrop(vertices, { crop, size: PANEL }) };
  const image = whiteImage(PANEL);
  const paper = plaster(placed).map((value) => 0.8 + 0.2 * value);
  const seen = seenVertices(drawMesh(placed, image, { colors: paper, backfaces: false }), placed);
  const plasterElement = await svgPhoto(linearToPhoto(image), { width: GRID, height: GRID, quality: 80 });
  const inSpace = dots(imageToCrop(vertices, { crop, size: GRID }), colors, seen.list);
  const inUv = dots(uvMesh(surface, GRID).positions, colors, new Set(surface.triangles));
  return await panelRow([
    {
      picture: { width: GRID, height: GRID, elements: plasterElement + inSpace },
      label: ["1. The vertices in the image", "red: x, green: y, blue: z"],
    },
    {
      picture: {
        width: GRID,
        height: GRID,
        elements: `<rect width="${GRID}" height="${GRID}" fill="#f4f4f1"/>${inUv}`,
      },
      label: ["2. The same vertices in UV space", "u to the right, v down"],
    },
    {
      picture: mapOnWhite(map, surface),
      label: ["3. Their colors between them, too", `the position map: ${map.size} × ${map.size} places`],
    },
  ], {
    caption: "The mesh's vertices colored by x, y and z; flattened into UV; interpolated: the position map",
    hasArrows: true,
  });
}

/** The position map and its channels: x grows to the right of the image, y downwards, z towards the viewer. */
export async function positionChannelsRow({ map, surface }: Omit<TrackedFace, "photo">): Promise<SvgFigure> {
  const picture = mapOnWhite(map, surface);
  const channel = (axis: number) => ({
    ...picture,
    rgb: picture.rgb.map((_, i) => picture.rgb[3 * Math.floor(i / 3) + axis]!),
  });
  return await panelRow([
    { picture, label: ["Position map"] },
    { picture: channel(0), label: ["x", "black: 0, the image's left"] },
    { picture: channel(1), label: ["y", "black: 0, the image's top"] },
    { picture: channel(2), label: ["z", "black: 0, the farthest point"] },
  ], { caption: "A position map, and its x, y and z alone" });
}

function mapOnWhite(map: PositionMap, surface: FaceSurface): Photo {
  const { valid } = uvLayout(surface, map.size);
  const { rgb, ...size } = positionMapPicture(map, valid);
  return { ...size, rgb: rgb.map((value, i) => valid[Math.floor(i / 3)] ? value : 255) };
}

/** Units a side of what is drawn. */
const GRID = 1_000;
/** Levels of each channel that dots of one color are gathered by: enough for the eye, in few elements. */
const LEVELS = 16;

/** Vertices as dots at their x and y. */
function dots(positions: Float32Array, colors: Uint8Array, vertices: Iterable<number>): string {
  const places = new Map<string, string[]>();
  for (const vertex of vertices) {
    const level = (channel: number) =>
      Math.round(Math.round(colors[3 * vertex + channel]! / 255 * LEVELS) / LEVELS * 255);
    const color = [0, 1, 2].map((channel) => level(channel).toString(16).padStart(2, "0")).join("");
    const [x, y] = [Math.round(positions[3 * vertex]!), Math.round(positions[3 * vertex + 1]!)];
    if (x < 0 || x > GRID || y < 0 || y > GRID) continue;
    if (!places.has(color)) places.set(color, []);
    places.get(color)!.push(`M${x} ${y}h0`); // a line of no length is as round as its ends
  }
  const paths = [...places].map(([color, moves]) => `<path stroke="#${color}" d="${moves.join("")}"/>`);
  return `<g fill="none" stroke-width="9" stroke-linecap="round">${paths.join("")}</g>`;
}
