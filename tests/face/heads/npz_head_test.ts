import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { headModel } from "@/lib/face/heads/head.ts";
import { readHead } from "@/lib/face/heads/head_file.ts";
import { hasNumpy, type NumpyArray, writeNpz } from "@/tests/formats/numpy_files.ts";
import { linearArrays } from "@/tests/face/heads/stand_ins.ts";
import { assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** Of what coordinates of the built-in head's vertices are, which are made of sums. */
const ROUNDING = 1e-5;

Deno.test({
  name: "npzHead() makes the model again whose arrays numpy has written, modes, names, parts, landmarks and license",
  ignore: !hasNumpy,
  fn: async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/face.npz`;
    await writeNpz(path, linearArrays());
    const head = await readHead(path, {});
    const model = headModel(head, head.landmarks!);
    const wanted = builtInFace();
    assertEquals(head.license, "for tests only");
    assertEquals(model.expressionNames, wanted.expressionNames);
    assertEquals([...model.mean], [...wanted.mean]);
    assertEquals(model.identityModes.length, wanted.identityModes.length);
    for (const mode of [0, 20]) assertAllClose(model.identityModes[mode]!, wanted.identityModes[mode]!, ROUNDING);
    for (const mode of [0, 41]) assertAllClose(model.expressionModes[mode]!, wanted.expressionModes[mode]!, ROUNDING);
    assertEquals([...model.triangles], [...wanted.triangles]);
    assertEquals([...model.materials], [...wanted.materials]);
    const { surface, surfaceVertices } = model;
    assertEquals(
      [...surface.triangles].map((v) => surfaceVertices[v]!),
      [...wanted.surface.triangles],
    );
    for (const convention of ["300w-lp", "outline"] as const) {
      const [found, given] = [surface.landmarks[convention]!, wanted.surface.landmarks[convention]!];
      assertEquals([...found.weights], [...given.weights]);
      found.vertices.forEach((v, k) => given.weights[k]! > 0 && assertEquals(surfaceVertices[v], given.vertices[k]));
    }
    const uv = surfaceVertices.reduce((max, from, v) => {
      const away = [0, 1].map((k) => Math.abs(surface.uv[2 * v + k]! - wanted.surface.uv[2 * from + k]!));
      return Math.max(max, ...away);
    }, 0);
    assertAllClose([uv], [0], ROUNDING);
  },
});

Deno.test({
  name: "npzHead() takes the least that a model is, with landmarks as vertices, and numbers modes that have no names",
  ignore: !hasNumpy,
  fn: async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/face.npz`;
    const { mean, triangles, uv, uv_triangles, expression, surface } = linearArrays();
    const landmarks = { shape: [68], values: Uint32Array.from({ length: 68 }, (_, l) => l) };
    await writeNpz(path, { mean, triangles, uv, uv_triangles, expression, surface, landmarks } as never);
    const head = await readHead(path, {});
    assertEquals(Object.keys(head.expression!)[41], "expression 41");
    assertEquals([...head.landmarks!.outline!.vertices.subarray(6, 12)], [2, 2, 2, 3, 3, 3]);
    assertEquals([head.identity, head.license], [[], undefined]);
  },
});

Deno.test({
  name: "npzHead() names the array that is missing, or of another shape, kind or range",
  ignore: !hasNumpy,
  fn: async () => {
    await using folder = await temporaryFolder();
    const whole = linearArrays() as Record<string, Exclude<NumpyArray, string | readonly string[]>>;
    const of = (shape: number[], ...values: number[]) => ({ shape, values: Float64Array.from(values) });
    const changes: [string, NumpyArray | undefined, RegExp][] = [
      ["mean", undefined, /^Cannot find mean in .*bad\.npz: it has triangles, uv, /],
      ["mean", of([1, 2], 1, 2), /^Cannot use mean of .*bad\.npz: found \[1, 2\], wanted \[n, 3\] numbers$/],
      ["mean", of([1, 3], 1, NaN, 2), /found NaN at 1, wanted finite numbers$/],
      [
        "triangles",
        of([1, 3], 0, 1, 99_999),
        /triangles of .* found 99999 at 2, wanted whole numbers from 0 to 13857$/,
      ],
      ["triangles", of([1, 3], 0, 1, 1.5), /triangles of .* found 1.5 at 2/],
      ["uv_triangles", of([1, 3], 0, 1, 2), /uv_triangles of .* found \[1, 3\], wanted \[27126, 3\] numbers$/],
      [
        "identity",
        of([1, 2, 3], 1, 2, 3, 4, 5, 6),
        /identity of .* found \[1, 2, 3\], wanted \[i, 13858, 3\] numbers$/,
      ],
      ["expression_names", ["jawOpen"], /expression_names of .* found 1 texts, wanted 42$/],
      ["expression_names", of([1], 1), /Cannot use expression_names of .*: its items are of type <\w+, wanted texts$/],
      ["expression_names", Array(42).fill("a"), /expression_names of .* found one of them twice, wanted each once$/],
      ["landmarks", of([3], 1, 2, 3), /landmarks of .* found \[3\], wanted \[68, 3\] numbers$/],
      [
        "landmark_weights",
        of([68, 3], ...Array(204).fill(0.5)),
        /found 0.5, 0.5, 0.5, wanted shares from 0 that add up/,
      ],
      ["materials", Array(27126).fill("wood"), /materials of .* found "wood", wanted skin, sclera, /],
      ["v_template", of([1, 3], 1, 2, 3), /is of FLAME's kind, which `deno task prepare flame` takes$/],
    ];
    for (const [name, array, pattern] of changes) {
      const { [name]: _, ...rest } = whole;
      const path = `${folder.path}/bad.npz`;
      await writeNpz(path, array === undefined ? rest : { ...rest, [name]: array }, "savez");
      await assertThrows(() => readHead(path, {}), InputError, pattern);
    }
  },
});
