/** Face models of others made into files by tasks, and trained on. */
import { encodeGlb } from "@/lib/export/glb.ts";
import { openSource } from "@/lib/data/sources/open_source.ts";
import { startExperiment, type TrainReport } from "@/lib/experiment.ts";
import { fits300wLp, loadBfm } from "@/lib/face/bfm/bfm.ts";
import { BFM_VERTEX_COUNT } from "@/lib/face/bfm/bfm_files.ts";
import { readPreparedFace } from "@/lib/face/prepared_face.ts";
import { pointsAt } from "@/lib/geometry/vectors.ts";
import { bfmStandIn, writeStandIn } from "@/tests/face/bfm/stand_in.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { flameStandIn, writeFlame } from "@/tests/face/heads/flame_stand_in.ts";
import { glb, glbNames, linearArrays, listedLandmarks } from "@/tests/face/heads/stand_ins.ts";
import { hasNumpy, writeNpz } from "@/tests/formats/numpy_files.ts";
import { type HeadFlags, landmarkFile } from "@/tasks/prepare/prepare_head.ts";
import { hasModules, plainPython } from "@/tests/python.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { runTaskChild, type TaskEnd, taskEnds } from "@/tests/tasks/children.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

/** Trains for two steps on the faces of a prepared model, and validates. */
async function trainsOn(model: string): Promise<void> {
  const config = tinyConfig({ steps: 2, source: { name: "model", path: model } });
  using experiment = await startExperiment(config, { run: `${model}.run` });
  const [, { validation }] = await Array.fromAsync(experiment.train()) as [TrainReport, TrainReport];
  assert(Number.isFinite(validation?.nme68_2d), "there is no validation");
}

/** Opens a prepared model as training does, and draws a face of it. */
async function givesSamples(model: string): Promise<void> {
  const { imageSize } = tinyConfig();
  const source = await openSource({ seed: 7, source: { name: "model", path: model }, imageSize, augment: false });
  const { image, map, landmarks, expressions } = await source.sample(0, "train");
  assertEquals([image.width, image.height, map.size, landmarks.length], [imageSize, imageSize, imageSize, 3 * 68]);
  assertEquals(expressions?.length, source.expressionNames?.length);
  assert([...map.positions, ...landmarks].every(Number.isFinite), "a position is not finite");
}

/** Has scipy write MAT-files again. */
const rewrite = `
import sys, scipy.io
for path in sys.argv[1:]:
    fields = scipy.io.loadmat(path)
    scipy.io.savemat(path, {name: value for name, value in fields.items() if not name.startswith("__")})
`;

const layouts = {
  "300W-LP's": ["Model_Shape.mat", "Model_Exp.mat", "BFM_UV.mat"],
  "face3d's": ["BFM.mat", "BFM_UV.mat"],
  "BFM's own with 300W-LP's": ["01_MorphableModel.mat", "model_info.mat", "Model_Exp.mat", "whole/BFM_UV.mat"],
};

Deno.test({
  name:
    "deno task prepare bfm makes a model that training takes of files as scipy writes them, each layout of which is read",
  ignore: !await hasModules("scipy"),
  fn: async () => {
    await using folder = await temporaryFolder();
    const standIn = bfmStandIn({ waves: 3 });
    const written = async (whose: keyof typeof layouts) => {
      const [own, names] = [`${folder.path}/${whose}`, layouts[whose]];
      await writeStandIn(own, standIn, names);
      await plainPython(rewrite, ...names.map((name) => `${own}/${name.split("/").at(-1)}`));
      return own;
    };
    for (const whose of ["300W-LP's", "face3d's"] as const) {
      const own = await written(whose);
      const face = await loadBfm([own]);
      const { mean, identityModes, expressionModes } = face.model;
      assert(fits300wLp(face), whose);
      assertEquals([mean.length / 3, identityModes.length, expressionModes.length], [BFM_VERTEX_COUNT, 199, 29]);
      await Deno.remove(own, { recursive: true });
    }
    const own = await written("BFM's own with 300W-LP's");
    const out = `${folder.path}/bfm.model`;
    const { code, stdout, stderr } = await runTaskChild("prepare", "bfm", own, "--out", out, "--no-neck");
    const said = /bfm\.model: (\d+) vertices, 199 identity and 29 expression modes, (\d+) triangles\n$/.exec(stdout);
    assert(code === 0 && said && Number(said[1]) < BFM_VERTEX_COUNT, stdout + stderr);
    const { model, identityDeviations, license } = await readPreparedFace(out);
    assertEquals([model.mean.length / 3, identityDeviations!.length], [Number(said[1]), 199]);
    assert(/Basel Face Model/.test(license!));
    await trainsOn(out);
  },
});

