import { fileURLToPath } from "node:url";
import { checkOutputs, kindsShown, shownClasses, shownExpression } from "@/tasks/notebooks/check_outputs.ts";
import { execute } from "@/tasks/notebooks/execute.ts";
import { keptText, type Notebook, type Output, parseNotebook } from "@/tasks/notebooks/notebook.ts";
import { type Pins, pythonPackages } from "@/tasks/notebooks/python.ts";
import { InputError } from "@/lib/errors.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { runTaskChild } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const has = async (pins: Pins) => await pythonPackages(pins, { note() {} }).then(() => true, () => false);
const [hasClient, hasLab] = [await has("notebooks"), await has("jupyterlab")];

const classes = shownClasses([
  "export function drawFace(face: Face): Picture {\n}\n",
  "export async function curve(\n  rows: Row[],\n  { label }: Options,\n): Promise<PlotlyFigure> {\n}\n",
  "export function area(size: number): number {\n}\nfunction inner(): Picture {\n}\n",
]);

const jpeg: Output = { output_type: "execute_result", data: { "image/jpeg": "/9j/4AAQ", "text/plain": "a face" } };
const printed: Output = { output_type: "stream", name: "stdout", text: ["step 1\n"] };

function notebook(...cells: readonly (readonly [source: string, ...outputs: readonly Output[]])[]): Notebook {
  return {
    cells: cells.map(([source, ...outputs]) => ({ cell_type: "code" as const, source, outputs })),
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  };
}

function complaintsOf(source: string, ...outputs: readonly Output[]): string[] {
  return checkOutputs(notebook([source, ...outputs]), { classes, places: ["/home/someone/", "/tmp/"] });
}

Deno.test("checkOutputs() passes cells that show what their code says", () => {
  assertEquals(complaintsOf("const a = 3;"), []);
  assertEquals(complaintsOf("console.log(a);", printed), []);
  assertEquals(complaintsOf("const face = 1;\ndrawFace(face)", jpeg), []);
  assertEquals(complaintsOf('new Picture(\n  face,\n  "a face",\n)', jpeg), []);
});

Deno.test("checkOutputs() names the cell that shows nothing, another kind, or plain text only", () => {
  const plain: Output = { output_type: "execute_result", data: { "text/plain": "3" } };
  assert(/^cell 1 ends in an expression, and shows nothing$/.test(complaintsOf("drawFace(face)")[0]!));
  assert(/^cell 1 prints,.* no stream$/.test(complaintsOf("console.log(a);")[0]!));
  assert(/^cell 1 displays,/.test(complaintsOf("await Deno.jupyter.display(picture);")[0]!));
  assert(/of curve, application\/vnd\.plotly/.test(complaintsOf("await curve(rows, {\n  label,\n})", jpeg)[0]!));
  assert(/^cell 1 shows the value of a statement/.test(complaintsOf("open();\nconst a = 3;", plain)[0]!));
  assert(complaintsOf("a", plain).includes("cell 1 shows plain text only"));
});

Deno.test("checkOutputs() finds errors, warnings, broken pictures and places of this machine", () => {
  const error: Output = { output_type: "error", ename: "Error", evalue: "not enough" };
  const failed = checkOutputs(notebook(["const a = 3;"], ["drawFace(a)", error], ["drawFace(a)"]), { classes });
  assertEquals(failed, ["cell 2 fails: Error: not enough"]); // and not that the third has not run
  assert(/standard error/.test(complaintsOf("const a = 3;", { ...printed, name: "stderr" })[0]!));
  const broken = { output_type: "execute_result" as const, data: { "image/jpeg": "iVBOR", "text/plain": "" } };
  assert(/image\/jpeg that is none/.test(complaintsOf("drawFace(a)", broken)[0]!));
  assert(/names a place/.test(complaintsOf("console.log(a);", { ...printed, text: "in /tmp/run" })[0]!));
});

Deno.test("shownExpression() finds the last expression over several lines, and none after a statement", () => {
  assertEquals(
    shownExpression("const a = 3;\nawait curve(rows, {\n  label,\n})\n"),
    "await curve(rows, {\n  label,\n})",
  );
  assertEquals(shownExpression("for (const a of b) {\n  console.log(a);\n}"), undefined);
  assertEquals(shownExpression('const a = "https://b"; // why\n'), undefined);
});

