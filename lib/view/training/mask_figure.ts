import { readVertices } from "@/lib/data/maps/position_map.ts";
import { type UvLayout, uvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { linearToPhoto, photoToLinear, srgbToLinear } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { publishedWeights, type RegionWeights, weightMask } from "@/lib/train/mask.ts";
import type { Photo, PositionMap, Vec3 } from "@/lib/types.ts";
import { enlargePhoto } from "@/lib/view/drawing/join_photos.ts";
import { SvgFigure } from "@/lib/view/figures/svg_figure.ts";
import { FAINT_TEXT_COLOR, svgDocument, svgElement, svgPhoto, svgText } from "@/lib/view/figures/svg_marks.ts";

export interface MaskFigureOptions {
  /** Texels a side of the mask. */
  readonly size?: number;
  readonly weights?: RegionWeights;
  /** A face to show the mask on. */
  readonly face?: { readonly image: Photo; readonly map: PositionMap };
}

/** From the palette of Okabe and Ito, which the color-blind can tell apart too; gray where nothing is asked of the network. */
const regionColors: Readonly<Record<keyof RegionWeights, string>> = {
  landmarks: "#d55e00",
  eyes: "#009e73",
  nose: "#f0e442",
  mouth: "#cc79a7",
  face: "#56b4e9",
  neck: "#b4b8be",
};
const regions = ["landmarks", "eyes", "nose", "mouth", "face", "neck"] as const;

const MARGIN = 16;
/** Pixels a side of both pictures. */
const SIDE = 376;
const LEGEND_WIDTH = 176;
const TOP = 44;
const ROW = 30;

/**
 * The loss's weight mask by region: on the UV map, with each region's weight and its share of all weights, and on a
 * face where one is given.
 */
export async function maskFigure(
  surface: FaceSurface,
  { size = 256, weights = publishedWeights, face }: MaskFigureOptions = {},
): Promise<SvgFigure> {
  const layout = uvLayout(surface, size);
  const numbered = Object.fromEntries(regions.map((name, i) => [name, i + 1])) as unknown as RegionWeights;
  const regionOf = weightMask(layout, surface, numbered).map((number) => number - 1); // -1 where there is no face
  const legendLeft = MARGIN + SIDE + 20;
  const faceLeft = legendLeft + LEGEND_WIDTH + 20;
  const parts = [
    panelTitle("In UV space", MARGIN),
    await svgPhoto(paintRegions(regionOf, size), { ...panel(MARGIN), format: "png" }),
    svgElement("rect", { ...panel(MARGIN), fill: "none", stroke: FAINT_TEXT_COLOR }),
    svgText("u →", { x: MARGIN + SIDE, y: TOP + SIDE + 16, "text-anchor": "end", fill: FAINT_TEXT_COLOR }),
    svgText("v ↓", { x: MARGIN, y: TOP + SIDE + 16, fill: FAINT_TEXT_COLOR }),
    legend(regionOf, weights, legendLeft),
  ];
  if (face) {
    const photo = paintFace(face, { surface, layout, regionOf });
    parts.push(panelTitle("On a face", faceLeft), await svgPhoto(photo, panel(faceLeft)));
  }
  const width = (face ? faceLeft + SIDE : legendLeft + LEGEND_WIDTH) + MARGIN;
  const svg = svgDocument({ width, height: TOP + SIDE + 28 }, parts.join(""));
  const said = regions.map((name) => `${name} ${weights[name]}`).join(", ");
  return new SvgFigure(svg, `The loss's weight mask by region: ${said}`);
}

function panel(x: number) {
  return { x, y: TOP, width: SIDE, height: SIDE };
}

function panelTitle(content: string, x: number): string {
  return svgText(content, { x, y: TOP - 14, "font-size": 15, "font-weight": "bold" });
}

/** Each region's color, weight, and share of the loss where errors are the same everywhere. */
function legend(regionOf: Float32Array, weights: RegionWeights, x: number): string {
  const totals = regions.map((name, i) =>
    weights[name] * regionOf.reduce((count, region) => count + Number(region === i), 0)
  );
  const total = totals.reduce((sum, value) => sum + value, 0);
  const [middle, right] = [x + 122, x + LEGEND_WIDTH];
  const rows = regions.map((name, i) => {
    const y = TOP + 44 + i * ROW;
    const share = total > 0 ? `${(100 * totals[i]! / total).toFixed(0)} %` : "–";
    return svgElement("rect", { x, y: y - 12, width: 16, height: 16, rx: 2, fill: regionColors[name] }) +
      svgText(name, { x: x + 24, y: y + 1, "font-size": 14 }) +
      svgText(String(weights[name]), { x: middle, y: y + 1, "font-size": 14, "text-anchor": "end" }) +
      svgText(share, { x: right, y: y + 1, "font-size": 14, "text-anchor": "end" });
  });
  return svgText("weight", { x: middle, y: TOP + 12, "text-anchor": "end", fill: FAINT_TEXT_COLOR }) +
    svgText("share", { x: right, y: TOP + 12, "text-anchor": "end", fill: FAINT_TEXT_COLOR }) +
    rows.join("");
}

function paintRegions(regionOf: Float32Array, size: number): Photo {
  const rgb = new Uint8Array(3 * size * size).fill(255);
  regionOf.forEach((region, texel) => {
    if (region >= 0) rgb.set(bytesOf(regionColors[regions[region]!]), 3 * texel);
  });
  return { width: size, height: size, rgb };
}

const OPACITY = 0.7;
/** Pixels a side that the face is drawn at, at least: lines and dots of the mask are fine. */
const FACE_SIDE = 512;
/** Towards the light, in image space. */
const LIGHT: Vec3 = [-0.35, -0.45, 0.82];

/** The face's mesh in its regions' colors, so lit that its shape is seen, with the photo showing through. */
function paintFace(
  { image, map }: NonNullable<MaskFigureOptions["face"]>,
  { surface, layout, regionOf }: { surface: FaceSurface; layout: UvLayout; regionOf: Float32Array },
): Photo {
  const factor = Math.ceil(FACE_SIDE / image.width);
  const photo = enlargePhoto(image, factor);
  const { uv, triangles } = surface;
  const mesh = { positions: readVertices(map, surface).map((value) => value * factor), triangles };
  const normals = vertexNormals(mesh);
  const light = Float32Array.from({ length: normals.length / 3 }, (_, v) => {
    const cosine = [0, 1, 2].reduce((sum, axis) => sum + normals[3 * v + axis]! * LIGHT[axis]!, 0);
    return 0.3 + 0.7 * Math.max(0, cosine);
  });
  const colors = regions.map((name) => bytesOf(regionColors[name]).map((byte) => srgbToLinear(byte / 255)));
  const { size, nearest } = layout;
  const drawn = photoToLinear(photo);
  drawMesh(mesh, drawn, {
    samples: 2,
    backfaces: false,
    colors: (k, { triangle, weights }, color) => {
      let u = 0, v = 0, brightness = 0;
      for (let corner = 0; corner < 3; corner++) {
        const vertex = triangles[3 * triangle[k]! + corner]!;
        const weight = weights[3 * k + corner]!;
        u += weight * uv[2 * vertex]!;
        v += weight * uv[2 * vertex + 1]!;
        brightness += weight * light[vertex]!;
      }
      const texel = Math.min(size - 1, Math.floor(v * size)) * size + Math.min(size - 1, Math.floor(u * size));
      const shown = colors[regionOf[nearest[texel]!]!]!;
      for (let channel = 0; channel < 3; channel++) color[channel] = brightness * shown[channel]!;
    },
  });
  // in sRGB, whose steps look even
  const rgb = linearToPhoto(drawn).rgb.map((value, i) => Math.round(OPACITY * value + (1 - OPACITY) * photo.rgb[i]!));
  return { ...photo, rgb };
}

/** "#rrggbb" as red, green and blue. */
function bytesOf(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}