Deno.test("deno task prepare mesh makes a model that training takes of a GLB, shows its landmarks, doubts those that it finds on a head that lies, and replaces no file of others, nor landmarks that were placed", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await Deno.writeFile(`${path}/head.glb`, glb);
  await Deno.writeTextFile(`${path}/marks.json`, JSON.stringify(listedLandmarks()));
  const [head, out] = [`${path}/head.glb`, `${path}/head.model`];
  const prepare = (...flags: string[]) => runTaskChild("prepare", "mesh", head, "--out", out, ...flags);
  const given = await prepare("--landmarks", `${path}/marks.json`);
  assertEquals([given.code, given.stdout], [
    0,
    `${out}: 9054 vertices, 2 expressions; ${out}.png shows its landmarks\n`,
  ]);
  const { model } = await readPreparedFace(out);
  assertEquals(model.expressionNames, [...glbNames]);
  assertEquals(
    [...(await Deno.readFile(`${out}.png`)).subarray(1, 4)],
    [..."PNG"].map((letter) => letter.charCodeAt(0)),
  );
  await trainsOn(out);
  await Deno.writeTextFile(`${path}/texture.png`, "a texture");
  await Deno.writeTextFile(`${path}/list.landmarks.json`, "a list");
  const [marks, texture, placed] = [`${path}/marks.json`, `${path}/texture`, `${path}/placed.model`];
  const placedList = `${placed}.landmarks.json`;
  await Deno.copyFile(out, placed);
  await Deno.writeTextFile(placedList, JSON.stringify(listedLandmarks("outline")));
  const users = [head, marks, `${texture}.png`, `${path}/list.landmarks.json`, placedList];
  const before = await Promise.all(users.map((file) => Deno.readFile(file)));
  const [lying, again, idle, ...refused] = await taskEnds("prepare", [
    ["mesh", head, "--out", out, "--axes", "x,z,-y", "--ict", placed], // whose face looks up
    ["mesh", head, "--out", placed],
    ["mesh", head, "--landmarks", marks, "--out", out, "--ict", path],
    ["mesh", head, "--landmarks", marks, "--out", placed, "--pick"],
    ["mesh", head, "--out", out, "--axes", "x,y"],
    ["mesh", head, "--out", head],
    ["mesh", head, "--landmarks", marks, "--out", marks],
    ["mesh", head, "--landmarks", marks, "--out", texture],
    ["mesh", head, "--landmarks", marks, "--out", `${path}/list`, "--pick"],
    ["mesh", head, "--landmarks", marks, "--out", `${path}/none/head.model`],
    ["bfm", path, "--out", head],
    ["flame", path, "--out", head],
    ["mesh", path, "--out", out],
  ], { apart: 1 }) as [TaskEnd, TaskEnd, TaskEnd, ...TaskEnd[]];
  assert(
    /\nThe landmarks that were found are likely to be wrong: .*--axes\); --pick has them placed/.test(lying.stderr),
    lying.stderr,
  );
  assertEquals([lying.code, refused.map(({ code, stdout, stderr }) => [code, stdout, stderr])], [
    0,
    [
      `Cannot write ${placedList}: landmarks that were placed are there; --landmarks ${placedList} goes on from them, ` +
      "--out names another place",
      "Cannot set --axes to x,y: three of x, y, z, -x, -y and -z are wanted",
      ...[head, marks, `${texture}.png`, `${path}/list.landmarks.json`].map((file) =>
        `Cannot write ${file}: it is there already; name another by --out`
      ),
      `Cannot write ${path}/none/head.model: there is no folder ${path}/none`,
      ...[head, head].map((file) => `Cannot write ${file}: it is there already; name another by --out`),
      `Reading the head\nCannot read ${path}: it is a folder, not a file`,
    ].map((sentence) => [2, "", `${sentence}\n`]),
  ]);
  assertEquals(
    [
      idle.code,
      idle.stderr.endsWith("\nCannot use --ict: it is for a head without landmarks, and this one has them\n"),
    ],
    [2, true],
  );
  assertEquals(await Promise.all(users.map((file) => Deno.readFile(file))), before);
  assertEquals([again.code, again.stdout.endsWith(` expressions; ${placed}.png shows its landmarks\n`)], [0, true]);
  assert(again.stderr.startsWith(`Taking the landmarks of ${placedList}, as placed before; `), again.stderr);
  assertEquals(Object.keys((await readPreparedFace(placed)).model.surface.landmarks), ["outline"]);

  const said: string[] = [];
  const fileFor = (flags: Partial<HeadFlags>) => landmarkFile({ out, ...flags }, { print: (line) => said.push(line) });
  const list = `${out}.landmarks.json`; // found, which may be done again
  assertEquals([await fileFor({}), await fileFor({ landmarks: marks, pick: true })], [undefined, marks]);
  assertEquals((await prepare("--landmarks", marks)).code, 0); // which leaves that list there
  assertEquals([await fileFor({}), await fileFor({ landmarks: marks, pick: true })], [undefined, marks]);
  await Deno.writeTextFile(list, JSON.stringify(listedLandmarks()));
  assertEquals([await fileFor({}), await fileFor({ landmarks: list, pick: true })], [list, list]);
  assertEquals([await fileFor({ landmarks: marks }), said.length], [marks, 1]);
});

