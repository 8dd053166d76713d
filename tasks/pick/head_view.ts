// @ts-types="@types/three"
import * as THREE from "three";
// @ts-types="@types/three/examples/jsm/controls/OrbitControls.js"
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import type * as z from "zod";
import { type MeshPoints, valuesAt } from "@/lib/face/landmarks.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { boundsOf, meanPoint, pointAt } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";
import type { TrianglePoint } from "./placed_landmarks.ts";
import type { headToPick } from "./protocol.ts";

const FIELD_OF_VIEW = 24;
/** How far the camera stands away and may go, in sizes of the face. */
const [DISTANCE, NEAREST, FARTHEST] = [3.2, 0.5, 12];
/** Least ratio of a view's width to its height that has all of a face's width in it. */
const FACE_ASPECT = 1.05;
const [SKIN, REST] = [0xc7ccd4, 0x7d8794];

/** The head, to be turned by hand. */
export class HeadView {
  readonly #canvas: HTMLCanvasElement;
  readonly #renderer: THREE.WebGLRenderer;
  readonly #scene = new THREE.Scene();
  readonly #camera = new THREE.PerspectiveCamera(FIELD_OF_VIEW);
  readonly #controls: OrbitControls;
  readonly #skin: THREE.Mesh;
  readonly #normals: Float32Array;
  /** 1 where normals point out of the head, else -1: triangles may be wound either way. */
  readonly #outside: number;
  readonly #size: number;

  /**
   * @param ground what pointers turn the head on: the canvas, and all that lies over it
   * @param face the landmarks, which the view begins at
   * @param onView called when it shows something else
   */
  constructor(
    canvas: HTMLCanvasElement,
    { positions, skin, rest }: z.infer<typeof headToPick>,
    { ground, face, onView }: { readonly ground: HTMLElement; readonly face: MeshPoints; readonly onView: () => void },
  ) {
    this.#canvas = canvas;
    this.#renderer = new THREE.WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.#normals = vertexNormals({ positions, triangles: skin }, { frame: "model" });
    const mesh = (triangles: Uint32Array, color: number) => {
      const geometry = new THREE.BufferGeometry();
      geometry.setAttribute("position", new THREE.BufferAttribute(positions, 3));
      geometry.setIndex(new THREE.BufferAttribute(triangles, 1));
      geometry.computeVertexNormals();
      const made = new THREE.Mesh(geometry, new THREE.MeshLambertMaterial({ color, side: THREE.DoubleSide }));
      this.#scene.add(made);
      return made;
    };
    this.#skin = mesh(skin, SKIN);
    mesh(rest, REST);
    const lamp = new THREE.DirectionalLight(0xffffff, 2.2); // goes with the camera
    lamp.position.set(-0.4, 0.5, 0.8);
    this.#camera.add(lamp);
    this.#scene.add(this.#camera, new THREE.AmbientLight(0xffffff, 0.5));
    const forwards = valuesAt(face, this.#normals).reduce((sum, value, i) => i % 3 === 2 ? sum + value : sum, 0);
    this.#outside = forwards < 0 ? -1 : 1;
    const { low, high } = boundsOf(valuesAt(face, positions));
    this.#size = Math.max(...high.map((value, axis) => value - low[axis]!));
    Object.assign(this.#camera, { near: 0.01 * this.#size, far: 100 * this.#size });
    this.#controls = new OrbitControls(this.#camera, ground);
    this.#controls.target.set(...meanPoint([low, high]));
    Object.assign(this.#controls, { minDistance: NEAREST * this.#size, maxDistance: FARTHEST * this.#size });
    this.#controls.addEventListener("change", onView);
    this.lookFrom(0);
  }

  /** Whether dragging turns the head. Two fingers bring it nearer in any case. */
  set isTurnable(isTurnable: boolean) {
    Object.assign(this.#controls, { enableRotate: isTurnable, enablePan: isTurnable });
  }

  /** From an angle in radians about the vertical axis: 0 is the front, more is the image's right. */
  lookFrom(angle: number): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const distance = DISTANCE * this.#size * Math.max(1, FACE_ASPECT * height / Math.max(1, width));
    const offset = new THREE.Vector3().setFromSphericalCoords(distance, Math.PI / 2, angle);
    this.#camera.position.copy(this.#controls.target).add(offset);
    this.#controls.update();
  }

  draw(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (width === 0 || height === 0) return;
    const { x, y } = this.#renderer.getSize(new THREE.Vector2());
    if (x !== width || y !== height) {
      this.#renderer.setPixelRatio(Math.min(2, devicePixelRatio));
      this.#renderer.setSize(width, height, false);
      this.#camera.aspect = width / height;
      this.#camera.updateProjectionMatrix();
    }
    this.#renderer.render(this.#scene, this.#camera);
  }

  /** Where a point of the head is on the canvas, in CSS pixels. */
  placeOf(x: number, y: number, z: number): [number, number] {
    const at = new THREE.Vector3(x, y, z).project(this.#camera);
    return [(at.x + 1) / 2 * this.#canvas.clientWidth, (1 - at.y) / 2 * this.#canvas.clientHeight];
  }

  /** Whether the viewer sees the outside of the skin at a point of this triangle, as far as nothing lies before it. */
  isFacing([x, y, z]: Vec3, vertex: number): boolean {
    const [nx, ny, nz] = pointAt(this.#normals, vertex);
    const { position } = this.#camera;
    return this.#outside * (nx * (position.x - x) + ny * (position.y - y) + nz * (position.z - z)) > 0;
  }

  /** The skin's nearest point at this place of the window. */
  skinAt(clientX: number, clientY: number): TrianglePoint | undefined {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const raycaster = new THREE.Raycaster();
    const place = new THREE.Vector2((clientX - left) / width * 2 - 1, 1 - (clientY - top) / height * 2);
    raycaster.setFromCamera(place, this.#camera);
    const [hit] = raycaster.intersectObject(this.#skin);
    if (!hit?.face || !hit.barycoord) return undefined;
    const { face: { a, b, c }, barycoord: { x, y, z } } = hit;
    return { corners: [a, b, c], weights: [x, y, z] };
  }
}
