// @ts-types="@types/three"
import * as THREE from "three";
// @ts-types="@types/three/examples/jsm/controls/OrbitControls.js"
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import { eyeCornerDistance } from "@/lib/face/landmarks.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { boundsOf, meanPoint } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import { ProcessorRenderer } from "./processor_renderer.ts";
import type { LiveFace, LiveModel } from "./protocol.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";

/** How a mesh is shown: plaster, or in the picture's own pixels. */
export type MeshLook = "plaster" | "textured";

/** Whether WebGL is there and a graphics card does its work: by the processor each picture takes tens of milliseconds. */
const hasGraphicsCard = !/^$|swiftshader|llvmpipe|softpipe|basic render/i.test(rendererName());

/** Empty where there is no WebGL. */
function rendererName(): string {
  const context = document.createElement("canvas").getContext("webgl2");
  const names = context?.getExtension("WEBGL_debug_renderer_info");
  return context?.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : context.RENDERER) ?? "";
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** One face's geometry, moved from frame to frame: x right, y up, z towards the viewer, in the picture's pixels. */
class FaceGeometry {
  readonly geometry = new THREE.BufferGeometry();
  readonly #positions: THREE.BufferAttribute;
  /** Current only where the mesh is lit. */
  readonly #normals: THREE.BufferAttribute;
  /** Where each vertex is in the picture. */
  readonly #places: THREE.BufferAttribute;
  readonly #triangles: Uint32Array;

