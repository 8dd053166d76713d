import { keyLandmarks } from "@/lib/face/landmarks.ts";
import { type FloatImage, linearToPhoto, photoToLinear } from "@/lib/geometry/color.ts";
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

/** What stands on a turntable. */
export interface TurntableFace {
  /** [vertexCount, 3], sRGB bytes. */
  readonly colors: Uint8Array;
  /** [68, 3], in the mesh's frame: where they are given, the head is first set upright, its face to the viewer. */
  readonly landmarks?: Float32Array;
}

export interface TurntableOptions extends TurntableFace {
  /** Pixels a side of the square pictures. */
  readonly size?: number;
  /** Farthest turn to either side, in radians; the view leaves room for it. */
  readonly reach?: number;
  /** Whether to draw in little time, with edges within the mesh less smooth. */
  readonly isQuick?: boolean;
}

/** As far as a face is seen from its front. */
const REACH = 55 * Math.PI / 180;
const SIZE = 400;
const SAMPLES = 2;
/** The most samples a side that are drawn in little time. */
const QUICK_SAMPLES = 1200;
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
  readonly #triangles: Uint32Array;
  /** The vertices that triangles use. */
  readonly #used: Uint32Array;
  readonly #size: number;
  readonly #reach: number;
  readonly #samples: number;
  readonly #isQuick: boolean;
  #positions = new Float32Array();
  /** [vertexCount, 3], linear. */
  #colors: Float32Array = new Float32Array();
  readonly #turned: Float32Array;
  readonly #raster: Raster;
  readonly #background: Float32Array;
  readonly #image: FloatImage;

  constructor({ positions, triangles }: Mesh, options: TurntableOptions) {
    const { size = SIZE, reach = REACH, isQuick = false, ...face } = options;
    this.#triangles = triangles;
    this.#used = Uint32Array.from(new Set(triangles));
    this.#size = size;
    this.#reach = reach;
    this.#isQuick = isQuick;
    this.#samples = isQuick && SAMPLES * size > QUICK_SAMPLES ? 1 : SAMPLES;
    this.#turned = new Float32Array(positions.length);
    this.#raster = emptyRaster({ width: size, height: size, samples: this.#samples });
    this.#image = plainImage(size);
    this.#background = this.#image.rgb.slice();
    this.put(positions, face);
  }

  /** Another mesh of the same triangles, in place of the one before. */
  put(positions: Float32Array, { colors, landmarks }: TurntableFace): void {
    if (colors.length !== positions.length || positions.length !== this.#turned.length) {
      throw new TypeError(
        `Cannot turn a mesh of ${this.#turned.length / 3} vertices with ${positions.length / 3} positions and ` +
          `${colors.length / 3} vertex colors`,
      );
    }
    const upright = landmarks ? rotatePoints(positions, uprightRotation(landmarks)) : positions;
    this.#positions = fitToTurn(upright, this.#used, { size: this.#size, reach: this.#reach });
    this.#colors = photoToLinear({ width: colors.length / 3, height: 1, rgb: colors }).rgb;
  }

  /** At a positive angle, in radians, the face turns towards the picture's left. */
  draw(angleRadians: number): Photo {
    const positions = rotatePoints(this.#positions, yawRotation(angleRadians), this.#turned);
    const middle = this.#size / 2;
    for (let i = 0; i < positions.length; i += 3) {
      positions[i]! += middle;
      positions[i + 1]! += middle;
    }
    const mesh = { positions, triangles: this.#triangles };
    const normals = vertexNormals(mesh);
    const colors = shadeVertices(normals, { albedo: this.#colors, light });
    this.#image.rgb.set(this.#background);
    drawMesh(mesh, this.#image, {
      colors: twoSidedShader(mesh, colors),
      samples: this.#samples,
      isFlat: this.#isQuick,
      raster: this.#raster,
    });
    return linearToPhoto(this.#image);
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
 * @param positions [n, 3]
 * @param used the vertices that count
 */
function fitToTurn(
  positions: Float32Array,
  used: Uint32Array,
  { size, reach }: { readonly size: number; readonly reach: number },
): Float32Array<ArrayBuffer> {
  const { low, high } = boundsOf(positions, used);
  const center: Vec3 = used.length > 0 ? meanPoint([low, high]) : [0, 0, 0];
  let half = used.length > 0 ? (high[1] - low[1]) / 2 : 0;
  for (const v of used) {
    const x = positions[3 * v]! - center[0], z = positions[3 * v + 2]! - center[2];
    // as it turns by a, x becomes r cos(a + phase): farthest out where that angle is a multiple of π, or at an end
    const radius = Math.hypot(x, z), phase = Math.atan2(z, x);
    for (const side of [phase, phase > 0 ? phase - Math.PI : phase + Math.PI]) {
      const nearest = Math.max(0, Math.abs(side) - reach);
      half = Math.max(half, radius * Math.cos(nearest));
    }
  }
  const scale = half > 0 ? (0.5 - BORDER) * size / half : 1;
  return new Float32Array(positions).map((value, i) => (value - center[i % 3]!) * scale);
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
