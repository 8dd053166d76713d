import { fits300wLp, loadBfm } from "@/lib/face/bfm/bfm.ts";
import { InputError } from "@/lib/errors.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks, regionNames } from "@/lib/face/morphable_model.ts";
import { isPreparedFace, readPreparedFace, savePreparedFace } from "@/lib/face/prepared_face.ts";
import { withoutNeck } from "@/lib/face/prune.ts";
import { bfmStandIn, writeStandIn } from "@/tests/face/bfm/stand_in.ts";
import { matFile } from "@/tests/formats/mat_writer.ts";
import { assert, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const standIn = bfmStandIn({ waves: 3 });
const layouts = {
  "300W-LP's": ["Model_Shape.mat", "Model_Exp.mat", "BFM_UV.mat"],
  "face3d's": ["BFM.mat", "BFM_UV.mat"],
  "BFM's own with 300W-LP's": ["01_MorphableModel.mat", "model_info.mat", "Model_Exp.mat", "whole/BFM_UV.mat"],
};

/** Of each layout's files, made once. */
const loaded = new Map<keyof typeof layouts, ReturnType<typeof loadBfm>>();
function faceOf(layout: keyof typeof layouts): ReturnType<typeof loadBfm> {
  return loaded.getOrInsertComputed(layout, async () => {
    await using folder = await temporaryFolder();
    await writeStandIn(folder.path, standIn, layouts[layout]);
    return await loadBfm([folder.path]);
  });
}

for (const whose of Object.keys(layouts) as (keyof typeof layouts)[]) {
  Deno.test(`loadBfm() makes the same model of ${whose} files`, async () => {
    const face = await faceOf(whose);
    const { model, identityDeviations, expressionDeviations } = face;
    assert(fits300wLp(face));
    assertEquals([...model.mean], [...standIn.mean]);
    assertEquals([model.identityModes.length, model.expressionModes.length], [199, 29]);
    assertEquals([...identityDeviations], [...standIn.identityDeviations]);
    assertEquals([...expressionDeviations], [...standIn.expressionDeviations]);
    for (const k of [0, 2, 3, 198]) {
      const mode = model.identityModes[k]!;
      for (const i of [0, 70_000, 159_644]) {
        const wanted = standIn.identity[k * mode.length + i]! * standIn.identityDeviations[k]!;
        assertClose(mode[i]!, wanted, 1e-6 * Math.abs(wanted));
      }
    }
    const mode = model.expressionModes[1]!;
    assertEquals(mode[5], Math.fround(standIn.expression[mode.length + 5]! * standIn.expressionDeviations[1]!));
    assertEquals([...model.surface.landmarks["300w-lp"]!.vertices].filter((_, i) => i % 3 === 0), [
      ...standIn.landmarks,
    ]);
    // the first texel's middle, and the last one's, of 256
    const moved = whose.startsWith("BFM's own") ? 10_031 : -1; // what the file has elsewhere than its neighbors
    model.surface.uv.forEach((value, i) => {
      if (moved >= 0 && [10_031, 10_154, 10_279].includes(i >> 1)) return;
      const given = standIn.uv[i]!;
      assertClose(256 * value - 0.5, 255 * (i % 2 === 0 ? given : 1 - given), 1e-4);
    });
    if (moved < 0) return;
    const between = (standIn.uv[2 * 10_032]! + standIn.uv[2 * 10_157]!) / 2;
    assertClose(256 * model.surface.uv[2 * moved]! - 0.5, 255 * between, 1e-4);
  });
}

Deno.test("loadBfm() takes Guo's expressions, which 300W-LP's parameters are not of", async () => {
  await using folder = await temporaryFolder();
  const names = ["01_MorphableModel.mat", "model_info.mat", "Exp_Pca.bin", "std_exp.txt", "BFM_UV.mat"];
  await writeStandIn(folder.path, standIn, names);
  const face = await loadBfm([folder.path]);
  assert(!fits300wLp(face));
  const { expressionModes } = face.model;
  assertEquals([expressionModes.length, expressionModes[2]![7]], [
    79,
    Math.fround(standIn.expression[2 * 3 * 53_215 + 7]! * 1002),
  ]);
  await Deno.truncate(`${folder.path}/Exp_Pca.bin`, 1000);
  await assertThrows(
    () => loadBfm([folder.path]),
    InputError,
    /Exp_Pca\.bin: it has 1000 bytes, wanted 51086404; the right Exp_Pca/,
  );
});

Deno.test("loadBfm() gives triangles that face the viewer, and a prepared face comes back to the bit", async () => {
  await using folder = await temporaryFolder();
  const turned = standIn.triangles.map((_, i) => standIn.triangles[i - i % 3 + (3 - i % 3) % 3]!);
  await writeStandIn(folder.path, { ...standIn, triangles: turned }, layouts["300W-LP's"]);
  const face = await faceOf("300W-LP's");
  assertEquals([...(await loadBfm([folder.path])).model.triangles], [...face.model.triangles]);
  const path = `${folder.path}/bfm.model`;
  await savePreparedFace(path, face);
  assertEquals(await readPreparedFace(path), face);
  const bytes = await Deno.readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await Deno.writeFile(path, bytes);
  await assertThrows(() => readPreparedFace(path), InputError, /is damaged/);
  assertEquals([await isPreparedFace(path), await isPreparedFace(folder.path)], [true, false]);
});

Deno.test("withoutNeck() leaves no vertex of the neck but landmarks', and moves no other", async () => {
  const { model } = await faceOf("face3d's");
  const rest = withoutNeck(model);
  const neck = regionNames.indexOf("neck");
  const [before, after] = [model, rest].map(({ surface }) =>
    surface.regions.filter((region) => region === neck).length
  );
  assert(before! > 1000 && after! < 50, `${before} vertices of the neck, then ${after}`);
  assert(rest.mean.length < model.mean.length);
  assertEquals(rest.identityModes[0]!.length, rest.mean.length);
  assertEquals(
    valuesAt(meshLandmarks(rest), rest.identityModes[2]!),
    valuesAt(meshLandmarks(model), model.identityModes[2]!),
  );
});

/** Where each file is from, as sentences say it. */
const origins: Readonly<Record<string, string>> = {
  "BFM.mat": "face3d's examples/Data/BFM/generate.m",
  "Model_Shape.mat": "ModelGenerate.m of 300W-LP's folder",
  "Model_Exp.mat": "300W-LP's folder Code",
  "BFM_UV.mat": "https://github.com/anilbas/3DMMasSTN",
  "01_MorphableModel.mat": "https://faces.dmi.unibas.ch/bfm",
  "model_info.mat": "300W-LP's folder Code/ModelGeneration",
  "Exp_Pca.bin": "https://github.com/Juyong/3DFace",
  "std_exp.txt": "https://github.com/microsoft/Deep3DFaceReconstruction",
};

Deno.test("loadBfm() names all files that are missing beside any others, or the first that is none, and where the right ones are from", async () => {
  await using folder = await temporaryFolder();
  const names = Object.keys(origins);
  const guo = ["01_MorphableModel.mat", "model_info.mat", "BFM_UV.mat", "Exp_Pca.bin", "std_exp.txt"];
  const complete = [...Object.values(layouts), guo].map((layout) => layout.map((name) => name.replace("whole/", "")));
  for (let subset = 0; subset < 2 ** names.length; subset++) {
    const here = names.filter((_, i) => subset >> i & 1);
    const own = `${folder.path}/${subset}`;
    await Deno.mkdir(own);
    for (const name of here) await Deno.writeTextFile(`${own}/${name}`, "<html>");
    const { message } = await assertThrows(() => loadBfm([own]), InputError, /^Cannot (make|read|use) [^\n]*$/);
    const isComplete = complete.some((layout) => layout.every((name) => here.includes(name)));
    const wanted = isComplete
      ? names.filter((name) => message.includes(`${own}/${name}`)) // which is no MAT-file
      : names.filter((name) => message.split(", wanted ")[1]!.includes(`${name} from`));
    assert(wanted.length > 0, message);
    for (const name of wanted) {
      assert(message.includes(`${name} ${isComplete ? "is " : ""}from ${origins[name]}`), message);
    }
    if (isComplete) continue;
    const added = [...here, ...wanted];
    assert(complete.some((layout) => layout.every((name) => added.includes(name))), message);
  }
  await Deno.writeTextFile(`${folder.path}/0/bfm_noneck_v3.pkl`, "");
  await assertThrows(() => loadBfm([`${folder.path}/0`]), InputError, /_v3\.pkl is a pickle of Python, which is not/);
});

Deno.test("loadBfm() tells which file another one's place has, and prefers the expressions that 300W-LP's parameters are of", async () => {
  await using folder = await temporaryFolder();
  await writeStandIn(folder.path, standIn, ["Model_Exp.mat", "BFM_UV.mat"]);
  await Deno.copyFile(`${folder.path}/Model_Exp.mat`, `${folder.path}/Model_Shape.mat`);
  await assertThrows(
    () => loadBfm([folder.path]),
    InputError,
    /mu_shape of .*\/Model_Shape\.mat: found no such field but mu_exp, w_exp, sigma_exp, wanted 159645×1 .*ModelGenerate\.m/,
  );
  await Deno.remove(`${folder.path}/Model_Shape.mat`);
  await writeStandIn(folder.path, standIn, ["01_MorphableModel.mat", "model_info.mat", "Exp_Pca.bin", "std_exp.txt"]);
  assert(fits300wLp(await loadBfm([folder.path])));
});

Deno.test("loadBfm() names a field that is missing, or of another shape or kind, and inflates none that is", async () => {
  await using folder = await temporaryFolder();
  for (const name of ["Model_Exp.mat", "BFM_UV.mat"]) await Deno.writeTextFile(`${folder.path}/${name}`, "");
  const write = (shape: readonly number[], classNumber = 6, compressed = true) =>
    Deno.writeFile(
      `${folder.path}/Model_Shape.mat`,
      matFile([{ name: "w", shape, values: [0], classNumber, dataType: 2 }], { little: true, compressed }),
    );
  const refuses = (pattern: RegExp) => assertThrows(() => loadBfm([folder.path]), InputError, pattern);
  await write([1, 1]);
  await refuses(/Cannot use w of .*Model_Shape\.mat: found 1×1, wanted 159645×199 real numbers; /);
  await write([159_645, 40], 7);
  await refuses(/w of .*: found 159645×40, wanted/);
  await write([1, 1], 4);
  await refuses(/Cannot use mu_shape of .*: found no such field but w, wanted 159645×1/);
  await write([159_645, 199]); // what it says it holds would take more than 64 times the file
  await refuses(/take more than \d MiB/);
});
