import { eyeCornerDistance, keyLandmarks, landmarkLines } from "@/lib/face/landmarks.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import type { Seen } from "@/lib/geometry/seen_vertices.ts";
import { placedAxes, type Placement } from "@/lib/geometry/transforms.ts";
import { dot, meanOf, meanPoint, pointAt, times, vector } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import { colorSources } from "@/lib/portrait/head_mesh.ts";
import type { HeadRaster } from "@/lib/portrait/head_pixels.ts";
import type { Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";

/** Spectacles; lengths are in distances between the outer eye corners. */
export interface Glasses {
  readonly frameColor: Vec3;
  /** Width of the rims. */
  readonly frame: number;
  readonly lensColor: Vec3;
  /** 1 hides the eyes. */
  readonly opacity: number;
  /** How much lighter the lenses are at their lower edge. */
  readonly fade: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** Exponent of the rim's curve: 2 is round, more is squarer. */
  readonly squareness: number;
  /** Height of the lenses' middles over the eyes'. */
  readonly lift: number;
  readonly glare: number;
}

/** Undefined for most people. */
export function randomGlasses(random: Random): Glasses | undefined {
  if (!random.chance(0.17)) return undefined;
  const isDark = random.chance(0.35);
  const gray = random.next() ** 3 * 0.6;
  const halfWidth = random.uniform(0.21, 0.27);
  return {
    frameColor: random.chance(0.75)
      ? [gray, gray * 0.9, gray * 0.8]
      : [random.next() ** 2, random.next() ** 3, random.next() ** 3],
    frame: random.chance(0.3) ? random.uniform(0.012, 0.02) : random.uniform(0.02, 0.05),
    lensColor: isDark ? [random.uniform(0, 0.05), random.uniform(0, 0.04), random.uniform(0, 0.04)] : [0.5, 0.5, 0.5],
    opacity: isDark ? random.uniform(0.6, 0.98) : random.uniform(0.02, 0.12),
    fade: isDark && random.chance(0.4) ? random.uniform(0, 0.6) : 0,
    halfWidth,
    halfHeight: halfWidth * random.uniform(0.6, 1),
    squareness: random.uniform(2, 4.5),
    lift: random.uniform(-0.06, 0.01),
    glare: random.chance(0.35) ? random.uniform(0.1, 0.6) : 0,
  };
}

export interface GlassesScene {
  /** The head as it was drawn into the image, one sample a pixel. */
  readonly raster: Pick<HeadRaster, "width" | "depth" | "kinds">;
  /** [68, 3], in the image's pixels, with the raster's z. */
  readonly landmarks: Float32Array;
  readonly placement: Placement;
  /** What a white thing shows. */
  readonly brightness: number;
}

/** Where a pair of glasses is on a head, in image space. */
class Fit {
  /** A distance between the outer eye corners to the image's right, up and ahead of the head. */
  readonly axes: readonly [Vec3, Vec3, Vec3];
  readonly eyes: readonly Vec3[];
  /** Middles of the lenses. */
  readonly lenses: readonly Vec3[];

  constructor({ lift }: Glasses, { landmarks, placement }: Pick<GlassesScene, "landmarks" | "placement">) {
    const placed = placedAxes(placement, eyeCornerDistance(landmarks));
    const axis = (number: number) => vector((k) => placed[3 * k + number]!);
    this.axes = [axis(0), axis(1), axis(2)];
    this.eyes = [landmarkLines.rightEye, landmarkLines.leftEye].map((eye) => meanOf(landmarks, eye.landmarks));
    this.lenses = this.eyes.map((eye, e) => this.along(eye, 0.01 * sideOf(e), lift, AHEAD));
  }

  along(point: Vec3, x: number, y: number, z: number): Vec3 {
    const [right, up, ahead] = this.axes;
    return vector((k) => point[k] + x * right[k] + y * up[k] + z * ahead[k]);
  }
}

/** How far lenses are before the eyes. */
const AHEAD = 0.19;
/** How far within a broad head a temple may lie that would bend around it: frames are made to fit. */
const TEMPLE_SINK = 0.2;
/** How wide a rim's shadow is, at least. */
const SHADOW_WIDTH = 0.07;

/** To the right, away from the nose, or to the left. */
function sideOf(eye: number): 1 | -1 {
  return eye === 0 ? -1 : 1;
}

export interface GlassesShadow extends Pick<GlassesScene, "landmarks" | "placement"> {
  /** [vertexCount, 3], in image space. */
  readonly positions: Float32Array;
  readonly seen: Seen;
  /** Towards the lamp, in image space, of length 1. */
  readonly direction: Vec3;
  /** [vertexCount], how much of the lamp each vertex sees; changed in place. */
  readonly visibility: Float32Array;
}

/** Dims a lamp where its light comes through the rims or the lenses of glasses. */
export function castGlasses(
  glasses: Glasses,
  { positions, seen, direction, visibility, ...head }: GlassesShadow,
): void {
  const { axes: [right, up, ahead], lenses } = new Fit(glasses, head);
  const slope = dot(direction, ahead), length = dot(right, right);
  // A shadow that is narrower than vertices are apart would be dots: it is wider, and lighter.
  const rim = Math.max(glasses.frame, SHADOW_WIDTH) / (2 * glasses.halfWidth);
  const dark = 0.8 * Math.min(1, glasses.frame / SHADOW_WIDTH);
  if (slope <= 0) return; // the lamp is behind the head
  const radiusOf = superellipse(glasses.squareness);
  for (const middle of lenses) {
    for (const v of seen.list) {
      const off = vector((k) => middle[k] - positions[3 * v + k]!);
      const way = dot(off, ahead) / slope; // along the light, to the lens
      if (way <= 0) continue;
      const u = (way * dot(direction, right) - dot(off, right)) / (length * glasses.halfWidth);
      const w = (way * dot(direction, up) - dot(off, up)) / (length * glasses.halfHeight);
      const radius = radiusOf(u, w);
      if (radius > 1 + rim) continue;
      const tint = radius < 1 ? 0.95 * glasses.opacity * (1 - glasses.fade * Math.max(0, -w)) : 0;
      visibility[v]! *= 1 - Math.max(tint, dark * Math.max(0, 1 - Math.abs(radius - 1) / rim));
    }
  }
}

function superellipse(exponent: number): (u: number, v: number) => number {
  return (u, v) => (Math.abs(u) ** exponent + Math.abs(v) ** exponent) ** (1 / exponent);
}

/** Puts glasses on a drawn face, in place: behind what stands before them, over everything else. */
export function paintGlasses(image: FloatImage, glasses: Glasses, scene: GlassesScene): void {
  const { landmarks } = scene;
  const fit = new Fit(glasses, scene), { axes, eyes } = fit;
  const frameColor = times(glasses.frameColor, scene.brightness);
  const pixels = Math.hypot(...axes[0]);
  const width = Math.max(0.6, glasses.frame * pixels);
  fit.lenses.forEach((middle, e) => {
    const side = sideOf(e);
    paintLens(image, glasses, { ...scene, middle, axes, frameColor, width });
    const hinge = fit.along(middle, side * glasses.halfWidth, 0.06, 0);
    const jawEnd = e === 0 ? keyLandmarks.rightJawEnd : keyLandmarks.leftJawEnd;
    const ear = fit.along(pointAt(landmarks, jawEnd), side * 0.06, 0.08, -0.1);
    // Turned to the viewer, or away from it.
    const sink = axes[0][2] * side > 0 ? TEMPLE_SINK * pixels : 0;
    const temple = [hinge, fit.along(hinge, side * 0.05, 0, -0.12), ear];
    strokeInDepth(image, temple, { ...scene, color: frameColor, width, sink });
  });
  const inner = eyes.map((eye, e) => fit.along(eye, -sideOf(e) * glasses.halfWidth * 0.95, glasses.lift + 0.05, AHEAD));
  const bridge = fit.along(meanPoint(inner), 0, 0.03, 0.05);
  strokeInDepth(image, [inner[0]!, bridge, inner[1]!], { ...scene, color: frameColor, width, sink: 0 });
}

interface Lens extends GlassesScene {
  readonly middle: Vec3;
  readonly axes: readonly [Vec3, Vec3, Vec3];
  readonly frameColor: Vec3;
  readonly width: number;
}

function paintLens({ width: columns, height: rows, rgb }: FloatImage, glasses: Glasses, lens: Lens): void {
  const { middle: [cx, cy, cz], axes: [right, up], raster, frameColor, width, brightness } = lens;
  const { halfWidth: a, halfHeight: b, opacity, fade, glare } = glasses;
  const radiusOf = superellipse(glasses.squareness);
  const [ux, uy, uz] = times(right, a), [vx, vy, vz] = times(up, b);
  const area = ux * vy - uy * vx;
  if (Math.abs(area) < 4) return; // seen from its edge
  const reachX = Math.abs(ux) + Math.abs(vx) + width, reachY = Math.abs(uy) + Math.abs(vy) + width;
  const scale = Math.sqrt(Math.abs(area));
  for (let row = Math.max(0, Math.floor(cy - reachY)); row < Math.min(rows, cy + reachY); row++) {
    for (let column = Math.max(0, Math.floor(cx - reachX)); column < Math.min(columns, cx + reachX); column++) {
      const dx = column + 0.5 - cx, dy = row + 0.5 - cy;
      const u = (dx * vy - dy * vx) / area, v = (ux * dy - uy * dx) / area;
      const radius = radiusOf(u, v);
      const off = (radius - 1) * scale; // pixels outside of the rim's middle
      const rim = clamp(0.5 + width / 2 - Math.abs(off), 0, 1);
      const inside = clamp(0.5 - off, 0, 1);
      if (rim === 0 && inside === 0) continue;
      if (raster.depth[row * raster.width + column]! > cz + u * uz + v * vz) continue;
      const i = 3 * (row * columns + column);
      const tint = inside * opacity * (1 - fade * Math.max(0, -v));
      const shine = inside * glare * brightness * Math.max(0, Math.sin(3 * (u + v)) - 0.75) * 3;
      for (let c = 0; c < 3; c++) {
        const seen = rgb[i + c]! + tint * (glasses.lensColor[c]! * brightness - rgb[i + c]!) + shine;
        rgb[i + c] = seen + rim * (frameColor[c]! - seen);
      }
    }
  }
}

interface Stroke extends GlassesScene {
  readonly color: Vec3;
  /** Pixels. */
  readonly width: number;
  /** Pixels that skin may be nearer by without hiding the line. */
  readonly sink: number;
}

/** A line through points in image space, hidden where the head is nearer. */
function strokeInDepth({ width: columns, height: rows, rgb }: FloatImage, line: readonly Vec3[], stroke: Stroke): void {
  const { raster, color, width, sink } = stroke;
  for (let k = 0; k + 1 < line.length; k++) {
    const [ax, ay, az] = line[k]!, [bx, by, bz] = line[k + 1]!;
    const squared = (bx - ax) ** 2 + (by - ay) ** 2 || 1;
    const left = Math.max(0, Math.floor(Math.min(ax, bx) - width)), right = Math.min(columns, Math.max(ax, bx) + width);
    const top = Math.max(0, Math.floor(Math.min(ay, by) - width)), bottom = Math.min(rows, Math.max(ay, by) + width);
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const dx = column + 0.5 - ax, dy = row + 0.5 - ay;
        const t = clamp((dx * (bx - ax) + dy * (by - ay)) / squared, 0, 1);
        const off = Math.hypot(dx - t * (bx - ax), dy - t * (by - ay));
        const cover = Math.min(1, 0.5 + width / 2 - off);
        if (cover <= 0) continue;
        const pixel = row * raster.width + column;
        const give = raster.kinds[pixel] === colorSources.hair ? 0 : sink;
        if (raster.depth[pixel]! > az + t * (bz - az) + give) continue;
        const i = 3 * (row * columns + column);
        for (let c = 0; c < 3; c++) rgb[i + c]! += cover * (color[c]! - rgb[i + c]!);
      }
    }
  }
}
