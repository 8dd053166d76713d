import type { Seen } from "@/lib/geometry/seen_vertices.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { cross, unit } from "@/lib/geometry/vectors.ts";
import type { Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";

/** What stands between a lamp and a face: light falls through it in patches. Lengths are in face units (see `FaceAtlas`). */
export interface LightPattern {
  readonly kind: "blinds" | "window" | "leaves";
  /** A slat, a pane or a leaf. */
  readonly size: number;
  /** Where the pattern lies over the face, across the light. */
  readonly shift: readonly [number, number];
  /** Radians, about the light. */
  readonly angle: number;
  /** How wide the edges are, in parts of the size: the farther what casts them. */
  readonly softness: number;
  /** The share of light in the shadows. */
  readonly least: number;
}

/** How wide an edge is, at least: light is known at vertices alone. */
const LEAST_EDGE = 0.06;

export function randomLightPattern(random: Random): LightPattern {
  const kind = random.pick(["blinds", "window", "leaves"] as const);
  const [from, to] = ({ blinds: [0.2, 0.5], window: [0.6, 1.6], leaves: [0.3, 0.8] } as const)[kind];
  const size = random.uniform(from, to);
  return {
    kind,
    size,
    shift: [random.uniform(-1, 1), random.uniform(-1, 1)],
    angle: random.normal() * (kind === "leaves" ? 2 : 0.3),
    softness: Math.max(random.uniform(0.1, 0.5), LEAST_EDGE / size),
    least: random.uniform(0.02, 0.35),
  };
}

export interface PatternScene {
  /** [vertexCount, 3], in image space. */
  readonly positions: Float32Array;
  readonly seen: Seen;
  /** Towards the lamp, in image space, of length 1. */
  readonly direction: Vec3;
  /** Where the face is, in image space. */
  readonly middle: Vec3;
  /** Pixels of a face unit. */
  readonly unit: number;
  /** [vertexCount], how much of the lamp each vertex sees; changed in place. */
  readonly visibility: Float32Array;
}

/** Dims a lamp where what stands before it takes its light away. */
export function castPattern(pattern: LightPattern, { positions, seen, visibility, ...scene }: PatternScene): void {
  const { direction, middle } = scene;
  const right = unit(cross(Math.abs(direction[1]) < 0.9 ? [0, 1, 0] : [1, 0, 0], direction));
  const down = cross(direction, right);
  const [c, s] = [Math.cos(pattern.angle) / scene.unit, Math.sin(pattern.angle) / scene.unit];
  for (const v of seen.list) {
    const x = positions[3 * v]! - middle[0],
      y = positions[3 * v + 1]! - middle[1],
      z = positions[3 * v + 2]! - middle[2];
    const across = x * right[0] + y * right[1] + z * right[2], along = x * down[0] + y * down[1] + z * down[2];
    const share = shareAt(
      pattern,
      c * across + s * along + pattern.shift[0],
      c * along - s * across + pattern.shift[1],
    );
    visibility[v]! *= pattern.least + (1 - pattern.least) * share;
  }
}

/** How much light comes through at a place across it, 0 to 1. */
function shareAt({ kind, size, softness }: LightPattern, x: number, y: number): number {
  const [u, v] = [x / size, y / size];
  const opening = (distance: number) => smoothstep(-softness / 2, softness / 2, distance);
  if (kind === "blinds") return opening(0.3 - Math.abs(v - Math.round(v)));
  if (kind === "leaves") {
    // sums of waves in directions that no number divides, which never repeat: as gaps between leaves
    const waves = Math.sin(3.1 * u + 1.7 * v) + Math.sin(-2.3 * u + 3.7 * v + 1) + Math.sin(4.3 * u - 1.1 * v + 2) +
      Math.sin(1.3 * u + 5.1 * v + 4);
    return opening(0.5 * waves + 0.15);
  }
  // two by two panes, and a wall around
  const edge = Math.min(1 - Math.abs(u), 1 - Math.abs(v)), bar = Math.min(Math.abs(u), Math.abs(v)) - 0.06;
  return opening(Math.min(edge, bar) * 2);
}
