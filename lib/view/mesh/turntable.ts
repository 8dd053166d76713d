import { keyLandmarks } from "@/lib/face/landmarks.ts";
import { type FloatImage, linearToPhoto, photoToLinear, srgbToLinear } from "@/lib/geometry/color.ts";
import { drawMesh, type Shader } from "@/lib/geometry/draw_mesh.ts";
import { emptyRaster, type Raster } from "@/lib/geometry/rasterize.ts";
import {
  addHarmonics,
  ambientHarmonics,
  directionalHarmonics,
  shadeVertices,
  vertexNormals,
} from "@/lib/geometry/shading.ts";
import { rotatePoints, yawRotation } from "@/lib/geometry/transforms.ts";
import { boundsOf, cross, dot, meanPoint, minus, plus, pointAt, times, unit } from "@/lib/geometry/vectors.ts";
import type { Mat3, Mesh, Photo, Vec3 } from "@/lib/types.ts";

export interface TurntableOptions {
  /** [vertexCount, 3], sRGB bytes. */
  readonly colors: Uint8Array;
  /** [68, 3], in the mesh's frame: where they are given, the head is first set upright, its face to the viewer. */
  readonly landmarks?: Float32Array;
  /** Pixels a side of the square pictures. */
  readonly size?: number;
  /** Farthest turn to either side, in radians; the view leaves room for it. */
  readonly reach?: number;
}

/** As far as a face is seen from its front. */
const REACH = 55 * Math.PI / 180;
const SIZE = 400;
const SAMPLES = 2;
/** Share of the picture's side that is left free at each edge. */
const BORDER = 0.05;
/** sRGB bytes. */
const BACKGROUND = [244, 245, 247] as const;
/** How much light the inside of the mesh has of what its outside would have. */
const INSIDE = 0.3;

/** Soft, as the photo's own light is in the colors: enough for the form to show as it turns. */
const light = addHarmonics(
  ambientHarmonics([0.74, 0.74, 0.74]),
  directionalHarmonics([-0.42, -0.5, 0.757], [0.34, 0.34, 0.34]),
);

/** A mesh on its turntable, to be drawn from any side. Pictures are square, on a plain light background. */
export class Turntable {
  readonly #mesh: Mesh;
  /** [vertexCount, 3], linear. */
  readonly #colors: Float32Array;
  readonly #size: number;
  readonly #reach: number;
  readonly #turned: Float32Array;
  readonly #raster: Raster;

  constructor(mesh: Mesh, { colors, landmarks, size = SIZE, reach = REACH }: TurntableOptions) {
    if (colors.length !== mesh.positions.length) {
      throw new TypeError(
        `Cannot turn a mesh of ${mesh.positions.length / 3} vertices with ${colors.length / 3} vertex colors`,
      );
    }
    const upright = landmarks ? rotatePoints(mesh.positions, uprightRotation(landmarks)) : mesh.positions;
    this.#mesh = { positions: fitToTurn(upright, mesh.triangles, { size, reach }), triangles: mesh.triangles };
    this.#colors = Float32Array.from(colors, (byte) => srgbToLinear(byte / 255));
    this.#size = size;
    this.#reach = reach;
    this.#turned = new Float32Array(upright.length);
    this.#raster = emptyRaster({ width: size, height: size, samples: SAMPLES });
  }

