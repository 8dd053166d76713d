import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { keyLandmarks, landmarkLines, lipPairs } from "@/lib/face/landmarks.ts";
import { distanceToLine, distanceToPolygon } from "@/lib/geometry/polyline.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";
import { distanceBetween, dot, meanPoint, minus, plus, pointAt, times } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import { onceEach } from "@/lib/once_each.ts";
import type { Vec3 } from "@/lib/types.ts";

/** A number for each of some points of an atlas. */
export interface SparseField {
  /** Indices of points. */
  readonly points: Uint32Array;
  /** One for each of them. */
  readonly values: Float32Array;
}

/** Where the parts of a face lie, for every point of an atlas: distances in face units, amounts from 0 to 1. */
export interface FaceFields {
  /** Position along the brow from its inner end (0) to its outer (1), and distance above its middle line. */
  readonly brows: SparseField & { readonly above: Float32Array };
  /** Distance inside of the lips' outer outline; `parting` is the distance from the line between the lips. */
  readonly lips: SparseField & { readonly parting: Float32Array };
  /** Distance outside of the eye's opening; `above` is the height over the eye's middle. */
  readonly eyes: SparseField & { readonly above: Float32Array };
  /** Where skin is redder. */
  readonly cheeks: SparseField;
  readonly nose: SparseField;
  readonly ears: SparseField;
  readonly underEyes: SparseField;
  /** Where a beard grows, by its parts. */
  readonly moustache: SparseField;
  readonly chin: SparseField;
  readonly jaw: SparseField;
  /** Where skin folds with the years: how much. */
  readonly wrinkles: SparseField;
  /** Where a mask over mouth and nose lies, and what holds it. */
  readonly mask: SparseField;
  /** [vertexCount], the mask itself, of vertices. */
  readonly maskVertices: Float32Array;
  /** [vertexCount], how oily skin is: 1 is usual, more on the nose and the forehead. */
  readonly oil: Float32Array;
  /** [vertexCount], 1 on the lips. */
  readonly lipVertices: Float32Array;
  /** How far above the middle hairline, in height. */
  readonly overHairline: SparseField;
  /** How far below where clothing begins, in height. */
  readonly belowCollar: SparseField;
}

export const faceFields: (atlas: FaceAtlas) => FaceFields = onceEach(makeFields);

