import { type Accessor, type mat4, type Node, type Primitive, type vec3, WebIO } from "@gltf-transform/core";
import { ALL_EXTENSIONS } from "@gltf-transform/extensions";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { takesTooMuch, TRIANGLE_BYTES } from "@/lib/face/heads/memory.ts";
import type { ObjMesh, ObjPolygon } from "@/lib/face/obj/obj.ts";
import { jsonOf } from "@/lib/json.ts";

/** What a glTF file has of a head. */
export interface GltfHead {
  /** In the scene's axes (x to the face's left, y up, z forwards); vertices of one place that move alike are one. */
  readonly mesh: ObjMesh;
  /** Vertices, [vertexCount, 3], of each morph target fully made, by its name. */
  readonly expression: Readonly<Record<string, Float64Array>>;
  /** For each vertex as the file has it, one primitive after the other, that of the mesh. */
  readonly vertices: Uint32Array;
}

/** Extensions that pack meshes, by programs that are not at hand. */
const packings = ["KHR_draco_mesh_compression", "EXT_meshopt_compression"];
const readExtensions = new Set(
  ALL_EXTENSIONS.map(({ EXTENSION_NAME }) => EXTENSION_NAME).filter((name) => !packings.includes(name)),
);
const GLB = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;

/**
 * The face of a binary glTF 2.0 (a `.vrm` too): the mesh of the node that is named or, unless one is, of that with the most
 * morph targets, then vertices. Its primitives are joined; it stands as its nodes place it, or as its skeleton at rest.
 *
 * Throws an InputError where the file is damaged, holds no such mesh, or has its few bytes stand for many: what accessors say
 * they hold may take nothing in it, and may be named any number of times.
 */
export async function readGltf(
  bytes: Uint8Array,
  { path, mesh: wanted }: { readonly path: string; readonly mesh?: string | undefined },
): Promise<GltfHead> {
  const refuse = (found: string): never => {
    throw new InputError(`Cannot read ${path}: ${found}; a binary glTF 2.0 file with a face was expected`);
  };
  const wrong = wrongIn(bytes);
  if (wrong) refuse(wrong);
  let document;
  try {
    document = await new WebIO().registerExtensions(ALL_EXTENSIONS).readBinary(bytes as Uint8Array<ArrayBuffer>);
  } catch (error) {
    return refuse(reasonOf(error));
  }
  const nodes = document.getRoot().listNodes().filter((node) => node.getMesh());
  const names = nodes.map((node) => [node.getName(), node.getMesh()!.getName()]);
  const places = nodes.map((_, i) => i).filter((i) => wanted === undefined || names[i]!.includes(wanted));
  const [place] = places.sort((a, b) => rank(nodes[b]!) - rank(nodes[a]!));
  if (place === undefined) {
    const known = names.slice(0, 20).map(([node, mesh]) => `"${mesh || node}"`).join(", ");
    return refuse(
      wanted === undefined ? "it has no mesh" : `no mesh is called "${wanted}", there are ${known || "none"}`,
    );
  }
  try {
    return joined(nodes[place]!, refuse);
  } catch (error) {
    if (error instanceof InputError) throw error;
    return refuse(reasonOf(error));
  }
}

function rank(node: Node): number {
  const primitives = node.getMesh()!.listPrimitives();
  const vertices = primitives.reduce((sum, primitive) => sum + countOf(primitive), 0);
  return vertices + 2 ** 32 * Math.max(0, ...primitives.map((primitive) => primitive.listTargets().length));
}

/** What of a file cannot be, before anything is made of it. */
function wrongIn(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 20 || view.getUint32(0, true) !== GLB) return "it does not have a binary glTF's header";
  if (view.getUint32(4, true) !== 2) return `it is of version ${view.getUint32(4, true)}`;
  if (view.getUint32(8, true) !== bytes.length) return `it has ${bytes.length} bytes, not ${view.getUint32(8, true)}`;
  const length = view.getUint32(12, true);
  if (view.getUint32(16, true) !== JSON_CHUNK || length > bytes.length - 20) return "it ends inside its first chunk";
  try {
    const json = jsonOf(new TextDecoder().decode(bytes.subarray(20, 20 + length))) as GltfJson;
    const unread = (json.extensionsRequired ?? []).find((name) => !readExtensions.has(name));
    if (packings.includes(unread!)) return `its mesh is compressed by ${unread}: save it without`;
    if (unread !== undefined) return `it needs the extension ${unread}, which is not read`;
    if (takesTooMuch(bytesMade(json), bytes.length)) return "it says that it holds far more than its size";
    return wrongInTree(json.nodes ?? []);
  } catch (error) {
    return reasonOf(error);
  }
}