Deno.test("keptText() is the same however a run's messages were cut, and keeps what it shows", () => {
  const cut = notebook(["f()", { ...printed, text: "step 1\nst" }, { ...printed, text: "ep 2\n" }, jpeg]);
  const whole = notebook(["f()", { ...printed, text: ["step 1\n", "step 2\n"] }, jpeg]);
  assertEquals(keptText(cut), keptText({ ...whole, metadata: { language_info: { version: "6.0.3" } } }));
  const kept = parseNotebook(keptText(cut), "kept");
  assertEquals(kindsShown(kept), [["stream", "execute_result", "image/jpeg", "text/plain"]]);
  assertEquals(keptText(kept), keptText(cut));
  const data = { "application/vnd.plotly.v1+json": { data: [{ x: [1, 2] }], layout: {} }, "text/plain": "a curve" };
  const curve = keptText(notebook(["curve()", { output_type: "execute_result", data }]));
  assert(curve.includes('{"data":[{"x":[1,2]}],"layout":{}},\n'), curve);
  assertEquals(parseNotebook(curve, "kept").cells[0]!.outputs![0]!.data!["application/vnd.plotly.v1+json"], {
    data: [{ x: [1, 2] }],
    layout: {},
  });
});

Deno.test("parseNotebook() says what is no notebook", async () => {
  for (const text of ["", "{", "{}", '{"cells": [{}]}', "null"]) {
    await assertThrows(
      () => parseNotebook(text, "a.ipynb"),
      InputError,
      /^Cannot check a\.ipynb: it is not a notebook/,
    );
  }
});

Deno.test({
  name: "notebooks type-checks and runs the notebook that is named, and says how long it took",
  ignore: !hasClient,
  fn: async () => {
    const { code, stdout, stderr } = await runTaskChild("notebooks", "01");
    assert(code === 0 && /^01_mesh_to_position_map +\d+ s +\d\.\d\d MB\n$/.test(stdout), stdout + stderr);
  },
});

Deno.test({
  name:
    "execute() keeps what a cell shows after its kernel was idle, and goes on after one that shows less than it is to",
  ignore: !hasClient,
  fn: async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/late.ipynb`;
    const cells = ['void setTimeout(() => console.log("late"), 30);', "undefined", "1 + 1"].map((source) => ({
      ...{ cell_type: "code", id: crypto.randomUUID().slice(0, 8), source },
      ...{ metadata: {}, outputs: [], execution_count: null },
    }));
    await Deno.writeTextFile(path, JSON.stringify({ ...notebook(), cells, nbformat_minor: 5 }));
    const { notebook: { cells: [late, silent, last] } } = await execute(path, {
      packages: await pythonPackages("notebooks", { note() {} }),
    });
    assertEquals(late!.outputs!.map(({ text }) => [text].flat().join("")), ["late\n"]);
    assertEquals([silent!.outputs!.length, last!.outputs!.length], [0, 1]);
  },
});

Deno.test("notebooks refuses unknown names and flags in one sentence", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "notebooks", "08"],
    cwd: root,
    stdout: "null",
  }).output();
  const said = new TextDecoder().decode(stderr).replace(/^TensorFlow's library is set up\n/, "");
  assert(code === 2 && /^Cannot run the notebook "08": the notebooks are .*04_train.*\n$/.test(said), said);
  for (
    const [taskArguments, message] of [
      [["--wrote"], /^deno task notebooks: unknown option '--wrote'.*\n$/],
      [["--open", "04"], /^Cannot open JupyterLab with names or --write: .*\n$/],
    ] as const
  ) {
    const { code, stderr } = await runTaskChild("notebooks", ...taskArguments);
    assert(code === 2 && message.test(stderr), stderr);
  }
});

Deno.test({
  name: "notebooks --open starts JupyterLab with the Deno kernel and Plotly, and stops on Ctrl-C",
  ignore: !hasLab,
  fn: async () => {
    const temporary = await Deno.makeTempDir({ prefix: "posmap lab " });
    const lab = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-run=python3"],
        ...["tasks/notebooks.ts", "--open", "--no-browser"],
      ],
      cwd: root,
      env: { TMPDIR: temporary },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let said = "";
    try {
      for await (const text of lab.stderr.pipeThrough(new TextDecoderStream())) {
        said += text;
        if (/token=\w+\s/.test(said)) break;
      }
      const [, base, token] = said.match(/(http:\/\/127[^ ]*?)\/lab[^ ]*\?token=(\w+)/)!;
      const get = async (path: string) => await (await fetch(`${base}${path}?token=${token}`)).text();
      assertEquals(Object.keys(JSON.parse(await get("/api/kernelspecs")).kernelspecs), ["deno"]);
      assert((await get("/lab")).includes("jupyterlab-plotly"));
      assert(JSON.parse(await get("/api/contents/notebooks")).content.length >= names().length);
    } finally {
      lab.kill("SIGINT");
    }
    assertEquals((await lab.status).code, 0);
    assertEquals([...Deno.readDirSync(temporary)].filter(({ name }) => name.startsWith("posmap-")), []);
    await Deno.remove(temporary, { recursive: true });
  },
});

function names(): string[] {
  return [...Deno.readDirSync(`${root}/notebooks`)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb"));
}
