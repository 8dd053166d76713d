// @ts-types="@types/three"
import * as THREE from "three";
import { linearToPhoto } from "@/lib/geometry/color.ts";
import { interpolate, type Raster, rasterize } from "@/lib/geometry/rasterize.ts";
import { sampleBilinear } from "@/lib/geometry/sample_texture.ts";
import type { Box, Photo } from "@/lib/types.ts";
import { photoOf } from "./pixels.ts";

/** Samples per pixel on each axis, which smooth edges; a pixel's color is that of the first of them that shows a mesh. */
const SAMPLES = 2;

/** A mesh on the canvas. */
interface Placed {
  readonly mesh: THREE.Mesh;
  /** [vertexCount, 3], pixels from the box's corner, y down and z towards the viewer. */
  readonly positions: Float32Array;
  /** Whole pixels, what of the mesh lies on the canvas. */
  readonly box: Box;
  readonly nearest: number;
}

/** What a mesh's vertices hold, [vertexCount, columns], and the color that it comes to between them: sRGB, 0 to 255. */
interface Paint {
  readonly values: Float32Array;
  readonly columns: number;
  readonly colorOf: (values: Float32Array, color: Float32Array) => void;
}

/**
 * What the page needs of THREE.WebGLRenderer, by the processor: a browser that has no graphics card to hand WebGL's work to
 * takes ten times as long over it. It draws meshes of Lambert's material and of the basic one, whose map is a canvas, from
 * both sides and the farther ones first.
 */
export class ProcessorRenderer {
  readonly domElement: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #image = new ImageData(1, 1);
  /** Buffers as large as any picture so far needed. */
  #buffers: Pick<Raster, "triangle" | "weights" | "depth"> | undefined;
  #pixelRatio = 1;

  constructor({ canvas }: { readonly canvas: HTMLCanvasElement }) {
    this.domElement = canvas;
    this.#context = canvas.getContext("2d")!;
  }

  setPixelRatio(ratio: number): void {
    this.#pixelRatio = ratio;
  }

