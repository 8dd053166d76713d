import type { Seen } from "@/lib/geometry/seen_vertices.ts";
import { shadeVertices } from "@/lib/geometry/shading.ts";
import { unit } from "@/lib/geometry/vectors.ts";
import type { Lighting } from "@/lib/portrait/lighting.ts";
import type { Vec3 } from "@/lib/types.ts";

/** Vertices to light: those of the body first, then those of hair. All in image space. */
export interface LitVertices {
  readonly bodyCount: number;
  /** [count, 3], of length 1. */
  readonly normals: Float32Array;
  /** [count - bodyCount, 3], along the hair, of length 1. */
  readonly tangents: Float32Array;
  /** [count], the share of the surroundings that a vertex sees. */
  readonly openness: Float32Array;
  /** [count], how much of the first lamp a vertex sees. */
  readonly visibility: Float32Array;
  /** [count], strength of highlights. */
  readonly gloss: Float32Array;
}

export interface LightBuffers {
  /** [count, 3], what a white surface would show. */
  readonly light: Float32Array;
  /** [count, 3], what every surface shows on top of its own color. */
  readonly shine: Float32Array;
  /** [count, 3], all 1. */
  readonly white: Float32Array;
}

/** Only the vertices that are seen are lit. */
export interface HeadLightBuffers extends LightBuffers {
  readonly seen: Seen;
}

/** How far past a right angle light still reaches, for red, green and blue: it wanders within skin, red the farthest. */
const WRAP = [0.22, 0.1, 0.07] as const;

export function lightHead(
  vertices: LitVertices,
  { around, lamps }: Pick<Lighting, "around" | "lamps">,
  buffers: HeadLightBuffers,
): void {
  const { light, shine, white, seen } = buffers;
  const { normals, openness } = vertices;
  shadeVertices(normals, { albedo: white, light: around, openness, seen, out: light });
  shine.fill(0);
  lamps.forEach((lamp, i) => {
    const share = i === 0 ? vertices.visibility : vertices.openness;
    addToSkin(vertices, { ...lamp, share, seen, light, shine });
    addToHair(vertices, { ...lamp, share, seen, light, shine });
  });
}

type Cast = Lighting["lamps"][number] & {
  /** [count], how much of the lamp a vertex sees. */
  readonly share: Float32Array;
  readonly seen: Seen;
  readonly light: Float32Array;
  readonly shine: Float32Array;
};

/** Where a surface faces that mirrors what comes from there into the viewer's eye. */
function halfwayToViewer([x, y, z]: Vec3): Vec3 {
  return unit([x, y, z + 1]);
}

function addToSkin(
  { bodyCount, normals, gloss }: LitVertices,
  { direction, color, share, seen, light, shine }: Cast,
): void {
  const [lx, ly, lz] = direction, [red, green, blue] = color;
  const [hx, hy, hz] = halfwayToViewer(direction);
  const [w0, w1, w2] = WRAP;
  const s0 = 1 / (1 + w0), s1 = 1 / (1 + w1), s2 = 1 / (1 + w2);
  for (const v of seen.list) {
    if (v >= bodyCount) continue;
    const i = 3 * v;
    const x = normals[i]!, y = normals[i + 1]!, z = normals[i + 2]!;
    const cosine = lx * x + ly * y + lz * z;
    if (cosine <= -w0) continue;
    // A shadow map knows nothing of light within skin: where a surface turns away, it gives way.
    const turning = cosine <= 0 ? 0 : cosine >= 0.25 ? 1 : cosine * 4;
    const amount = 1 - turning + turning * share[v]!;
    if (amount === 0) continue;
    light[i]! += amount * red * (cosine + w0) * s0;
    if (cosine > -w1) light[i + 1]! += amount * green * (cosine + w1) * s1;
    if (cosine > -w2) light[i + 2]! += amount * blue * (cosine + w2) * s2;
    const facing = hx * x + hy * y + hz * z;
    if (cosine <= 0 || facing <= 0.6) continue;
    let power = facing * facing;
    power *= power;
    power *= power;
    const broad = power * power; // to the 16th
    const sharp = broad * broad * broad; // to the 48th
    const highlight = gloss[v]! * share[v]! * (0.55 * broad + 0.65 * sharp);
    shine[i]! += highlight * red;
    shine[i + 1]! += highlight * green;
    shine[i + 2]! += highlight * blue;
  }
}

/** Highlights of thin threads (Kajiya and Kay, SIGGRAPH 1989), on top of a softened Lambert's law. */
function addToHair(
  { bodyCount, normals, tangents, gloss }: LitVertices,
  { direction, color, share, seen, light, shine }: Cast,
): void {
  const [lx, ly, lz] = direction, [red, green, blue] = color;
  const [hx, hy, hz] = halfwayToViewer(direction);
  for (const v of seen.list) {
    if (v < bodyCount) continue;
    const i = 3 * v, t = i - 3 * bodyCount;
    const cosine = lx * normals[i]! + ly * normals[i + 1]! + lz * normals[i + 2]!;
    const wrapped = (cosine + 0.3) / 1.3;
    if (wrapped <= 0) continue;
    const amount = wrapped * (0.25 + 0.75 * share[v]!);
    light[i]! += amount * red;
    light[i + 1]! += amount * green;
    light[i + 2]! += amount * blue;
    const along = hx * tangents[t]! + hy * tangents[t + 1]! + hz * tangents[t + 2]!;
    let power = Math.max(0, 1 - along * along); // the sine's square
    power *= power;
    power *= power;
    power *= power;
    const highlight = gloss[v]! * share[v]! * wrapped * power * power;
    shine[i]! += highlight * red;
    shine[i + 1]! += highlight * green;
    shine[i + 2]! += highlight * blue;
  }
}

/**
 * How much more of a lamp's light skin shows that slopes by 1 along its texture's u and v, and how much it shows that is even:
 * [count, 3], at those of the model's vertices that are seen. `tangents` are [modelVertices, 6], unit vectors along u and v in the
 * head's frame, where `inHead` leads to the lamp.
 */
export function lightSlopes(
  { tangents, normals, visibility, seen }: {
    readonly tangents: Float32Array;
    /** [vertexCount, 3], in image space. */
    readonly normals: Float32Array;
    readonly visibility: Float32Array;
    readonly seen: Seen;
  },
  { direction, inHead }: { readonly direction: Vec3; readonly inHead: Vec3 },
  out: Float32Array,
): void {
  const [lx, ly, lz] = direction, [hx, hy, hz] = inHead;
  const count = tangents.length / 6;
  for (const v of seen.list) {
    if (v >= count) continue;
    const cosine = lx * normals[3 * v]! + ly * normals[3 * v + 1]! + lz * normals[3 * v + 2]!;
    const share = cosine > 0 ? -visibility[v]! : 0;
    const t = 6 * v;
    out[3 * v] = share * (hx * tangents[t]! + hy * tangents[t + 1]! + hz * tangents[t + 2]!);
    out[3 * v + 1] = share * (hx * tangents[t + 3]! + hy * tangents[t + 4]! + hz * tangents[t + 5]!);
    out[3 * v + 2] = -share * cosine;
  }
}