Deno.test("deno task prepare mesh --pick refuses texture coordinates that are missing or overlap before a person has placed landmarks", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const { surface, surfaceVertices, mean } = builtInFace();
  const mesh = { positions: pointsAt(mean, surfaceVertices), triangles: surface.triangles };
  const mirrored = surface.uv.map((value, i) => i % 2 === 0 ? Math.abs(value - 0.5) : value);
  await Deno.writeFile(`${path}/bare.glb`, await encodeGlb(mesh, { metersPerUnit: 0.01 }));
  await Deno.writeFile(`${path}/folded.glb`, await encodeGlb({ ...mesh, uv: mirrored }, { metersPerUnit: 0.01 }));
  await Deno.writeTextFile(`${path}/marks.json`, JSON.stringify(listedLandmarks()));
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 }); // where no page can wait for a person
  const port = String((taken.addr as Deno.NetAddr).port);
  const flags = ["--landmarks", `${path}/marks.json`, "--out", `${path}/head.model`, "--pick", "--port", port];
  const [bare, folded] = await taskEnds("prepare", [
    ["mesh", `${path}/bare.glb`, ...flags],
    ["mesh", `${path}/folded.glb`, ...flags],
  ], { apart: 1 }) as [TaskEnd, TaskEnd];
  assertEquals([bare, folded].map(({ code, stdout }) => [code, stdout]), [[2, ""], [2, ""]]);
  assert(/bare\.glb as a face: polygons of its surface .* have no texture coordinates/.test(bare.stderr), bare.stderr);
  assert(/folded\.glb as a face: 50 % of its surface lies over other parts of it/.test(folded.stderr), folded.stderr);
});

Deno.test({
  name: "deno task prepare mesh and flame make models that training takes of NPZ files, as numpy writes them",
  ignore: !hasNumpy,
  fn: async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    await writeNpz(`${path}/face.npz`, linearArrays());
    await Deno.mkdir(`${path}/FLAME`);
    const standIn = flameStandIn();
    const { triangles, landmarkTriangles, landmarkWeights } = standIn;
    await writeFlame(`${path}/FLAME`, standIn);
    const placed = Array.from(landmarkTriangles, (t, l) => {
      return [...triangles.subarray(3 * t, 3 * t + 3), ...landmarkWeights.subarray(3 * l, 3 * l + 3)];
    });
    await Deno.writeTextFile(`${path}/flame.model.landmarks.json`, JSON.stringify({ "300w-lp": placed }));
    const cases = [
      ["mesh", `${path}/face.npz`, /: \d+ vertices, 39 identity modes, 42 expressions; .*face\.model\.png shows its/],
      ["flame", `${path}/FLAME`, /: \d+ vertices, 300 identity modes, 111 expressions; .*flame\.model\.png shows its/],
    ] as const;
    for (const [kind, from, said] of cases) {
      const out = `${path}/${kind === "flame" ? "flame" : "face"}.model`;
      const { code, stdout, stderr } = await runTaskChild("prepare", kind, from, "--out", out);
      assert(code === 0 && said.test(stdout), stdout + stderr);
      const { model, license } = await readPreparedFace(out);
      assert(license, "its license is lost");
      if (kind === "flame") assertEquals(Object.keys(model.surface.landmarks), ["300w-lp"]);
      if (kind === "flame") await trainsOn(out);
      else await givesSamples(out);
    }
  },
});
