import type { Seen } from "@/lib/geometry/seen_vertices.ts";
import { entriesOf, type Nine } from "@/lib/geometry/transforms.ts";
import type { Mesh, Vec3 } from "@/lib/types.ts";

export interface NormalOptions {
  /** Which way triangles turn that face the viewer: counter-clockwise with y down (image) or with y up (model). */
  readonly frame?: "image" | "model";
  /** The vertices whose normals are wanted; all where it is missing. */
  readonly seen?: Seen;
  /** Not the mesh's positions. */
  readonly out?: Float32Array;
}

/** [vertexCount, 3], outward, of length 1; (0, 0, 0) at vertices whose triangles have no area. */
export function vertexNormals({ positions, triangles }: Mesh, options: NormalOptions = {}): Float32Array {
  const { frame = "image", seen, out = new Float32Array(positions.length) } = options;
  out.fill(0);
  const sign = frame === "image" ? -1 : 1;
  const isSeen = seen?.isSeen;
  for (let i = 0; i < triangles.length; i += 3) {
    const first = triangles[i]!;
    const second = triangles[i + 1]!;
    const third = triangles[i + 2]!;
    if (isSeen && (isSeen[first]! | isSeen[second]! | isSeen[third]!) === 0) continue;
    const a = 3 * first;
    const b = 3 * second;
    const c = 3 * third;
    const ax = positions[a]!;
    const ay = positions[a + 1]!;
    const az = positions[a + 2]!;
    const ux = positions[b]! - ax;
    const uy = positions[b + 1]! - ay;
    const uz = positions[b + 2]! - az;
    const vx = positions[c]! - ax;
    const vy = positions[c + 1]! - ay;
    const vz = positions[c + 2]! - az;
    const nx = sign * (uy * vz - uz * vy);
    const ny = sign * (uz * vx - ux * vz);
    const nz = sign * (ux * vy - uy * vx);
    out[a]! += nx;
    out[a + 1]! += ny;
    out[a + 2]! += nz;
    out[b]! += nx;
    out[b + 1]! += ny;
    out[b + 2]! += nz;
    out[c]! += nx;
    out[c + 1]! += ny;
    out[c + 2]! += nz;
  }
  for (let i = 0; i < out.length; i += 3) {
    const x = out[i]!;
    const y = out[i + 1]!;
    const z = out[i + 2]!;
    const squared = x * x + y * y + z * z;
    const scale = squared > 0 ? 1 / Math.sqrt(squared) : 0;
    out[i] = x * scale;
    out[i + 1] = y * scale;
    out[i + 2] = z * scale;
  }
  return out;
}

/**
 * Light from all around, as real spherical harmonics of its radiance: [9, 3], the coefficients L00, L1-1, L10, L11,
 * L2-2, L2-1, L20, L21, L22 of red, green and blue. Directions are in the frame of the normals that it lights.
 */
export type Harmonics = Float64Array;

/** Y00 to Y22 in one direction of length 1 (Ramamoorthi and Hanrahan, SIGGRAPH 2001, equation 3). */
function harmonicBasis([x, y, z]: Vec3): number[] {
  return [
    0.282095,
    0.488603 * y,
    0.488603 * z,
    0.488603 * x,
    1.092548 * x * y,
    1.092548 * y * z,
    0.315392 * (3 * z * z - 1),
    1.092548 * x * z,
    0.546274 * (x * x - y * y),
  ];
}

/** The same radiance from everywhere: a surface of albedo 1 shows this color. */
export function ambientHarmonics(color: Vec3): Harmonics {
  const harmonics = new Float64Array(27);
  for (let channel = 0; channel < 3; channel++) harmonics[channel] = color[channel]! * Math.sqrt(4 * Math.PI);
  return harmonics;
}