  /** At a positive angle, in radians, the face turns towards the picture's left. */
  draw(angleRadians: number): Photo {
    const { triangles } = this.#mesh;
    const positions = rotatePoints(this.#mesh.positions, yawRotation(angleRadians), this.#turned);
    const middle = this.#size / 2;
    for (let i = 0; i < positions.length; i += 3) {
      positions[i]! += middle;
      positions[i + 1]! += middle;
    }
    const mesh = { positions, triangles };
    const normals = vertexNormals(mesh);
    const colors = shadeVertices(normals, { albedo: this.#colors, light });
    const image = plainImage(this.#size);
    drawMesh(mesh, image, { colors: twoSidedShader(mesh, colors), samples: SAMPLES, raster: this.#raster });
    return linearToPhoto(image);
  }

  /** One turn to either side and back, slow where it comes to rest; the first frame follows the last. */
  *frames(count: number): Generator<Photo> {
    for (let i = 0; i < count; i++) yield this.draw(this.#reach * Math.sin(2 * Math.PI * i / count));
  }
}

/** Takes a head, from its 68 landmarks, to where its eyes are level and its face looks at the viewer. */
function uprightRotation(landmarks: Float32Array): Mat3 {
  const point = (l: number) => pointAt(landmarks, l);
  const [rightEye, leftEye] = [point(keyLandmarks.rightEyeCorner), point(keyLandmarks.leftEyeCorner)];
  const [rightLips, leftLips] = [point(keyLandmarks.rightMouthCorner), point(keyLandmarks.leftMouthCorner)];
  const right = unit(plus(minus(leftEye, rightEye), minus(leftLips, rightLips)));
  const down = minus(plus(rightLips, leftLips), plus(rightEye, leftEye));
  const below = unit(minus(down, times(right, dot(right, down))));
  // x right, y down and z towards the viewer are a left-handed frame, in which this is x × y, too
  return new Float64Array([...right, ...below, ...cross(right, below)]);
}

/**
 * The mesh about the origin, which its axis goes through, of such a size that it stays in the picture all the way.
 *
 * @param positions [n, 3], some of which no triangle may use: those do not count
 */
function fitToTurn(
  positions: Float32Array,
  triangles: Uint32Array,
  { size, reach }: { readonly size: number; readonly reach: number },
): Float32Array {
  const used = new Set(triangles);
  const { low, high } = boundsOf(positions, triangles);
  const center: Vec3 = used.size > 0 ? meanPoint([low, high]) : [0, 0, 0];
  let half = used.size > 0 ? (high[1] - low[1]) / 2 : 0;
  for (const v of used) {
    const [x, z] = [positions[3 * v]! - center[0], positions[3 * v + 2]! - center[2]];
    // as it turns by a, x becomes r cos(a + phase): farthest out where that angle is a multiple of π, or at an end
    const [radius, phase] = [Math.hypot(x, z), Math.atan2(z, x)];
    for (const side of [phase, phase > 0 ? phase - Math.PI : phase + Math.PI]) {
      const nearest = Math.max(0, Math.abs(side) - reach);
      half = Math.max(half, radius * Math.cos(nearest));
    }
  }
  const scale = half > 0 ? (0.5 - BORDER) * size / half : 1;
  return positions.map((value, i) => (value - center[i % 3]!) * scale);
}

function plainImage(size: number): FloatImage {
  const rgb = new Uint8Array(3 * size * size).map((_, i) => BACKGROUND[i % 3]!);
  return photoToLinear({ width: size, height: size, rgb });
}

/** Interpolates vertex colors, darker where one sees into the mesh from behind. */
function twoSidedShader({ positions, triangles }: Mesh, colors: Float32Array): Shader {
  const share = new Float32Array(triangles.length / 3);
  for (let t = 0; t < share.length; t++) {
    const [a, b, c] = [3 * triangles[3 * t]!, 3 * triangles[3 * t + 1]!, 3 * triangles[3 * t + 2]!];
    const [ax, ay] = [positions[a]!, positions[a + 1]!];
    const area = (positions[b]! - ax) * (positions[c + 1]! - ay) - (positions[b + 1]! - ay) * (positions[c]! - ax);
    share[t] = area < 0 ? 1 : INSIDE; // counter-clockwise on the screen, y being down
  }
  return (k, { triangle, weights }, color) => {
    const t = triangle[k]!;
    color.fill(0);
    for (let corner = 0; corner < 3; corner++) {
      const vertex = 3 * triangles[3 * t + corner]!;
      const weight = share[t]! * weights[3 * k + corner]!;
      color[0]! += weight * colors[vertex]!;
      color[1]! += weight * colors[vertex + 1]!;
      color[2]! += weight * colors[vertex + 2]!;
    }
  };
}
