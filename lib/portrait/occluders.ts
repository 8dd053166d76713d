import { keyLandmarks, landmarkBox } from "@/lib/face/landmarks.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { meanOf, pointAt, times, vector } from "@/lib/geometry/vectors.ts";
import { randomColor } from "@/lib/portrait/appearance.ts";
import { type Fill, fillShape, type Shape, stroke } from "@/lib/portrait/shapes.ts";
import { melaninRange, skinColor } from "@/lib/portrait/skin.ts";
import type { Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";

export interface OccluderOptions {
  readonly random: Random;
  /** [68, 3], in the image's pixels. */
  readonly landmarks: Float32Array;
  readonly skin: Vec3;
  /** What a white thing shows, roughly. */
  readonly brightness: number;
  /** Towards a lamp whose shadows are seen, in image space; missing where there is none. One behind the head casts none on the face. */
  readonly lamp?: Vec3 | undefined;
}

/** What may stand before a face. */
const occluderKinds = ["hand", "microphone", "phone", "things", "noise"] as const;
export type OccluderKind = typeof occluderKinds[number];

const occluders: Readonly<Record<OccluderKind, readonly [share: number, paint: typeof paintHand]>> = {
  hand: [0.1, paintHand],
  microphone: [0.05, paintMicrophone],
  phone: [0.05, paintPhone],
  things: [0.14, paintThings],
  noise: [0.12, (image, { random }) => paintNoise(image, random)],
};

/** Puts something before the face, now and then, in place. Gives what it was. */
export function paintOccluders(image: FloatImage, options: OccluderOptions): OccluderKind[] {
  return occluderKinds.filter((kind) => {
    const [share, paint] = occluders[kind];
    const isThere = options.random.chance(share);
    if (isThere) paint(image, options);
    return isThere;
  });
}

/** The middle of the landmarks, and the longer side of their box. */
function faceExtent({ landmarks }: OccluderOptions): { x: number; y: number; size: number } {
  const [x, y] = meanOf(landmarks);
  const { width, height } = landmarkBox(landmarks);
  return { x, y, size: Math.max(width, height) };
}

type Painted = readonly [shape: Shape, fill: Fill];

/** Shapes that are held before the face, one over the other, over the shadow that they cast on it. */
function paintHeld(image: FloatImage, shapes: readonly Painted[], { random, lamp, ...rest }: OccluderOptions): void {
  if (lamp && lamp[2] > 0) {
    const { size } = faceExtent({ random, ...rest });
    const away = size * random.fork("shadow").uniform(0.02, 0.12) / Math.max(0.4, lamp[2]);
    for (const [shape, { softness = 1 }] of shapes) {
      const moved = { ...shape, x: shape.x - away * lamp[0], y: shape.y - away * lamp[1] };
      fillShape(image, moved, { from: BLACK, to: BLACK, opacity: SHADOW, softness: softness + 0.4 * away });
    }
  }
  for (const [shape, fill] of shapes) fillShape(image, shape, fill);
}

const BLACK: Vec3 = [0, 0, 0];
/** How much of the light a shape takes; several lie over each other. */
const SHADOW = 0.3;

function paintHand(image: FloatImage, options: OccluderOptions): void {
  const { random, skin, brightness } = options;
  const shapes: Painted[] = [];
  const { x, y, size } = faceExtent(options);
  const own = random.chance(0.75) ? skin : skinColor(random.uniform(...melaninRange), random.uniform(0.2, 0.6));
  const shade = brightness * random.uniform(0.6, 1.1);
  const color = times(own, shade);
  const darker = times(color, 0.82);
  const angle = random.uniform(0, 2 * Math.PI);
  const palm = ahead([x, y], angle, size * random.uniform(0.35, 0.62), 1.3);
  const point = angle + Math.PI + random.normal() * 0.5; // the fingers' direction
  const length = size * random.uniform(0.28, 0.5), width = size * random.uniform(0.075, 0.11);
  const spread = random.uniform(0.95, 1.25);
  const wrist = ahead(palm, point, -size);
  shapes.push([stroke(palm, wrist, width * 3.2), { from: color, to: darker, round: 0.55, softness: SOFT }]);
  const back = { x: palm[0], y: palm[1], halfWidth: width * 2.4, halfHeight: width * 2.1, angle: point };
  shapes.push([{ kind: "ellipse", ...back }, { from: darker, to: color, round: 0.45, softness: SOFT }]);
  const flesh = plain(color, 0.6);
  for (let finger = 0; finger < 4; finger++) {
    const offset = (finger - 1.5) * width * spread;
    const base: Point = [palm[0] - Math.sin(point) * offset, palm[1] + Math.cos(point) * offset];
    const own = length * [0.82, 1, 0.95, 0.75][finger]!;
    const lean = point + (finger - 1.5) * 0.09 * spread;
    const knuckle = ahead(base, lean, own, 0.75);
    const tip = ahead(knuckle, lean + random.normal() * 0.15, own, 0.55);
    shapes.push([stroke(base, knuckle, width), flesh]);
    shapes.push([stroke(knuckle, tip, width * 0.9), flesh]);
  }
  const side = random.chance(0.5) ? 1 : -1;
  const thumb = ahead(palm, point + side * random.uniform(0.5, 1.1), length);
  shapes.push([stroke(palm, thumb, width * 1.15), flesh]);
  paintHeld(image, shapes, options);
}

function paintMicrophone(image: FloatImage, options: OccluderOptions): void {
  const { random, brightness, landmarks } = options;
  const { size } = faceExtent(options);
  const lip = pointAt(landmarks, keyLandmarks.lowerLip);
  const x = lip[0] + random.normal() * size * 0.1;
  const y = lip[1] + random.uniform(0, 0.25) * size;
  const angle = Math.PI / 2 + random.normal() * 0.6;
  const handle = grayColor(brightness * random.uniform(0.02, 0.12));
  const head = grayColor(brightness * random.uniform(0.05, 0.4));
  const radius = size * random.uniform(0.06, 0.13);
  paintHeld(image, [
    [stroke([x, y], ahead([x, y], angle, size), radius * 1.1), plain(handle, 0.7)],
    [{ kind: "ellipse", x, y, halfWidth: radius, halfHeight: radius * 1.15, angle }, plain(head, 0.9)],
  ], options);
}

function paintPhone(image: FloatImage, options: OccluderOptions): void {
  const { random, brightness } = options;
  const extent = faceExtent(options), { size } = extent;
  const side = random.chance(0.5) ? 1 : -1;
  const height = size * random.uniform(0.25, 0.4);
  const x = extent.x + side * size * random.uniform(0.3, 0.6), y = extent.y + random.normal() * 0.2 * size;
  const color = random.chance(0.7) ? grayColor(brightness * random.uniform(0.01, 0.08)) : grayColor(brightness * 0.6);
  const angle = random.normal() * 0.5;
  const body = { kind: "box", x, y, halfWidth: height * 0.5, halfHeight: height, angle } as const;
  const flesh = plain(times(options.skin, brightness * 0.8), 0.6);
  // The hand is behind the phone, but for its fingers.
  const palm: Point = [x + 0.5 * height * side, y + 0.15 * height];
  const wrist: Point = [palm[0] + 2 * height * side, palm[1] + 6 * height];
  const back = { x: palm[0], y: palm[1], halfWidth: 0.4 * height, halfHeight: 0.65 * height, angle: -0.3 * side };
  const shapes: Painted[] = [
    [stroke(palm, wrist, height * 0.6), flesh],
    [{ kind: "ellipse", ...back }, flesh],
    [body, { from: color, to: times(color, 2), softness: SOFT }],
  ];
  for (let finger = 0; finger < 4; finger++) {
    const dy = (finger - 1.5) * height * 0.28;
    const at: Point = [x - Math.sin(angle) * dy, y + Math.cos(angle) * dy];
    const reach = height * 0.6 * side;
    const [from, to]: [Point, Point] = [[at[0] - reach * 0.3, at[1]], [at[0] + reach, at[1] + height * 0.1]];
    shapes.push([stroke(from, to, height * 0.24), flesh]);
  }
  paintHeld(image, shapes, options);
}

type Point = readonly [x: number, y: number];

/** This share of a length away from a point; angles are clockwise on the screen. */
function ahead([x, y]: Point, angle: number, length: number, share = 1): Point {
  return [x + Math.cos(angle) * length * share, y + Math.sin(angle) * length * share];
}

/** Pixels over which the edges of things fade that are as far away as the face. */
const SOFT = 1.5;

function plain(color: Vec3, round: number): Fill {
  return { from: color, to: color, round, softness: SOFT };
}

function paintThings(image: FloatImage, { random, brightness, skin }: OccluderOptions): void {
  const { width } = image;
  for (let count = random.integer(1, 2); count > 0; count--) {
    const color: Vec3 = random.chance(0.3)
      ? vector((c) => skin[c] * brightness * random.uniform(0.6, 1.1))
      : times(randomColor(random), brightness);
    const to = vector((c) => color[c] * random.uniform(0.4, 1.4));
    fillShape(image, {
      kind: random.pick(["box", "ellipse", "capsule"] as const),
      x: random.next() * width,
      y: random.next() * width,
      halfWidth: random.uniform(0.03, 0.2) * width,
      halfHeight: random.uniform(0.03, 0.16) * width,
      angle: random.uniform(0, Math.PI),
    }, { from: color, to, softness: random.uniform(1, 4), round: random.chance(0.5) ? 0.6 : 0 });
  }
}

/** A rectangle of colored noise (Feng et al., 2018, section 3.3). */
function paintNoise({ width, rgb }: FloatImage, random: Random): void {
  const [w, h] = [Math.round(random.uniform(0.08, 0.35) * width), Math.round(random.uniform(0.08, 0.35) * width)];
  const [left, top] = [random.integer(0, width - w), random.integer(0, width - h)];
  const grain = random.integer(1, 4);
  const specks = Float32Array.from({ length: 997 }, () => random.next());
  for (let row = 0; row < h; row++) {
    for (let column = 0; column < w; column++) {
      const speck = ((row / grain) | 0) * 91 + ((column / grain) | 0) * 3;
      const i = 3 * ((top + row) * width + left + column);
      for (let c = 0; c < 3; c++) rgb[i + c] = specks[(speck + c) % 997]!;
    }
  }
}

function grayColor(level: number): Vec3 {
  return [level, level, level];
}
