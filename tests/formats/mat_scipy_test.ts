/** scipy as the outside judge of the reader. */
import fc from "@/tests/fast_check.ts";
import { InputError } from "@/lib/errors.ts";
import { type MatArray, parseMat, readMat, readMatrices } from "@/lib/formats/mat.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { hasModules, plainPython } from "@/tests/python.ts";
import { matlabFiles } from "@/tests/formats/matlab_files.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";
import { assertSameNumbers, matFile, someVariables } from "@/tests/formats/mat_writer.ts";

const hasScipy = await hasModules("scipy");

interface JudgedArray {
  readonly shape: number[];
  /** In base64: float64, column-major. */
  readonly values: string;
}

const judge = `
import base64, json, sys, warnings, numpy as np, scipy.io
warnings.simplefilter("ignore")
def numbers(a): return base64.b64encode(np.asarray(a, np.float64).tobytes(order="F")).decode()
def judge(path):
    arrays = {}
    for name, a in scipy.io.loadmat(path, chars_as_strings=False).items():
        if name.startswith("__") or not isinstance(a, np.ndarray) or a.dtype.kind not in "biuf": continue
        arrays[name] = {"shape": a.shape, "values": numbers(a)}
    return arrays
`;

function bytesOf(base64: string): Float64Array {
  return new Float64Array(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
}

function assertAsJudged(read: ReadonlyMap<string, MatArray>, judged: Readonly<Record<string, JudgedArray>>): void {
  for (const [name, { shape, values }] of Object.entries(judged)) {
    const array = read.get(name);
    assert(array?.values, `${name} was not read`);
    assertEquals(array.shape, shape);
    assertSameNumbers(array.values, bytesOf(values));
  }
}

Deno.test({
  name: "parseMat() reads what scipy writes, compressed and not",
  ignore: !hasScipy,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const judged = JSON.parse(
        await plainPython(
          `${judge}
rng = np.random.default_rng(5)
arrays = {"text": "hello", "lines": np.array(["ab", "cde"]), "unicode": "große Ähre €", "none": np.zeros((0, 3)), "cell": np.array([1, "a"], object),
    "struct": {"a": 1, "b": {"c": "d"}}, "complex": rng.normal(size=(2, 3)) + 1j, "bool": rng.random((3, 1)) > 0.5, "scalar": 3}
for kind in "int8 uint8 int16 uint16 int32 uint32 int64 uint64 float32 float64".split():
    arrays[kind] = (rng.normal(size=(3, 4, 2)) * 50).astype(kind)
paths = []
for compressed in (False, True):
    paths.append(f"{sys.argv[1]}/{compressed}.mat")
    scipy.io.savemat(paths[-1], arrays, do_compression=compressed)
print(json.dumps({path: judge(path) for path in paths}))`,
          folder,
        ),
      );
      assertEquals(Object.keys(judged).length, 2);
      for (const [path, arrays] of Object.entries(judged)) {
        const read = await readMat(path);
        assertAsJudged(read, arrays as Record<string, JudgedArray>);
        for (const name of ["text", "lines", "unicode", "cell", "struct", "complex"]) {
          assertEquals([read.has(name), read.get(name)?.values], [true, undefined]);
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "scipy reads what the writer of these tests writes",
  ignore: !hasScipy,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const variables = fc.sample(someVariables, { seed: 3, numRuns: 30 })
        .map((variables) => variables.filter(({ imaginary }) => !imaginary));
      const forms = [true, false].flatMap((little) => [true, false].map((compressed) => ({ little, compressed })));
      variables.forEach((variables, i) =>
        Deno.writeFileSync(`${folder}/${i}.mat`, matFile(variables, forms[i % forms.length]!))
      );
      const judged = JSON.parse(
        await plainPython(`${judge}\nprint(json.dumps([judge(f"{sys.argv[1]}/{i}.mat") for i in range(30)]))`, folder),
      );
      variables.forEach((variables, i) => {
        assertEquals(Object.keys(judged[i]).length, variables.length);
        assertAsJudged(parseMat(Deno.readFileSync(`${folder}/${i}.mat`), "x.mat"), judged[i]);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

const isVersion4 = (name: string) => /_4(\.2c)?_|m(at)?4/.test(name);

Deno.test({
  name: "parseMat() reads files that MATLAB wrote on several machines as scipy does",
  ignore: matlabFiles.length === 0,
  fn: async () => {
    const judged = JSON.parse(
      await plainPython(
        `${judge}
def tried(path):
    try: return judge(path)
    except Exception: return None
print(json.dumps({path: tried(path) for path in json.loads(sys.argv[1])}))`,
        JSON.stringify(matlabFiles),
      ),
    ) as Record<string, Record<string, JudgedArray> | null>;
    const weRefuse: string[] = [];
    for (const [path, arrays] of Object.entries(judged)) {
      const name = path.split("/").at(-1)!;
      try {
        const read = await readMat(path);
        assert(arrays, `${name} was read, but scipy refuses it`);
        assertAsJudged(read, arrays);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        assertEquals(/version 4/.test(error.message), isVersion4(name));
        if (arrays && !isVersion4(name)) weRefuse.push(name);
      }
    }
    assertEquals(weRefuse, []);
  },
});

Deno.test({
  name: "readMatrices() reads a struct's fields as scipy writes them, and of all variables those that are wanted",
  ignore: !hasScipy,
  fn: async () => {
    await using folder = await temporaryFolder();
    const judged: Record<string, JudgedArray> = JSON.parse(
      await plainPython(
        `${judge}
rng = np.random.default_rng(5)
fields = {"shapeMU": rng.normal(size=(12, 1)).astype("f4"), "tri": rng.integers(1, 9, (3, 5)).astype("f8"), "text": "hello", "none": np.zeros((0, 0)), "inner": {"a": 1}}
for compressed in (False, True):
    scipy.io.savemat(f"{sys.argv[1]}/{compressed}.mat", {"model": fields, "large": np.zeros((3000, 3000)), "w": fields["tri"]}, do_compression=compressed)
print(json.dumps({name: {"shape": a.shape, "values": numbers(a)} for name, a in [("model.shapeMU", fields["shapeMU"]), ("model.tri", fields["tri"]), ("w", fields["tri"])]}))`,
        folder.path,
      ),
    );
    for (const form of ["False", "True"]) {
      const asked: string[] = [];
      const read = await readMatrices(`${folder.path}/${form}.mat`, {
        isWanted: (name, shape) => {
          asked.push(`${name} ${shape.join("×")}`);
          return Object.hasOwn(judged, name);
        },
      });
      assertEquals(asked, ["model.shapeMU 12×1", "model.tri 3×5", "model.none 0×0", "large 3000×3000", "w 3×5"]);
      assertEquals(read.get("large")!.values, undefined);
      for (const [name, { shape, values }] of Object.entries(judged)) {
        assertEquals(read.get(name)!.shape, shape);
        assertSameNumbers(read.get(name)!.values, bytesOf(values));
      }
    }
  },
});
