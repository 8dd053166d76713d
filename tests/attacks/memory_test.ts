/**
 * What reading a file takes, for files made to take as much as they can: no more than SECURITY.md states of their kind.
 * Measured in processes of their own, at the worst moment.
 */
import { encodeShard } from "@/lib/data/store/shard.ts";
import { crc32c } from "@/lib/formats/crc32c.ts";
import { matFile } from "@/tests/formats/mat_writer.ts";
import { npyFile } from "@/tests/formats/npy_file.ts";
import { hasNumpy, type NumpyArray, writeNpz } from "@/tests/formats/numpy_files.ts";
import { assert } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** The stated factors, by the first cell of their row, and the bytes that come on top. */
async function statedFactors(): Promise<{ readonly factors: ReadonlyMap<string, number>; readonly besides: number }> {
  const text = await Deno.readTextFile(`${import.meta.dirname}/../../SECURITY.md`);
  const rows = text.matchAll(/^\| `(\.\w+)`.*\| +(\d+) +\|$/gm);
  const [, besides] = /(\d+)\s+MB\s+besides/.exec(text)!;
  return {
    factors: new Map([...rows].map(([, kind, factor]) => [kind!, Number(factor)])),
    besides: 1e6 * Number(besides),
  };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const repeated = (line: string, megabytes: number) => line.repeat(Math.ceil(megabytes * 2 ** 20 / line.length));

/** A binary glTF of one mesh, of these primitives, whose first accessor is so many points that are all there. */
function glbOf(count: number, primitives: readonly object[], accessors: readonly object[] = []): Uint8Array {
  const points = Float32Array.from({ length: 3 * count }, (_, i) => Math.sin(i));
  const json = bytesOf(JSON.stringify({
    asset: { version: "2.0" },
    nodes: [{ mesh: 0 }],
    buffers: [{ byteLength: points.byteLength }],
    bufferViews: [{ buffer: 0, byteLength: points.byteLength }],
    accessors: [{ bufferView: 0, componentType: 5126, count, type: "VEC3" }, ...accessors],
    meshes: [{ primitives }],
  }));
  const padded = json.length + (-json.length & 3);
  const bytes = new Uint8Array(28 + padded + points.byteLength).fill(32);
  const view = new DataView(bytes.buffer);
  [0x46546c67, 2, bytes.length, padded, 0x4e4f534a].forEach((word, i) => view.setUint32(4 * i, word, true));
  bytes.set(json, 20);
  view.setUint32(20 + padded, points.byteLength, true);
  view.setUint32(24 + padded, 0x004e4942, true);
  bytes.set(new Uint8Array(points.buffer), 28 + padded);
  return bytes;
}

/** A shard whose only sample says that it has four gigabytes. */
function hollowShard(): Uint8Array {
  const bytes = encodeShard([new Uint8Array(8)], { key: new Uint8Array(32), facts: { loss: 0, refused: [] } });
  const view = new DataView(bytes.buffer);
  view.setUint32(68, 0xffff_ffff, true);
  view.setUint32(84, crc32c(bytes.subarray(32, 84)), true);
  return bytes;
}

interface Case {
  readonly kind: string;
  readonly what: string;
  /** How it is read, by `read_in_memory.ts`. */
  readonly reader: string;
  readonly file: Uint8Array | Readonly<Record<string, NumpyArray>>;
  /** Whether it is to be read; else it is to be refused in a sentence. */
  readonly isRead?: boolean;
}

const point = { attributes: { POSITION: 0 } };
const corners = { shape: [1, 3], values: new Uint8Array(3) };
/** A megabyte that cannot be packed. */
const pad = {
  shape: [2 ** 20],
  values: new Uint8Array(Float32Array.from({ length: 2 ** 18 }, (_, i) => Math.sin(i * i)).buffer),
};
const zeros = (...shape: number[]) => ({ shape, values: new Float64Array(shape.reduce((a, b) => a * b, 1)) });

const cases: readonly Case[] = [
  {
    kind: ".npy",
    what: "by columns",
    reader: "npy",
    file: npyFile(new Array(2 ** 21).fill(1), [2 ** 11, 2 ** 10], true),
    isRead: true,
  },
  { kind: ".npy", what: "of a header alone", reader: "npy", file: headerAlone(8) },
  { kind: ".mat", what: "of zeros, packed", reader: "matrices", file: packedMatrix(10 * 2 ** 20), isRead: true },
  { kind: ".mat", what: "of more zeros than there may be", reader: "matrices", file: packedMatrix(2 ** 26) },
  {
    kind: ".obj",
    what: "of short triangles",
    reader: "head",
    file: bytesOf("v 0 0 0\n" + repeated("f 1 1 1\n", 8)),
    isRead: true,
  },
  {
    kind: ".obj",
    what: "of one polygon",
    reader: "head",
    file: bytesOf("v 0 0 0\nf" + repeated(" 1", 8)),
    isRead: true,
  },
  {
    kind: ".obj",
    what: "of a part a triangle",
    reader: "head",
    file: bytesOf("v 0 0 0\n" + repeated("g a\nf 1 1 1\n", 8)),
    isRead: true,
  },
  { kind: ".obj", what: "of lines that go on", reader: "head", file: bytesOf(repeated("v\\\n", 8)) },
  {
    kind: ".obj",
    what: "of polygons without end",
    reader: "head",
    file: bytesOf("v 0 0 0\n" + repeated("f 1 1 1\n", 32)),
  },
  {
    kind: ".glb",
    what: "of as many targets as may be",
    reader: "head",
    file: glbOf(200_000, [{ ...point, targets: new Array(6).fill(point.attributes) }]),
    isRead: true,
  },
  {
    kind: ".glb",
    what: "of targets without end",
    reader: "head",
    file: glbOf(50_000, [{ ...point, targets: new Array(5000).fill(point.attributes) }]),
  },
  { kind: ".glb", what: "of primitives without end", reader: "head", file: glbOf(50_000, new Array(2000).fill(point)) },
  {
    kind: ".glb",
    what: "of matrices that are not there",
    reader: "head",
    file: glbOf(1000, [point], [{ componentType: 5126, count: 2 ** 27, type: "MAT4" }]),
  },
  {
    kind: ".glb",
    what: "of counts that make up for each other",
    reader: "head",
    file: glbOf(1000, [point], [2 ** 28, -(2 ** 28)].map((count) => ({ componentType: 5126, count, type: "VEC3" }))),
  },
  { kind: ".shard", what: "of a sample that is not there", reader: "shard", file: hollowShard() },
  ...hasNumpy
    ? [
      {
        kind: ".npz",
        what: "of as many zeros as may be",
        reader: "head",
        file: {
          mean: zeros(2 ** 15, 3),
          triangles: corners,
          uv: zeros(2 ** 15, 2),
          expression: zeros(60, 2 ** 15, 3),
          pad,
        },
        isRead: true,
      },
      {
        kind: ".npz",
        what: "of triangles of a byte a corner",
        reader: "head",
        file: {
          mean: zeros(99, 3),
          uv: zeros(99, 2),
          triangles: { shape: [2 ** 24, 3], values: new Uint8Array(3 * 2 ** 24) },
          pad,
        },
      },
      {
        kind: ".npz",
        what: "of bytes that become doubles",
        reader: "head",
        file: {
          mean: { shape: [2 ** 24, 3], values: new Uint8Array(3 * 2 ** 24) },
          uv: zeros(99, 2),
          triangles: corners,
          pad,
        },
      },
    ]
    : [],
];

function headerAlone(megabytes: number): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${repeated("1,", megabytes)}), }`;
  const bytes = new Uint8Array(12 + header.length + 4);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0]);
  new DataView(bytes.buffer).setUint32(8, header.length, true);
  bytes.set(bytesOf(header), 12);
  return bytes;
}

/** Of so many zeros, of a byte each until they are read, beside what does not pack. */
function packedMatrix(count: number): Uint8Array {
  const wild = Float32Array.from({ length: 2 ** 18 }, (_, i) => Math.sin(i * i));
  return matFile([
    { name: "wild", classNumber: 7, dataType: 7, shape: [wild.length, 1], values: wild },
    { name: "w", classNumber: 6, dataType: 2, shape: [count, 1], values: new Uint8Array(count) },
  ], { little: true, compressed: true });
}

for (const { kind, what, reader, file, isRead = false } of cases) {
  Deno.test({
    name: `a ${kind} ${what} takes no more memory than is stated of its kind, read or refused`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using folder = await temporaryFolder();
      const [path, small] = [`${folder.path}/a${kind}`, `${folder.path}/small${kind}`];
      if (file instanceof Uint8Array) await Deno.writeFile(path, file);
      else await writeNpz(path, file);
      await Deno.writeTextFile(small, "small");
      const { size } = await Deno.stat(path);
      const script = `${import.meta.dirname}/read_in_memory.ts`;
      const config = `--config=${import.meta.dirname}/../../deno.json`;
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "--allow-all", config, script, reader, path, small],
      }).output();
      assert(stdout.length > 0, new TextDecoder().decode(stderr));
      const { result, bytes } = JSON.parse(new TextDecoder().decode(stdout));
      assert(isRead ? result === "read" : /^InputError: /.test(result), result);
      const { factors, besides } = await statedFactors();
      const most = factors.get(kind)! * size + besides;
      assert(bytes <= most, `${bytes} bytes for a file of ${size}, at most ${most} are stated`);
    },
  });
}