function makeFields(atlas: FaceAtlas): FaceFields {
  const { points, landmarks } = atlas;
  const mark = (l: number) => pointAt(landmarks, l);
  const marks = (line: keyof typeof landmarkLines) => landmarkLines[line].landmarks.map(mark);

  /** The used points in this box where `field` gives a first number above `least`, and what it gives there. */
  const gather = (field: (p: Vec3) => readonly number[], box: Bounds, least: number) => {
    const found: number[] = [], rows: (readonly number[])[] = [];
    for (const point of usedWithin(atlas, box)) {
      const row = field(pointAt(points, point));
      if (!(row[0]! > least)) continue;
      found.push(point);
      rows.push(row);
    }
    return { points: new Uint32Array(found), column: (c: number) => new Float32Array(rows.map((row) => row[c]!)) };
  };
  const sparse = (field: (p: Vec3) => number, box: Bounds, least = 0.01): SparseField => {
    const { points, column } = gather((p) => [field(p)], box, least);
    return { points, values: column(0) };
  };

  const browLines = [marks("rightBrow").reverse(), marks("leftBrow")];
  const brows = gather(
    (p) => {
      const near = nearestOnLine(p, browLines[p[0] < 0 ? 0 : 1]!);
      return [BROW_REACH - near.distance, near.along, near.distance * Math.sign(p[1] - near.point[1])];
    },
    boxAround(browLines.flat(), BROW_REACH),
    0,
  );

  const [outer, inner] = [marks("outerLips"), marks("innerLips")];
  const parting = [
    mark(60),
    ...lipPairs.map((pair) => meanPoint(pair.map(mark))),
    mark(64),
  ];
  const lipDepth = Math.min(...outer.map((p) => p[2])) - 0.25;
  const lipBox = flatBoxAround(outer, 0.04);
  const lips = gather(
    (p) => {
      if (p[2] < lipDepth) return [-1, 0];
      const inside = -distanceToPolygon(p, outer);
      const opening = Math.max(0, -distanceToPolygon(p, inner));
      return [inside, opening > 0 ? 0 : distanceToLine(p, parting)];
    },
    lipBox,
    -0.04,
  );

  const eyes = [marks("rightEye"), marks("leftEye")];
  const eyeCenters = eyes.map(meanPoint);
  const lids = gather(
    (p) => {
      if (p[2] < -0.25) return [0, 0];
      const side = p[0] < 0 ? 0 : 1;
      return [EYE_REACH - distanceToPolygon(p, eyes[side]!), p[1] - eyeCenters[side]![1]];
    },
    flatBoxAround(eyes.flat(), EYE_REACH),
    0,
  );

  const cheekCenters = [meanPoint([mark(2), mark(31), mark(41)]), meanPoint([mark(14), mark(35), mark(46)])];
  const underEyeCenters = eyes.map((eye) => meanPoint([eye[3]!, eye[4]!, eye[5]!]));
  const earDepth = earDepthOf(landmarks);
  const [mouthRight, mouthLeft] = [mark(keyLandmarks.rightMouthCorner), mark(keyLandmarks.leftMouthCorner)];
  const chinTip = mark(keyLandmarks.chin), noseTip = mark(keyLandmarks.noseTip);
  const mouthHalf = (mouthLeft[0] - mouthRight[0]) / 2;
  const [lipTop, lipBottom] = [mark(keyLandmarks.upperLip), mark(keyLandmarks.lowerLip)];
  const noseBase = mark(keyLandmarks.noseBase);
  const inFront = (p: Vec3, depth: number) => smoothstep(depth - 0.15, depth + 0.1, p[2]);
  const { z: axisDepth } = headAxis(landmarks);
  const folds = foldLines(mark).map((fold) => ({ ...fold, box: flatBoxAround(fold.line, bumpReach(fold.width)) }));
  const foldDepth = mark(keyLandmarks.leftEyeCorner)[2] - 0.2;
  const start = atlas.textureSize ** 2;
  const ofVertices = (field: (p: Vec3) => number) =>
    Float32Array.from({ length: points.length / 3 - start }, (_, v) => field(pointAt(points, start + v)));

  const maskTop = (side: number) => mark(29)[1] - 0.22 * side;
  const maskBottom = (side: number) => chinTip[1] - 0.12 + 0.75 * Math.max(0, side - 0.3);
  const maskBack = earDepth + 0.18;
  const maskAt = (p: Vec3) => {
    const side = Math.abs(p[0]), top = maskTop(side), bottom = maskBottom(side);
    return smoothstep(maskBack - 0.015, maskBack + 0.015, p[2]) * smoothstep(top + 0.01, top - 0.01, p[1]) *
      smoothstep(bottom, bottom + 0.02, p[1]);
  };
  // As seen from the side: from the mask's corners to above and below the ear.
  const earHeight = mark(keyLandmarks.leftJawEnd)[1], strapEnd = earDepth - 0.02;
  const straps: Vec3[][] = [
    [[0, maskTop(0.7) - 0.03, maskBack], [0, earHeight + 0.13, strapEnd]],
    [[0, maskBottom(0.7) + 0.05, maskBack], [0, earHeight - 0.36, strapEnd]],
  ];
  const strapAt = (p: Vec3) => {
    if (Math.abs(p[0]) < 0.5 || p[2] > maskBack + 0.02) return 0;
    const off = Math.min(...straps.map((strap) => nearestOnLine([0, p[1], p[2]], strap).distance));
    return smoothstep(0.034, 0.004, off);
  };

  return {
    brows: { points: brows.points, values: brows.column(1), above: brows.column(2) },
    lips: { points: lips.points, values: lips.column(0), parting: lips.column(1) },
    eyes: { points: lids.points, values: lids.column(0).map((near) => EYE_REACH - near), above: lids.column(1) },
    cheeks: sparse(
      (p) => Math.max(...cheekCenters.map((c) => bump(p, c, 0.26))),
      boxAround(cheekCenters, bumpReach(0.26)),
    ),
    nose: sparse((p) => bump(p, noseTip, 0.16), boxAround([noseTip], bumpReach(0.16))),
    ears: sparse(
      (p) =>
        smoothstep(0.8, 0.92, Math.abs(p[0])) * smoothstep(0.5, 0.2, Math.abs(p[1])) * (p[2] < earDepth + 0.1 ? 1 : 0),
      { ...everywhere, bottom: -0.5, top: 0.5 },
    ),
    underEyes: sparse(
      (p) => Math.max(...underEyeCenters.map((c) => bump(p, c, 0.11))) * (p[1] < 0 ? 1 : 0),
      boxAround(underEyeCenters, bumpReach(0.11)),
    ),
    moustache: sparse((p) => {
      const middle = (noseBase[1] + lipTop[1]) / 2;
      const bend = 0.35 * Math.max(0, Math.abs(p[0]) - 0.1);
      return inFront(p, mouthRight[2]) * smoothstep(0.1, 0.05, Math.abs(p[1] + bend - middle)) *
        smoothstep(mouthHalf * 1.25, mouthHalf * 0.95, Math.abs(p[0]));
    }, { ...everywhere, left: -mouthHalf * 1.25, right: mouthHalf * 1.25 }),
    chin: sparse((p) =>
      inFront(p, mouthRight[2] - 0.2) * smoothstep(lipBottom[1] + 0.02, lipBottom[1] - 0.08, p[1]) *
      smoothstep(chinTip[1] - 0.35, chinTip[1] - 0.05, p[1]) * smoothstep(0.42, 0.24, Math.abs(p[0])), {
      ...everywhere,
      left: -0.42,
      right: 0.42,
    }),
    jaw: sparse((p) => {
      const side = Math.abs(p[0]);
      // From the corner of the mouth up the cheek, and steeply to the hair before the ear.
      const line = noseBase[1] - 0.12 + 0.9 * (side - 0.45) + 2.5 * Math.max(0, side - 0.7);
      return smoothstep(line + 0.06, line - 0.16, p[1]) *
        smoothstep(mouthHalf * 0.9, mouthHalf * 1.4, side + Math.max(0, lipBottom[1] - p[1])) *
        smoothstep(earDepth - 0.04, earDepth + 0.08, p[2]) *
        smoothstep(chinTip[1] - 0.3, chinTip[1] - 0.02, p[1] + 0.25 * (p[2] - chinTip[2]));
    }, { ...everywhere, back: earDepth - 0.04 }),
    wrinkles: sparse((p) => {
      if (p[2] < foldDepth) return 0;
      const q: Vec3 = [Math.abs(p[0]), p[1], 0];
      return folds.reduce((most, { line, width, depth, box }) => {
        if (q[0] < box.left || q[0] > box.right || q[1] < box.bottom || q[1] > box.top) return most;
        const { distance, along } = nearestOnLine(q, line);
        return Math.max(most, depth * Math.exp(-((distance / width) ** 2)) * smoothstep(1, 0.75, along));
      }, 0);
    }, { ...everywhere, bottom: chinTip[1], top: 0.8 }),
    mask: sparse((p) => Math.max(maskAt(p), strapAt(p)), { ...everywhere, back: strapEnd - 0.03 }),
    maskVertices: ofVertices(maskAt),
    oil: ofVertices((p) =>
      0.6 + 0.9 * bump(p, noseTip, 0.3) + 0.6 * bump(p, [0, 0.45, mark(keyLandmarks.noseRoot)[2]], 0.45) +
      0.45 * Math.max(...cheekCenters.map((c) => bump(p, [c[0], c[1] + 0.12, c[2]], 0.25))) +
      0.4 * bump(p, chinTip, 0.2)
    ),
    lipVertices: ofVertices((p) =>
      p[2] < lipDepth || p[0] < lipBox.left || p[0] > lipBox.right || p[1] > lipBox.top || p[1] < lipBox.bottom
        ? 0
        : smoothstep(-0.01, 0.02, -distanceToPolygon(p, outer))
    ),
    overHairline: sparse((p) => p[1] - hairlineHeight(Math.atan2(p[0], p[2] - axisDepth)), everywhere, -0.3),
    belowCollar: sparse((p) => chinTip[1] - 0.5 - p[1] - 0.1 * p[2], everywhere, -0.3),
  };
}

