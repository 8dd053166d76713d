import { type Accessor, Document, WebIO } from "@gltf-transform/core";
import { KHRMaterialsUnlit } from "@gltf-transform/extensions";
import type { ExportedMesh } from "@/lib/export/exported_mesh.ts";
import { srgbToLinear } from "@/lib/geometry/color.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { boundsOf, meanPoint } from "@/lib/geometry/vectors.ts";
import type { Mat3 } from "@/lib/types.ts";

export interface GlbOptions {
  /** The mesh's own lengths to glTF's meters. */
  readonly metersPerUnit: number;
  /** A PNG or JPEG file's bytes, for the mesh's UVs; else vertex colors are used where there are some. */
  readonly texture?: { readonly bytes: Uint8Array; readonly mimeType: "image/png" | "image/jpeg" };
  /** Whether the colors are a surface's own, to be lit; those of a photo have its light. */
  readonly isLit?: boolean;
  readonly morphs?: Morphs;
  readonly motion?: Motion;
}

/** Shapes that can be added to the mesh. */
export interface Morphs {
  readonly names: readonly string[];
  /** Each [vertexCount, 3], the change when it is fully made, in the mesh's unit and axes. */
  readonly shapes: readonly Float32Array[];
}

export interface Motion {
  /** [frameCount], seconds, rising. */
  readonly times: Float32Array;
  /** [frameCount, morph count], how much of each morph. */
  readonly weights?: Float32Array;
  /** [frameCount], of the mesh about its middle. */
  readonly rotations?: readonly Mat3[];
}

/**
 * A binary glTF 2.0 of one mesh about the origin: unlit where it has a photo's colors, as its light is in them; morph
 * targets under `extras.targetNames` as glTF has it, and an animation of their weights and of how the mesh is turned.
 */
export async function encodeGlb(mesh: ExportedMesh, options: GlbOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { metersPerUnit, texture, isLit = false, morphs, motion } = options;
  const document = new Document();
  const buffer = document.createBuffer();
  const accessor = (
    type: "VEC2" | "VEC3" | "VEC4" | "SCALAR",
    array: Float32Array | Uint32Array | Uint8Array,
  ): Accessor => document.createAccessor().setType(type).setArray(array as Float32Array<ArrayBuffer>).setBuffer(buffer);
  const { low, high } = boundsOf(mesh.positions), middle = meanPoint([low, high]);
  const positions = mesh.positions.map((value, i) => (value - middle[i % 3]!) * metersPerUnit);
  const primitive = document.createPrimitive()
    .setIndices(accessor("SCALAR", mesh.triangles))
    .setAttribute("POSITION", accessor("VEC3", positions))
    .setAttribute("NORMAL", accessor("VEC3", vertexNormals({ ...mesh, positions }, { frame: "model" })));
  if (mesh.uv) primitive.setAttribute("TEXCOORD_0", accessor("VEC2", mesh.uv));
  const material = document.createMaterial("face").setRoughnessFactor(0.8).setMetallicFactor(0).setDoubleSided(true);
  if (texture) {
    material.setBaseColorTexture(
      document.createTexture("face").setImage(texture.bytes as Uint8Array<ArrayBuffer>).setMimeType(texture.mimeType),
    );
  } else if (mesh.colors) {
    primitive.setAttribute("COLOR_0", accessor("VEC3", linearColors(mesh.colors)));
  }
  if (!isLit && (texture || mesh.colors)) {
    material.setExtension("KHR_materials_unlit", document.createExtension(KHRMaterialsUnlit).createUnlit());
  }
  primitive.setMaterial(material);
  const shape = document.createMesh("face").addPrimitive(primitive);
  const node = document.createNode("face").setMesh(shape);
  document.createScene().addChild(node);
  if (morphs) {
    shape.setExtras({ targetNames: morphs.names }).setWeights(morphs.names.map(() => 0));
    morphs.shapes.forEach((change, i) => {
      const moved = accessor("VEC3", change.map((value) => value * metersPerUnit)).setSparse(movesLittle(change));
      primitive.addTarget(document.createPrimitiveTarget(morphs.names[i]).setAttribute("POSITION", moved));
    });
  }
  if (motion) {
    const animation = document.createAnimation("face"), input = accessor("SCALAR", motion.times);
    const move = (path: "weights" | "rotation", output: Accessor) => {
      const sampler = document.createAnimationSampler().setInterpolation("LINEAR").setInput(input).setOutput(output);
      const channel = document.createAnimationChannel().setTargetNode(node).setTargetPath(path).setSampler(sampler);
      animation.addSampler(sampler).addChannel(channel);
    };
    if (motion.weights) move("weights", accessor("SCALAR", motion.weights));
    if (motion.rotations) {
      move("rotation", accessor("VEC4", Float32Array.from(motion.rotations.flatMap(quaternionOf))));
    }
  }
  const bytes = await new WebIO().registerExtensions([KHRMaterialsUnlit]).writeBinary(document);
  return Uint8Array.from(bytes);
}

/** Whether at most half of the vertices move, so that it is shorter to name them. */
function movesLittle(change: Float32Array): boolean {
  const vertexCount = change.length / 3;
  let moving = 0;
  for (let i = 0; i < change.length; i += 3) if (change[i] || change[i + 1] || change[i + 2]) moving++;
  return 2 * moving <= vertexCount;
}

/** x, y, z, w of a rotation, w at least 0. */
function quaternionOf(r: Mat3): readonly number[] {
  const length = (value: number) => Math.sqrt(Math.max(0, value)) / 2; // rounding may pass 0
  const [x, y, z, w] = [
    length(1 + r[0]! - r[4]! - r[8]!),
    length(1 - r[0]! + r[4]! - r[8]!),
    length(1 - r[0]! - r[4]! + r[8]!),
    length(1 + r[0]! + r[4]! + r[8]!),
  ];
  const signed = (value: number, sign: number) => sign < 0 ? -value : value;
  return [signed(x, r[7]! - r[5]!), signed(y, r[2]! - r[6]!), signed(z, r[3]! - r[1]!), w];
}

function linearColors(colors: Uint8Array): Float32Array {
  return Float32Array.from(colors, (byte) => srgbToLinear(byte / 255));
}