  constructor({ triangles, uv }: LiveModel) {
    const count = uv.length / 2;
    this.#positions = new THREE.BufferAttribute(new Float32Array(3 * count), 3).setUsage(THREE.DynamicDrawUsage);
    this.#normals = new THREE.BufferAttribute(new Float32Array(3 * count), 3).setUsage(THREE.DynamicDrawUsage);
    this.#places = new THREE.BufferAttribute(new Float32Array(2 * count), 2).setUsage(THREE.DynamicDrawUsage);
    this.#triangles = triangles;
    this.geometry.setIndex(new THREE.BufferAttribute(triangles, 1));
    this.geometry.setAttribute("position", this.#positions);
    this.geometry.setAttribute("normal", this.#normals);
    this.geometry.setAttribute("uv", this.#places);
  }

  move({ vertices }: LiveFace, { width, height }: Size, look: MeshLook): void {
    const positions = this.#positions.array as Float32Array, places = this.#places.array;
    for (let v = 0, i = 0; i < vertices.length; v += 2, i += 3) {
      positions[i] = vertices[i]!;
      positions[i + 1] = height - vertices[i + 1]!;
      positions[i + 2] = vertices[i + 2]!;
      places[v] = vertices[i]! / width;
      places[v + 1] = 1 - vertices[i + 1]! / height;
    }
    this.#positions.needsUpdate = this.#places.needsUpdate = true;
    if (look === "textured") return;
    vertexNormals({ positions, triangles: this.#triangles }, {
      frame: "model",
      out: this.#normals.array as Float32Array,
    });
    this.#normals.needsUpdate = true;
  }
}

/** What meshes are drawn with. */
class Studio {
  readonly renderer: THREE.WebGLRenderer | ProcessorRenderer;
  readonly scene = new THREE.Scene();
  readonly materials: Readonly<Record<MeshLook, THREE.Material>>;
  readonly #frame: HTMLCanvasElement;
  readonly #texture: THREE.CanvasTexture;
  #textureWidth = 0;

  /** `frame` holds the picture that textures are taken from. */
  constructor(canvas: HTMLCanvasElement, frame: HTMLCanvasElement) {
    this.renderer = hasGraphicsCard
      ? new THREE.WebGLRenderer({ canvas, alpha: true, antialias: true })
      : new ProcessorRenderer({ canvas });
    this.#frame = frame;
    const texture = this.#texture = new THREE.CanvasTexture(frame);
    Object.assign(texture, {
      colorSpace: THREE.SRGBColorSpace,
      generateMipmaps: false,
      minFilter: THREE.LinearFilter,
    });
    this.materials = {
      plaster: new THREE.MeshLambertMaterial({ color: 0x9ec7e6, side: THREE.DoubleSide }),
      textured: new THREE.MeshBasicMaterial({ map: texture, side: THREE.DoubleSide }),
    };
    const lamp = new THREE.DirectionalLight(0xffffff, 2.4), fill = new THREE.DirectionalLight(0x9fc4ff, 0.7);
    lamp.position.set(-0.5, 0.6, 0.65);
    fill.position.set(0.8, 0, 0.6);
    this.scene.add(lamp, fill, new THREE.AmbientLight(0xffffff, 0.55));
  }

  newMesh(geometry: FaceGeometry): THREE.Mesh {
    const mesh = new THREE.Mesh(geometry.geometry, this.materials.plaster);
    mesh.frustumCulled = false; // its bounds are those of another frame
    this.scene.add(mesh);
    return mesh;
  }

  /** Takes the texture from the frame anew. */
  updateTexture(): void {
    const { width } = this.#frame;
    if (width !== this.#textureWidth) this.#texture.dispose(); // its memory is of another size
    this.#textureWidth = width;
    this.#texture.needsUpdate = true;
  }

  dispose(): void {
    this.#texture.dispose();
    this.renderer.dispose();
  }
}

/** A picture of its own that faces are drawn into, pixel on pixel over the frame that they were found in. */
export class MeshOverlay {
  readonly #studio: Studio;
  readonly #camera = new THREE.OrthographicCamera();
  readonly #model: LiveModel;
  readonly #faces: { readonly geometry: FaceGeometry; readonly mesh: THREE.Mesh }[] = [];

  constructor(model: LiveModel, frame: HTMLCanvasElement) {
    this.#model = model;
    this.#studio = new Studio(document.createElement("canvas"), frame);
  }

  /** `scale` is the overlay's pixels for one of the frame. */
  draw(
    faces: readonly LiveFace[],
    { width, height, scale, look }: Size & { readonly scale: number; readonly look: MeshLook },
  ): HTMLCanvasElement {
    const { renderer, scene, materials } = this.#studio, canvas = renderer.domElement;
    const [columns, rows] = [width, height].map((side) => Math.round((hasGraphicsCard ? scale : 1) * side)) as [
      number,
      number,
    ];
    if (canvas.width !== columns || canvas.height !== rows) renderer.setSize(columns, rows, false);
    Object.assign(this.#camera, { left: 0, right: width, top: height, bottom: 0, near: -4000, far: 4000 });
    this.#camera.updateProjectionMatrix();
    while (this.#faces.length < faces.length) {
      const geometry = new FaceGeometry(this.#model);
      this.#faces.push({ geometry, mesh: this.#studio.newMesh(geometry) });
    }
    this.#faces.forEach(({ geometry, mesh }, i) => {
      mesh.visible = i < faces.length;
      mesh.material = materials[look];
      if (mesh.visible) geometry.move(faces[i]!, { width, height }, look);
    });
    if (look === "textured") this.#studio.updateTexture();
    renderer.render(scene, this.#camera);
    return canvas;
  }

  dispose(): void {
    for (const { geometry } of this.#faces) geometry.geometry.dispose();
    this.#studio.dispose();
  }
}

/** Seconds between two pictures of the mesh by itself where drawing is slow: the frames' own pictures come first. */
const SLOW_PAUSE = 0.05;
/** Radians that an arrow key turns the mesh by, and that it sways to each side by itself. */
const [KEY_STEP, SWAY] = [0.12, 0.45];
/** Seconds from one side and back. */
const SWAY_PERIOD = 7;
/** How far the camera stands away, in distances between the outer corners of the eyes. */
const DISTANCE = 6.2;
/** Degrees that the camera sees from top to bottom, unless the width is less than this share of the height. */
const [FIELD_OF_VIEW, LEAST_ASPECT] = [24, 0.8];

export interface ModelViewOptions {
  readonly model: LiveModel;
  /** What textures are taken from. */
  readonly frame: HTMLCanvasElement;
  /** Whether it sways until somebody turns it, so that one sees that it is solid. */
  readonly sways: boolean;
}

interface ShowOptions {
  readonly look: MeshLook;
  readonly isMirrored: boolean;
}

/** The first face's mesh by itself, to be turned by hand. */
export class ModelView {
  readonly #canvas: HTMLCanvasElement;
  readonly #studio: Studio;
  readonly #camera = new THREE.PerspectiveCamera(FIELD_OF_VIEW, 1, 0.1, 100);
  readonly #controls: OrbitControls;
  readonly #geometry: FaceGeometry;
  readonly #mesh: THREE.Mesh;
  readonly #stop = new AbortController();
  /** Those of the triangles: what a surface leaves out lies anywhere. */
  readonly #vertices: Uint32Array;
  #isSwaying: boolean;
  #isStale = true;
  /** Moves the mesh to what was shown last; several frames may be shown before one is drawn. */
  #move: (() => void) | undefined;
  /** When it was drawn last, in seconds. */
  #drawn = 0;
  /** What the camera is set up for. */
  #shape = "";

  constructor(canvas: HTMLCanvasElement, { model, frame, sways }: ModelViewOptions) {
    this.#canvas = canvas;
    this.#isSwaying = sways;
    this.#vertices = Uint32Array.from(new Set(model.triangles));
    this.#studio = new Studio(canvas, frame);
    this.#geometry = new FaceGeometry(model);
    this.#mesh = this.#studio.newMesh(this.#geometry);
    this.#mesh.visible = false;
    this.#controls = new OrbitControls(this.#camera, canvas);
    Object.assign(this.#controls, { enablePan: false, minDistance: 0.5 * DISTANCE, maxDistance: 2 * DISTANCE });
    this.#lookFrom(0, Math.PI / 2, DISTANCE);
    const { signal } = this.#stop;
    this.#controls.addEventListener("start", () => this.#isSwaying = false);
    this.#controls.addEventListener("change", () => this.#isStale = true);
    canvas.addEventListener("dblclick", () => this.#turnTo(0, Math.PI / 2, DISTANCE), { signal });
    canvas.addEventListener("keydown", (event) => this.#turnByKey(event), { signal });
  }

  /** The face of a frame of this size; mirrored where the frame is. */
  show(face: LiveFace | undefined, { width, height }: Size, options: ShowOptions): void {
    this.#mesh.visible = face !== undefined;
    this.#move = face && (() => this.#moveTo(face, { width, height }, options));
    this.#isStale = true;
  }

  #moveTo(face: LiveFace, size: Size, { look, isMirrored }: ShowOptions): void {
    this.#mesh.material = this.#studio.materials[look];
    this.#geometry.move(face, size, look);
    const { low, high } = boundsOf(face.vertices, this.#vertices);
    const [x, y, z] = meanPoint([low, high]);
    const scale = 1 / eyeCornerDistance(face.landmarks);
    const sign = isMirrored ? -1 : 1;
    this.#mesh.scale.set(sign * scale, scale, scale);
    this.#mesh.position.set(-sign * scale * x, -scale * (size.height - y), -scale * z);
    if (look === "textured") this.#studio.updateTexture();
  }

  /** Draws what has changed, at this time in seconds; while it sways, a face of no video changes always. */
  draw(time: number, { isVideo }: { readonly isVideo: boolean }): void {
    if (!hasGraphicsCard && time < this.#drawn + SLOW_PAUSE) return;
    if (this.#isSwaying && this.#mesh.visible && (this.#isStale || !isVideo)) {
      this.#lookFrom(SWAY * Math.sin(2 * Math.PI * time / SWAY_PERIOD), Math.PI / 2, DISTANCE);
    }
    const { clientWidth: width, clientHeight: height } = this.#canvas,
      ratio = hasGraphicsCard ? Math.min(2, devicePixelRatio) : 1;
    const shape = `${width} ${height} ${ratio}`, isResized = shape !== this.#shape;
    if (width === 0 || height === 0 || !this.#isStale && !isResized) return;
    this.#shape = shape;
    this.#drawn = time;
    const { renderer, scene } = this.#studio;
    if (isResized) {
      renderer.setPixelRatio(ratio);
      renderer.setSize(width, height, false);
      this.#camera.aspect = width / height;
      const half = Math.tan(FIELD_OF_VIEW / 2 * DEGREE) * Math.max(1, LEAST_ASPECT / this.#camera.aspect);
      this.#camera.fov = 2 * Math.atan(half) / DEGREE;
      this.#camera.updateProjectionMatrix();
    }
    this.#move?.();
    this.#move = undefined;
    renderer.render(scene, this.#camera);
    this.#isStale = false;
  }

  #turnByKey(event: KeyboardEvent): void {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step && event.key !== "Home") return;
    event.preventDefault();
    const { theta, phi, radius } = new THREE.Spherical().setFromVector3(this.#camera.position);
    if (step) this.#turnTo(theta + KEY_STEP * step[0]!, phi + KEY_STEP * step[1]!, radius);
    else this.#turnTo(0, Math.PI / 2, DISTANCE);
  }

  #turnTo(theta: number, phi: number, radius: number): void {
    this.#isSwaying = false;
    this.#lookFrom(theta, phi, radius);
  }

  /** Angles about the vertical axis, from the viewer's side, and from it, in radians. */
  #lookFrom(theta: number, phi: number, radius: number): void {
    this.#camera.position.setFromSphericalCoords(radius, clamp(phi, 0.1, Math.PI - 0.1), theta);
    this.#controls.update();
  }

  dispose(): void {
    this.#stop.abort();
    this.#controls.dispose();
    this.#geometry.geometry.dispose();
    this.#studio.dispose();
  }
}