/** A light far away in this direction (of length 1): a surface of albedo 1 that faces it shows about this color. */
export function directionalHarmonics(direction: Vec3, color: Vec3): Harmonics {
  const harmonics = new Float64Array(27);
  harmonicBasis(direction).forEach((value, i) => {
    for (let channel = 0; channel < 3; channel++) harmonics[3 * i + channel] = Math.PI * value * color[channel]!;
  });
  return harmonics;
}

/** The light of all of them at once: [9, 3], as each is. */
export function addHarmonics(...lights: readonly Harmonics[]): Harmonics {
  return new Float64Array(27).map((_, i) => lights.reduce((sum, light) => sum + light[i]!, 0));
}

export interface ShadeOptions {
  /** [vertexCount, 3], linear reflectance in [0, 1]. */
  readonly albedo: Float32Array;
  readonly light: Harmonics;
  /** [vertexCount], the share of the surroundings that a vertex sees, from {@linkcode ambientOcclusion}. */
  readonly openness?: Float32Array;
  /** The vertices whose colors are wanted; all where it is missing. */
  readonly seen?: Seen;
  /** May be `albedo`. */
  readonly out?: Float32Array;
}

/** Each vertex's linear color under light from all around: albedo / π · irradiance, [vertexCount, 3]. */
export function shadeVertices(normals: Float32Array, options: ShadeOptions): Float32Array {
  const { albedo, light, openness, seen, out = new Float32Array(normals.length) } = options;
  // Equation 13 of Ramamoorthi and Hanrahan, its products with the light made once, and over π.
  const [c1, c2, c3, c4, c5] = [0.429043, 0.511664, 0.743125, 0.886227, 0.247708].map((c) => c / Math.PI) as Five;
  const [
    [r0, r1, r2, r3, r4, r5, r6, r7, r8],
    [g0, g1, g2, g3, g4, g5, g6, g7, g8],
    [b0, b1, b2, b3, b4, b5, b6, b7, b8],
  ] = [0, 1, 2].map((channel): Nine => {
    const [l00, l1y, l1z, l1x, l2xy, l2yz, l20, l2xz, l22] = entriesOf(light.filter((_, i) => i % 3 === channel));
    return [
      c4 * l00 - c5 * l20,
      2 * c2 * l1x,
      2 * c2 * l1y,
      2 * c2 * l1z,
      2 * c1 * l2xy,
      2 * c1 * l2xz,
      2 * c1 * l2yz,
      c1 * l22,
      c3 * l20,
    ];
  }) as [Nine, Nine, Nine];
  const list = seen?.list;
  const count = list ? list.length : normals.length / 3;
  for (let n = 0; n < count; n++) {
    const v = list ? list[n]! : n;
    const i = 3 * v;
    const x = normals[i]!;
    const y = normals[i + 1]!;
    const z = normals[i + 2]!;
    const open = openness ? openness[v]! : 1;
    const xy = x * y, xz = x * z, yz = y * z, zz = z * z, xxyy = x * x - y * y;
    const red = r0 + r1 * x + r2 * y + r3 * z + r4 * xy + r5 * xz + r6 * yz + r7 * xxyy + r8 * zz;
    const green = g0 + g1 * x + g2 * y + g3 * z + g4 * xy + g5 * xz + g6 * yz + g7 * xxyy + g8 * zz;
    const blue = b0 + b1 * x + b2 * y + b3 * z + b4 * xy + b5 * xz + b6 * yz + b7 * xxyy + b8 * zz;
    // Nine coefficients ring: opposite a strong light they fall below 0.
    out[i] = red > 0 ? albedo[i]! * red * open : 0;
    out[i + 1] = green > 0 ? albedo[i + 1]! * green * open : 0;
    out[i + 2] = blue > 0 ? albedo[i + 2]! * blue * open : 0;
  }
  return out;
}

type Five = [number, number, number, number, number];

/** A light far away. */
export interface DirectionalLight {
  /** Towards the light, of length 1, in the frame of the normals. */
  readonly direction: Vec3;
  /** What a surface of albedo 1 that faces the light shows, linear. */
  readonly color: Vec3;
}
