/** scipy as the outside judge of the reader. */
import fc from "fast-check";
import { InputError } from "@/lib/errors.ts";
import { type MatArray, parseMat, readMat } from "@/lib/data/files/mat.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { pythonProgram } from "@/tests/python.ts";
import { assertSameNumbers, matFile, someVariables } from "@/tests/data/files/mat_writer.ts";

/** What scipy says, in a Python child; undefined where there is no scipy. */
function python(script: string, argument = ""): string | undefined {
  try {
    const { success, stdout } = new Deno.Command(pythonProgram, { args: ["-c", script, argument], stderr: "null" })
      .outputSync();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}

const hasScipy = python("import scipy.io") !== undefined;

interface JudgedArray {
  readonly shape: number[];
  readonly text?: string[];
  /** In base64: float64, column-major. */
  readonly values?: string;
  readonly imaginary?: string;
}

const judge = `
import base64, json, sys, warnings, numpy as np, scipy.io
warnings.simplefilter("ignore")
def numbers(a): return base64.b64encode(np.asarray(a, np.float64).tobytes(order="F")).decode()
def judge(path):
    arrays = {}
    for name, a in scipy.io.loadmat(path, chars_as_strings=False).items():
        if name.startswith("__") or not isinstance(a, np.ndarray) or a.dtype.kind not in "biufcU": continue
        arrays[name] = {"shape": a.shape}
        if a.dtype.kind == "U":
            arrays[name]["text"] = ["".join(r) for r in a.reshape(a.shape[0], -1, order="F")] if a.size else []
        else:
            arrays[name]["values"] = numbers(a.real)
            if a.dtype.kind == "c": arrays[name]["imaginary"] = numbers(a.imag)
    return arrays
`;

function bytesOf(base64: string): Float64Array {
  return new Float64Array(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
}

function assertAsJudged(read: ReadonlyMap<string, MatArray>, judged: Readonly<Record<string, JudgedArray>>): void {
  for (const [name, { shape, text, values, imaginary }] of Object.entries(judged)) {
    const array = read.get(name);
    assert(array && array.kind !== "other", `${name} was not read`);
    assertEquals(array.shape, shape);
    if (array.kind === "text") {
      assertEquals(array.rows, text);
    } else {
      assertSameNumbers(array.values, bytesOf(values!));
      assertSameNumbers(array.imaginary, imaginary === undefined ? undefined : bytesOf(imaginary));
    }
  }
}

Deno.test({
  name: "parseMat() reads what scipy writes, compressed and not",
  ignore: !hasScipy,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const judged = JSON.parse(
        python(
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
        )!,
      );
      assertEquals(Object.keys(judged).length, 2);
      for (const [path, arrays] of Object.entries(judged)) {
        const read = await readMat(path);
        assertAsJudged(read, arrays as Record<string, JudgedArray>);
        assertEquals([read.get("cell")?.kind, read.get("struct")?.kind], ["other", "other"]);
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
        // scipy rounds complex integers to single precision.
        .map((variables) => variables.filter(({ imaginary, dataType }) => !imaginary || dataType === 9));
      const forms = [true, false].flatMap((little) => [true, false].map((compressed) => ({ little, compressed })));
      variables.forEach((variables, i) =>
        Deno.writeFileSync(`${folder}/${i}.mat`, matFile(variables, forms[i % forms.length]!))
      );
      const judged = JSON.parse(
        python(`${judge}\nprint(json.dumps([judge(f"{sys.argv[1]}/{i}.mat") for i in range(30)]))`, folder)!,
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

const isVersion4 = (name: string) => /_4(\.2c)?_|mat4/.test(name);

const matlabFiles = python(
  `import glob, os, scipy.io.matlab as m; print("\\n".join(glob.glob(os.path.dirname(m.__file__) + "/tests/data/*.mat")))`,
)?.trim().split("\n").filter(Boolean) ?? [];

Deno.test({
  name: "parseMat() reads files that MATLAB wrote on several machines as scipy does",
  ignore: matlabFiles.length === 0,
  fn: async () => {
    const judged = JSON.parse(
      python(
        `${judge}
def tried(path):
    try: return judge(path)
    except Exception: return None
print(json.dumps({path: tried(path) for path in json.loads(sys.argv[1])}))`,
        JSON.stringify(matlabFiles),
      )!,
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
        if (arrays && !isVersion4(name)) weRefuse.push(name);
      }
    }
    assertEquals(weRefuse, ["broken_utf8.mat"]); // where scipy warns and puts other characters
  },
});