/** A fold of the left half of a face, seen from the front, from where it is deepest to where it ends. */
interface Fold {
  /** In face units, at depth 0. */
  readonly line: readonly Vec3[];
  readonly width: number;
  readonly depth: number;
}

/** From nose to mouth and on, on forehead, between brows, at the eye's outer corner and under it. */
function foldLines(mark: (l: number) => Vec3): Fold[] {
  const flat = (l: number, dx: number, dy: number): Vec3 => [mark(l)[0] + dx, mark(l)[1] + dy, 0];
  const forehead = [0.2, 0.3, 0.4].map((height): Fold => ({
    line: [0, 0.12, 0.24, 0.36].map((x): Vec3 => [x, mark(24)[1] + height + 0.25 * x * (0.3 - x), 0]),
    width: 0.017,
    depth: 0.6,
  }));
  const crowsFeet = [-0.07, 0, 0.06].map((rise): Fold => ({
    line: [flat(45, 0.05, 0.4 * rise), flat(45, 0.17, rise)],
    width: 0.015,
    depth: 0.7,
  }));
  return [
    {
      line: [flat(35, 0.04, 0.06), flat(35, 0.12, -0.05), flat(54, 0.08, 0.03), flat(54, 0.09, -0.1)],
      width: 0.036,
      depth: 1,
    },
    { line: [flat(54, 0.03, -0.02), flat(54, 0.05, -0.2)], width: 0.026, depth: 0.7 },
    { line: [flat(22, -0.04, -0.02), flat(22, -0.05, 0.1)], width: 0.017, depth: 0.7 },
    {
      line: [flat(42, 0, -0.06), flat(47, 0, -0.09), flat(46, 0, -0.08), flat(45, 0.02, -0.05)],
      width: 0.026,
      depth: 0.7,
    },
    ...forehead,
    ...crowsFeet,
  ];
}