  setSize(width: number, height: number, _setsStyle: false): void {
    const [columns, rows] = [width, height].map((side) => Math.floor(this.#pixelRatio * side)) as [number, number];
    Object.assign(this.domElement, { width: columns, height: rows });
    this.#image = new ImageData(columns, rows);
  }

  render(scene: THREE.Scene, camera: THREE.Camera): void {
    scene.updateMatrixWorld();
    camera.updateMatrixWorld();
    this.#image.data.fill(0);
    const meshes = scene.children.filter((child) => child instanceof THREE.Mesh && child.visible) as THREE.Mesh[];
    const placed = meshes.map((mesh) => placeMesh(mesh, { camera, size: this.#image }));
    for (const one of placed.sort((a, b) => a.nearest - b.nearest)) this.#draw(one, paintOf(one.mesh, scene, camera));
    this.#context.putImageData(this.#image, 0, 0);
  }

  dispose(): void {}

  #draw({ mesh: { geometry }, positions, box }: Placed, { values, columns, colorOf }: Paint): void {
    if (box.width <= 0 || box.height <= 0) return;
    const triangles = geometry.index!.array as Uint32Array, { data, width } = this.#image;
    const raster = rasterize({ positions, triangles }, { ...box, samples: SAMPLES, out: this.#rasterOf(box) });
    const between = new Float32Array(columns), color = new Float32Array(3);
    for (let row = 0; row < box.height; row++) {
      let pixel = 4 * ((box.top + row) * width + box.left);
      for (let column = 0; column < box.width; column++, pixel += 4) {
        let count = 0, sample = -1;
        for (let i = 0; i < SAMPLES; i++) {
          const start = (SAMPLES * row + i) * raster.width + SAMPLES * column;
          for (let k = start; k < start + SAMPLES; k++) {
            if (raster.triangle[k]! < 0) continue;
            if (count++ === 0) sample = k;
          }
        }
        if (count === 0) continue;
        interpolate(raster, sample, { triangles, values }, between);
        colorOf(between, color);
        data[pixel] = color[0]!;
        data[pixel + 1] = color[1]!;
        data[pixel + 2] = color[2]!;
        data[pixel + 3] = Math.max(data[pixel + 3]!, 255 * count / SAMPLES ** 2);
      }
    }
  }

  #rasterOf({ width, height }: Box): Raster {
    const count = width * height * SAMPLES ** 2;
    if (!this.#buffers || this.#buffers.triangle.length < count) {
      this.#buffers = {
        triangle: new Int32Array(count),
        weights: new Float32Array(3 * count),
        depth: new Float32Array(count),
      };
    }
    const { triangle, weights, depth } = this.#buffers;
    return {
      width: SAMPLES * width,
      height: SAMPLES * height,
      triangle: triangle.subarray(0, count),
      weights: weights.subarray(0, 3 * count),
      depth: depth.subarray(0, count),
    };
  }
}

function placeMesh(
  mesh: THREE.Mesh,
  { camera, size: { width, height } }: { readonly camera: THREE.Camera; readonly size: ImageData },
): Placed {
  const { elements: m } = camera.projectionMatrix.clone().multiply(camera.matrixWorldInverse).multiply(
    mesh.matrixWorld,
  );
  const model = mesh.geometry.getAttribute("position").array, positions = new Float32Array(model.length);
  for (let i = 0; i < model.length; i += 3) {
    const x = model[i]!, y = model[i + 1]!, z = model[i + 2]!;
    const w = m[3]! * x + m[7]! * y + m[11]! * z + m[15]!;
    positions[i] = width / 2 * (1 + (m[0]! * x + m[4]! * y + m[8]! * z + m[12]!) / w);
    positions[i + 1] = height / 2 * (1 - (m[1]! * x + m[5]! * y + m[9]! * z + m[13]!) / w);
    positions[i + 2] = -(m[2]! * x + m[6]! * y + m[10]! * z + m[14]!) / w;
  }
  let [left, top, right, bottom, nearest] = [width, height, 0, 0, -Infinity];
  for (const vertex of mesh.geometry.index!.array) {
    const x = positions[3 * vertex]!, y = positions[3 * vertex + 1]!;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
    nearest = Math.max(nearest, positions[3 * vertex + 2]!);
  }
  left = Math.max(0, Math.floor(left));
  top = Math.max(0, Math.floor(top));
  for (let i = 0; i < positions.length; i += 3) {
    positions[i]! -= left;
    positions[i + 1]! -= top;
  }
  right = Math.min(width, Math.ceil(right));
  bottom = Math.min(height, Math.ceil(bottom));
  return { mesh, positions, box: { left, top, width: right - left, height: bottom - top }, nearest };
}

function paintOf(mesh: THREE.Mesh, scene: THREE.Scene, camera: THREE.Camera): Paint {
  const { material } = mesh;
  if (material instanceof THREE.MeshLambertMaterial) {
    const values = litColors(mesh, material.color, { scene, camera });
    return { values, columns: 3, colorOf: (values, color) => color.set(values) };
  }
  const picture = pictureOf((material as THREE.MeshBasicMaterial).map!.image as HTMLCanvasElement);
  const { width, height } = picture;
  return {
    values: mesh.geometry.getAttribute("uv").array as Float32Array,
    columns: 2,
    colorOf: ([u, v], color) => sampleBilinear(picture, u! * width, (1 - v!) * height, color),
  };
}

function pictureOf(canvas: HTMLCanvasElement): Photo {
  return photoOf(canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height));
}

/** [vertexCount, 3], sRGB, 0 to 255: a vertex that turns its back is lit from the other side, which is the one that is seen. */
function litColors(
  { geometry, matrixWorld }: THREE.Mesh,
  albedo: THREE.Color,
  { scene, camera }: { readonly scene: THREE.Scene; readonly camera: THREE.Camera },
): Float32Array {
  const normals = geometry.getAttribute("normal").array, toMesh = matrixWorld.clone().invert();
  const colorOf = ({ color, intensity }: THREE.Light) =>
    color.clone().multiply(albedo).multiplyScalar(intensity / Math.PI);
  const lights = scene.children.filter((child) => child instanceof THREE.Light);
  const lamps = lights.filter((light) => light instanceof THREE.DirectionalLight).map((lamp) => ({
    towards: lamp.position.clone().transformDirection(toMesh),
    color: colorOf(lamp),
  }));
  const ambient = lights.filter((light) => light instanceof THREE.AmbientLight).map(colorOf);
  const around = ambient.reduce((sum, color) => sum.add(color), new THREE.Color(0));
  const towardsViewer = camera.getWorldDirection(new THREE.Vector3()).negate().transformDirection(toMesh);
  const rgb = new Float32Array(normals.length);
  for (let i = 0; i < normals.length; i += 3) {
    const x = normals[i]!, y = normals[i + 1]!, z = normals[i + 2]!;
    const side = Math.sign(x * towardsViewer.x + y * towardsViewer.y + z * towardsViewer.z);
    let { r, g, b } = around;
    for (const { towards, color } of lamps) {
      const cosine = Math.max(0, side * (x * towards.x + y * towards.y + z * towards.z));
      r += cosine * color.r;
      g += cosine * color.g;
      b += cosine * color.b;
    }
    rgb[i] = r;
    rgb[i + 1] = g;
    rgb[i + 2] = b;
  }
  return Float32Array.from(linearToPhoto({ width: normals.length / 3, height: 1, rgb }).rgb);
}