/** What of a glTF's JSON says how much it holds; nothing of it has been looked at. */
interface GltfJson {
  readonly extensionsRequired?: readonly string[];
  readonly accessors?: readonly { readonly count: number; readonly type: string }[];
  readonly meshes?: readonly { readonly primitives: readonly PrimitiveJson[] }[];
  readonly nodes?: readonly { readonly children?: readonly number[] }[];
}

interface PrimitiveJson {
  readonly attributes: { readonly POSITION?: number };
  readonly indices?: number;
  readonly targets?: readonly unknown[];
}

/** What is made of a file at most, if all that it says of itself is so; NaN where it is not. */
function bytesMade({ accessors = [], meshes = [] }: GltfJson): number {
  const countOf = (accessor: number | undefined) => accessor === undefined ? 0 : accessors[accessor]?.count ?? NaN;
  const accessed = accessors.map(({ count, type }) =>
    count >= 0 ? 4 * count * (COMPONENTS[type as keyof typeof COMPONENTS] ?? NaN) : NaN
  );
  const primitives = meshes.flatMap(({ primitives }) => primitives);
  const joined = primitives.map(({ attributes, indices, targets = [] }) => {
    const vertices = countOf(attributes.POSITION);
    const corners = indices === undefined ? vertices : countOf(indices);
    return VERTEX_BYTES * vertices + POINT_BYTES * vertices * (1 + targets.length) + TRIANGLE_BYTES / 3 * corners;
  });
  return [...accessed, ...joined].reduce((sum, bytes) => sum + bytes, 0);
}

const COMPONENTS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT2: 4, MAT3: 9, MAT4: 16 } as const;
/** Bytes of a vertex without its positions, and of one position: it has one at rest and one in each target. */
const [VERTEX_BYTES, POINT_BYTES] = [240, 48];

function wrongInTree(nodes: readonly { readonly children?: readonly number[] }[]): string | undefined {
  const parents = new Map<number, number>();
  for (const [parent, { children = [] }] of nodes.entries()) {
    for (const child of children) {
      if (!nodes[child] || parents.has(child)) return `node ${child} is missing, or has two parents`;
      parents.set(child, parent);
    }
  }
  for (const start of parents.keys()) {
    let at: number | undefined = start;
    for (let steps = 0; at !== undefined; steps++) {
      if (steps > MOST_DEPTH) return "its nodes hold each other, or too many deep";
      at = parents.get(at);
    }
  }
  return undefined;
}

const MOST_DEPTH = 200;

function joined(node: Node, refuse: (found: string) => never): GltfHead {
  const primitives = node.getMesh()!.listPrimitives().filter((primitive) => primitive.getMode() === TRIANGLES);
  const names = targetNames(node);
  const joint = new JoinedVertices(primitives.reduce((sum, primitive) => sum + countOf(primitive), 0), names.length);
  const uv: number[] = [], vertices: number[] = [];
  const polygons: ObjPolygon[] = [];
  const moved = new Float64Array(3 * (1 + names.length));
  for (const primitive of primitives) {
    const base = primitive.getAttribute("POSITION") ?? refuse("a mesh has no positions");
    const count = base.getCount();
    const texture = primitive.getAttribute("TEXCOORD_0");
    const move = mover(node, primitive);
    const targets = primitive.listTargets().map((target) => target.getAttribute("POSITION"));
    const point = (accessor: Accessor, v: number) => accessor.getElement(v, [0, 0, 0]) as [number, number, number];
    const [firstUv, firstVertex] = [uv.length / 2, vertices.length];
    for (let v = 0; v < count; v++) {
      const rest = point(base, v);
      moved.set(move(rest, v));
      for (let t = 0; t < names.length; t++) {
        const target = targets[t];
        const [x, y, z] = target && v < target.getCount() ? point(target, v) : [0, 0, 0];
        moved.set(move([rest[0] + x, rest[1] + y, rest[2] + z], v), 3 * (t + 1));
      }
      vertices.push(joint.add(moved));
      if (texture) {
        const [u, down] = texture.getElement(v, [0, 0]) as [number, number];
        uv.push(u, 1 - down);
      }
    }
    const material = primitive.getMaterial()?.getName() || node.getMesh()!.getName() || node.getName() || "default";
    const indices = primitive.getIndices()?.getArray() ?? Uint32Array.from({ length: count }, (_, v) => v);
    for (let t = 0; t + 2 < indices.length; t += 3) {
      const corners = [indices[t]!, indices[t + 1]!, indices[t + 2]!];
      const odd = corners.find((v) => v >= count);
      if (odd !== undefined) refuse(`a triangle uses vertex ${odd} of ${count}`);
      polygons.push({
        material,
        vertices: corners.map((v) => vertices[firstVertex + v]!),
        uvs: texture ? corners.map((v) => firstUv + v) : [],
      });
    }
  }
  if (polygons.length === 0) refuse("its mesh has no triangles");
  return {
    mesh: { positions: joint.shape(0), uv: Float64Array.from(uv), polygons },
    expression: Object.fromEntries(names.map((name, t) => [name, joint.shape(t + 1)])),
    vertices: Uint32Array.from(vertices),
  };
}