/** Outside of it a field need not be computed. In face units. */
interface Bounds {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
  readonly back: number;
}

const everywhere: Bounds = { left: -Infinity, right: Infinity, bottom: -Infinity, top: Infinity, back: -Infinity };

/** With this much room around the points, but for what is before them. */
function boxAround(points: readonly Vec3[], reach: number): Bounds {
  return { ...flatBoxAround(points, reach), back: Math.min(...points.map(([, , z]) => z)) - reach };
}

/** Likewise, but as deep as can be. */
function flatBoxAround(points: readonly Vec3[], reach: number): Bounds {
  const x = points.map(([x]) => x), y = points.map(([, y]) => y);
  return {
    ...everywhere,
    left: Math.min(...x) - reach,
    right: Math.max(...x) + reach,
    bottom: Math.min(...y) - reach,
    top: Math.max(...y) + reach,
  };
}

/** The points of an atlas that are used and lie in the box. */
function usedWithin({ points, used }: FaceAtlas, { left, right, bottom, top, back }: Bounds): Uint32Array {
  return used.filter((point) => {
    const x = points[3 * point]!, y = points[3 * point + 1]!;
    return x >= left && x <= right && y >= bottom && y <= top && points[3 * point + 2]! >= back;
  });
}

const BROW_REACH = 0.13;
const EYE_REACH = 0.3;

/** Height of the middle hairline over azimuth about the head's middle, 0 being the front: knots of [degrees, height]. */
const hairlineKnots: readonly (readonly [number, number])[] =
  // deno-fmt-ignore
  [[0, 0.86], [25, 0.86], [42, 0.75], [56, 0.52], [66, 0.32], [76, 0.1], [84, 0.1], [94, 0.26], [110, 0.26], [126, -0.2], [150, -0.62], [180, -0.7]];

/** The azimuth's axis stands this far behind and above the eyes' outer corners, over the depth of the ears. */
export function headAxis(landmarks: Float32Array): { readonly y: number; readonly z: number } {
  return { y: 0.3, z: earDepthOf(landmarks) - 0.25 };
}

function earDepthOf(landmarks: Float32Array): number {
  const { rightJawEnd, leftJawEnd } = keyLandmarks;
  return (pointAt(landmarks, rightJawEnd)[2] + pointAt(landmarks, leftJawEnd)[2]) / 2;
}

/** In face units, at an azimuth in radians. */
export function hairlineHeight(azimuth: number): number {
  const degrees = Math.abs(azimuth) / DEGREE;
  const next = Math.max(1, hairlineKnots.findIndex(([knot]) => knot >= degrees));
  const [[d0, h0], [d1, h1]] = [hairlineKnots[next - 1]!, hairlineKnots[next]!];
  return h0 + (h1 - h0) * smoothstep(d0, d1, degrees);
}

function bump(p: Vec3, center: Vec3, radius: number): number {
  const d = ((p[0] - center[0]) ** 2 + (p[1] - center[1]) ** 2 + (p[2] - center[2]) ** 2) / (radius * radius);
  return Math.exp(-d);
}

/** Farther than this a bump is below 0.01. */
function bumpReach(radius: number): number {
  return 2.15 * radius;
}

function nearestOnLine(p: Vec3, line: readonly Vec3[]): { distance: number; along: number; point: Vec3 } {
  let best = { distance: Infinity, along: 0, point: line[0]! };
  for (let i = 0; i + 1 < line.length; i++) {
    const [a, b] = [line[i]!, line[i + 1]!];
    const t = clamp(dot(minus(p, a), minus(b, a)) / dot(minus(b, a), minus(b, a)), 0, 1);
    const point = plus(a, times(minus(b, a), t));
    const distance = distanceBetween(p, point);
    if (distance < best.distance) best = { distance, along: (i + t) / (line.length - 1), point };
  }
  return best;
}
