import { type Accessor, Document, WebIO } from "@gltf-transform/core";
import { KHRMaterialsUnlit } from "@gltf-transform/extensions";
import type { ExportedMesh } from "@/lib/export/exported_mesh.ts";
import { srgbToLinear } from "@/lib/geometry/color.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";

export interface GlbOptions {
  /** The mesh's own lengths to glTF's meters. */
  readonly metersPerUnit: number;
  /** A PNG or JPEG file's bytes, for the mesh's UVs; else vertex colors are used where there are some. */
  readonly texture?: { readonly bytes: Uint8Array; readonly mimeType: "image/png" | "image/jpeg" };
  readonly morphs?: Morphs;
}

/** Shapes that are added to the mesh, and how much of each at which time. */
export interface Morphs {
  readonly names: readonly string[];
  /** Each [vertexCount, 3], the change when it is fully made, in the mesh's unit and axes. */
  readonly shapes: readonly Float32Array[];
  /** [frameCount], seconds, rising; none for shapes that stay at rest. */
  readonly times?: Float32Array;
  /** [frameCount, names]. */
  readonly weights?: Float32Array;
}

/**
 * A binary glTF 2.0 of one mesh about the origin: unlit where it has a photo's colors, as its light is in them; morph
 * targets under `extras.targetNames` as glTF has it, and an animation of their weights.
 */
export async function encodeGlb(mesh: ExportedMesh, options: GlbOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { metersPerUnit, texture, morphs } = options;
  const document = new Document();
  const buffer = document.createBuffer();
  const accessor = (type: "VEC2" | "VEC3" | "SCALAR", array: Float32Array | Uint32Array | Uint8Array): Accessor =>
    document.createAccessor().setType(type).setArray(array as Float32Array<ArrayBuffer>).setBuffer(buffer);
  const middle = middleOf(mesh.positions);
  const positions = mesh.positions.map((value, i) => (value - middle[i % 3]!) * metersPerUnit);
  const primitive = document.createPrimitive()
    .setIndices(accessor("SCALAR", mesh.triangles))
    .setAttribute("POSITION", accessor("VEC3", positions))
    .setAttribute("NORMAL", accessor("VEC3", vertexNormals({ ...mesh, positions }, { frame: "model" })))
    .setAttribute("TEXCOORD_0", accessor("VEC2", mesh.uv));
  const material = document.createMaterial("face").setRoughnessFactor(0.8).setMetallicFactor(0).setDoubleSided(true);
  if (texture) {
    material.setBaseColorTexture(
      document.createTexture("face").setImage(texture.bytes as Uint8Array<ArrayBuffer>).setMimeType(texture.mimeType),
    );
  } else if (mesh.colors) {
    primitive.setAttribute("COLOR_0", accessor("VEC3", linearColors(mesh.colors)));
  }
  if (texture || mesh.colors) {
    material.setExtension("KHR_materials_unlit", document.createExtension(KHRMaterialsUnlit).createUnlit());
  }
  primitive.setMaterial(material);
  const node = document.createNode("face").setMesh(document.createMesh("face").addPrimitive(primitive));
  document.createScene("face").addChild(node);
  if (morphs && morphs.names.length > 0) {
    node.getMesh()!.setExtras({ targetNames: morphs.names }).setWeights(morphs.names.map(() => 0));
    morphs.shapes.forEach((shape, i) => {
      const moved = accessor("VEC3", shape.map((value) => value * metersPerUnit));
      primitive.addTarget(document.createPrimitiveTarget(morphs.names[i]).setAttribute("POSITION", moved));
    });
    if (morphs.times && morphs.weights) {
      const sampler = document.createAnimationSampler().setInterpolation("LINEAR")
        .setInput(accessor("SCALAR", morphs.times)).setOutput(accessor("SCALAR", morphs.weights));
      const channel = document.createAnimationChannel().setTargetNode(node).setTargetPath("weights").setSampler(
        sampler,
      );
      document.createAnimation("expression").addSampler(sampler).addChannel(channel);
    }
  }
  const bytes = await new WebIO().registerExtensions([KHRMaterialsUnlit]).writeBinary(document);
  return Uint8Array.from(bytes);
}

function middleOf(positions: Float32Array): readonly number[] {
  return [0, 1, 2].map((axis) => {
    let [least, most] = [Infinity, -Infinity];
    for (let i = axis; i < positions.length; i += 3) {
      least = Math.min(least, positions[i]!);
      most = Math.max(most, positions[i]!);
    }
    return (least + most) / 2;
  });
}

function linearColors(colors: Uint8Array): Float32Array {
  return Float32Array.from(colors, (byte) => srgbToLinear(byte / 255));
}
