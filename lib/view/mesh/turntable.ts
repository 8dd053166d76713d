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
import { DEGREE, rotatePoints, yawRotation } from "@/lib/geometry/transforms.ts";
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
  /** Whether to draw in a third of the time, with edges less smooth. */
  readonly isQuick?: boolean;
}

/** As far as a face is seen from its front. */
const REACH = 55 * DEGREE;
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
  readonly #triangles: Uint32Array;
  /** The vertices that triangles use. */
  readonly #used: Uint32Array;
  readonly #size: number;
  readonly #reach: number;
  readonly #samples: number;
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
    this.#samples = isQuick ? 1 : SAMPLES;
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

  /** At a positive angle, in radians, the face turns towards the picture's left. `out` is written to in place of new pixels. */
  draw(angleRadians: number, out?: Uint8Array): Photo {
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
    const samples = this.#samples;
    drawMesh(mesh, this.#image, { colors: twoSidedShader(mesh, colors), samples, raster: this.#raster });
    if (samples === 1) softenOutline(this.#image, this.#raster);
    return linearToPhoto(this.#image, out);
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
  const cosine = Math.cos(reach), sine = Math.sin(reach);
  for (const v of used) {
    const x = Math.abs(positions[3 * v]! - center[0]), z = Math.abs(positions[3 * v + 2]! - center[2]);
    // farthest out where all of its distance from the axis is to a side, or where the turn ends
    const isSideways = cosine <= 0 || z * cosine <= x * sine;
    half = Math.max(half, isSideways ? Math.sqrt(x * x + z * z) : x * cosine + z * sine);
  }
  const scale = half > 0 ? (0.5 - BORDER) * size / half : 1;
  return new Float32Array(positions).map((value, i) => (value - center[i % 3]!) * scale);
}

function plainImage(size: number): FloatImage {
  const rgb = new Uint8Array(3 * size * size).map((_, i) => BACKGROUND[i % 3]!);
  return photoToLinear({ width: size, height: size, rgb });
}

/** Mixes each pixel at the mesh's outline with those beside it, which share its edge, so that it has no steps. */
function softenOutline({ width, height, rgb }: FloatImage, { triangle }: Raster): void {
  const isMesh = (k: number) => triangle[k]! >= 0;
  const places: number[] = [], colors: number[] = [];
  for (let row = 1; row < height - 1; row++) {
    for (let k = row * width + 1, end = (row + 1) * width - 1; k < end; k++) {
      const own = isMesh(k);
      if (own === isMesh(k - 1) && own === isMesh(k + 1) && own === isMesh(k - width) && own === isMesh(k + width)) {
        continue;
      }
      places.push(k);
      for (let i = 3 * k; i < 3 * k + 3; i++) {
        const beside = rgb[i - 3]! + rgb[i + 3]! + rgb[i - 3 * width]! + rgb[i + 3 * width]!;
        colors.push(rgb[i]! / 2 + beside / 8);
      }
    }
  }
  places.forEach((k, i) => rgb.set(colors.slice(3 * i, 3 * i + 3), 3 * k));
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
    const t = triangle[k]!, light = share[t]!;
    const a = 3 * triangles[3 * t]!, b = 3 * triangles[3 * t + 1]!, c = 3 * triangles[3 * t + 2]!;
    const wa = light * weights[3 * k]!, wb = light * weights[3 * k + 1]!, wc = light * weights[3 * k + 2]!;
    color[0] = wa * colors[a]! + wb * colors[b]! + wc * colors[c]!;
    color[1] = wa * colors[a + 1]! + wb * colors[b + 1]! + wc * colors[c + 1]!;
    color[2] = wa * colors[a + 2]! + wb * colors[b + 2]! + wc * colors[c + 2]!;
  };
}
