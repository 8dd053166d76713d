/** three.js as the outside judge of meshes. */
// @ts-types="@types/three"
import {
  AnimationMixer,
  BufferAttribute,
  type BufferGeometry,
  ColorManagement,
  type InterleavedBufferAttribute,
  Mesh,
  type MeshStandardMaterial,
  type Object3D,
  type Texture,
} from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { MTLLoader } from "three/examples/jsm/loaders/MTLLoader.js";
import { OBJLoader } from "three/examples/jsm/loaders/OBJLoader.js";
import { PLYLoader } from "three/examples/jsm/loaders/PLYLoader.js";

ColorManagement.enabled = false; // else it brings bytes to linear light, and loses of dark ones

/** What three.js made of a file. */
export interface ReadMesh {
  /** [vertexCount, 3]; an OBJ's corners are vertices of their own. */
  readonly positions: Float32Array;
  /** [triangleCount, 3], where vertices have numbers. */
  readonly triangles?: Uint32Array;
  /** [vertexCount, 2], v as the format has it. */
  readonly uv?: Float32Array;
  /** [vertexCount, 3], as written, 0 to 1. */
  readonly colors?: Float32Array;
  /** Pixels of the texture. */
  readonly textureSize?: readonly [width: number, height: number];
}

export interface ReadGlb extends ReadMesh {
  /** [vertexCount, 3]: what the morph target of this name adds. */
  morph(name: string): Float32Array;
  /** How much of each morph target, by name, at a time in seconds. */
  morphsAt(time: number): Readonly<Record<string, number>>;
  /** Where points of the mesh, [n, 3], are at a time in seconds. */
  placedAt(time: number): (points: Float32Array) => Float32Array;
}

/** The file's one mesh. */
export async function readGlb(bytes: Uint8Array<ArrayBuffer>): Promise<ReadGlb> {
  const { scene, animations } = await new GLTFLoader().parseAsync(bytes.slice().buffer, "");
  const mesh = onlyMesh(scene);
  const map = (mesh.material as MeshStandardMaterial).map as Texture<{ width: number; height: number }> | null;
  const mixer = new AnimationMixer(scene);
  for (const animation of animations) mixer.clipAction(animation).play();
  return {
    ...readGeometry(mesh.geometry),
    ...map && { textureSize: [map.image.width, map.image.height] as const },
    morphsAt(time) {
      mixer.setTime(time);
      const places = Object.entries(mesh.morphTargetDictionary ?? {});
      return Object.fromEntries(places.map(([name, i]) => [name, mesh.morphTargetInfluences![i]!]));
    },
    placedAt: (time) => {
      mixer.setTime(time);
      scene.updateMatrixWorld(true);
      return (points) => {
        const attribute = new BufferAttribute(points.slice(), 3);
        return valuesOf(attribute.applyMatrix4(mesh.matrixWorld));
      };
    },
    morph: (name) => valuesOf(mesh.geometry.morphAttributes["position"]![mesh.morphTargetDictionary![name]!]!),
  };
}

export function readPly(bytes: Uint8Array<ArrayBuffer>): ReadMesh {
  return readGeometry(new PLYLoader().parse(bytes.slice().buffer));
}

/** Also the names of textures, by material, that its library names. */
export function readObj(text: string, materials: string): ReadMesh & { readonly textures: Record<string, string> } {
  const { materialsInfo } = new MTLLoader().parse(materials, "");
  const mesh = onlyMesh(new OBJLoader().parse(text));
  const textures = Object.entries(materialsInfo).map(([name, { map_kd = "" }]) => [name, map_kd]);
  return { ...readGeometry(mesh.geometry), textures: Object.fromEntries(textures) };
}

function onlyMesh(root: Object3D): Mesh {
  const meshes: Mesh[] = [];
  root.traverse((object) => {
    if (object instanceof Mesh) meshes.push(object);
  });
  if (meshes.length !== 1) throw new Error(`Expected one mesh, got ${meshes.length}`);
  return meshes[0]!;
}

function readGeometry({ attributes: { position, uv, color }, index }: BufferGeometry): ReadMesh {
  return {
    positions: valuesOf(position!),
    ...index && { triangles: Uint32Array.from(index.array) },
    ...uv && { uv: valuesOf(uv) },
    ...color && { colors: valuesOf(color) },
  };
}

/** Row by row; attributes may be interleaved, and bytes that stand for 0 to 1. */
function valuesOf(attribute: BufferAttribute | InterleavedBufferAttribute): Float32Array {
  const columns = attribute.itemSize;
  return Float32Array.from(
    { length: columns * attribute.count },
    (_, i) => attribute.getComponent(Math.floor(i / columns), i % columns),
  );
}