function countOf(primitive: Primitive): number {
  return primitive.getAttribute("POSITION")?.getCount() ?? 0;
}

/** Vertices, those of one place that move alike as one. */
class JoinedVertices {
  /** Each [vertexCount, 3]: at rest, and in each target. */
  readonly #shapes: readonly Float64Array[];
  /** The last one of each place at rest, and for each the one before it of the same place, or -1. */
  readonly #last = new Map<string, number>();
  readonly #before: Int32Array;
  #count = 0;

  constructor(mostVertices: number, targets: number) {
    this.#shapes = Array.from({ length: 1 + targets }, () => new Float64Array(3 * mostVertices));
    this.#before = new Int32Array(mostVertices).fill(-1);
  }

  /** The number of the vertex with these places, [1 + targets, 3]. */
  add(places: Float64Array): number {
    const key = places.subarray(0, 3).join();
    const last = this.#last.get(key) ?? -1;
    for (let known = last; known >= 0; known = this.#before[known]!) {
      if (this.#shapes.every((shape, s) => [0, 1, 2].every((k) => shape[3 * known + k] === places[3 * s + k]))) {
        return known;
      }
    }
    this.#shapes.forEach((shape, s) => shape.set(places.subarray(3 * s, 3 * s + 3), 3 * this.#count));
    this.#before[this.#count] = last;
    this.#last.set(key, this.#count);
    return this.#count++;
  }

  shape(number: number): Float64Array {
    return this.#shapes[number]!.slice(0, 3 * this.#count);
  }
}

const TRIANGLES = 4;

/** As glTF's tools write them, else as the targets are called. */
function targetNames(node: Node): string[] {
  const mesh = node.getMesh()!;
  const counts = mesh.listPrimitives().map((primitive) => primitive.listTargets().length);
  const listed: unknown = mesh.getExtras().targetNames;
  const own = mesh.listPrimitives().find((primitive) => primitive.listTargets().length > 0)?.listTargets() ?? [];
  const taken = new Set<string>();
  return Array.from({ length: Math.max(0, ...counts) }, (_, t) => {
    const given = Array.isArray(listed) && typeof listed[t] === "string" ? listed[t] : own[t]?.getName();
    let name = given || `expression ${t}`;
    while (taken.has(name)) name += "'";
    taken.add(name);
    return name;
  });
}

/** Where the scene has a vertex: by its node, or by its skeleton's joints, which then alone count. */
function mover(node: Node, primitive: Primitive): (point: vec3, vertex: number) => vec3 {
  const [skin, joints, weights] = [
    node.getSkin(),
    primitive.getAttribute("JOINTS_0"),
    primitive.getAttribute("WEIGHTS_0"),
  ];
  if (!skin || !joints || !weights) {
    const matrix = node.getWorldMatrix();
    return (point) => transformed(matrix, point);
  }
  const inverse = skin.getInverseBindMatrices();
  const bones = skin.listJoints().map((joint, j) => ({
    world: joint.getWorldMatrix(),
    bind: inverse ? inverse.getElement(j, new Array(16).fill(0)) as mat4 : undefined,
  }));
  return (point, vertex) => {
    const [numbers, shares] = [joints.getElement(vertex, [0, 0, 0, 0]), weights.getElement(vertex, [0, 0, 0, 0])];
    const total = shares.reduce((sum, share) => sum + share, 0) || 1;
    const sum: [number, number, number] = [0, 0, 0];
    numbers.forEach((j, k) => {
      const bone = bones[j];
      if (!bone || !shares[k]) return;
      const at = transformed(bone.world, bone.bind ? transformed(bone.bind, point) : point);
      for (let axis = 0; axis < 3; axis++) sum[axis]! += shares[k]! / total * at[axis]!;
    });
    return sum;
  };
}

/** By a matrix of columns. */
function transformed(m: mat4, [x, y, z]: vec3): vec3 {
  const row = (k: number) => m[k]! * x + m[4 + k]! * y + m[8 + k]! * z + m[12 + k]!;
  return [row(0), row(1), row(2)];
}
