import { openBatches } from "@/lib/data/batches/batches.ts";
import { encodePositions, readLandmarks } from "@/lib/data/maps/position_map.ts";
import { ictDownload, ictFiles } from "@/lib/data/sets/ict_facekit.ts";
import { source300wLp } from "@/lib/data/sources/300w_lp.ts";
import { openSource } from "@/lib/data/sources/open_source.ts";
import type { Source, SourceSpec } from "@/lib/data/sources/source.ts";
import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { writeObjModel } from "@/lib/face/obj/obj_files.ts";
import { assert, assertAllClose, assertEquals, assertThrows, withEnvironment } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("openBatches() gives the samples of openSource(), encoded", async () => {
  const spec = { seed: 11, source: { name: "built-in" }, imageSize: 64, augment: true };
  const how = { split: "validation", batchSize: 6, workers: 2, encoding: "centered", overfitBatches: 0 } as const;
  using batches = openBatches({ ...spec, ...how, firstIndex: 2 });
  const { images, targets, landmarks } = (await batches.next())!;
  const source = await openSource(spec);
  const pixels = 3 * 64 * 64;
  for (const i of [5, 0, 3, 1]) {
    const sample = await source.sample(12 + i, "validation");
    assertAllClose(images.subarray(i * pixels, (i + 1) * pixels), sample.image.rgb, 0);
    const encoded = encodePositions(sample.map.positions, { size: 64, encoding: "centered" });
    assertAllClose(targets.subarray(i * pixels, (i + 1) * pixels), encoded, 0);
    assertAllClose(landmarks.subarray(i * 204, (i + 1) * 204), sample.landmarks, 0);
  }
});

function open(source: SourceSpec["source"]): Promise<Source> {
  return openSource({ source, seed: 3, imageSize: 64, augment: false });
}

Deno.test("openSource() names the sources that there are, and what one of them misses or cannot have", async () => {
  const refused = [
    [
      { name: "paintings" },
      /Cannot open the source "paintings": the sources are built-in, ict, model, obj, 300w-lp, store, photos$/,
    ],
    [{ name: "toString" }, /Cannot open the source "toString"/],
    [{ name: "built-in", path: "a" }, /the source built-in: it takes no --source-path, which was given$/],
    [{ name: "built-in", model: "a" }, /the source built-in: it takes no --source-model, which was given$/],
    [
      { name: "built-in", path: "a", model: "a" },
      /: it takes no --source-path and no --source-model, which were given$/,
    ],
    [{ name: "obj", path: "a", size: 3 }, /the source obj: it takes no --source-size, which was given$/],
    [{ name: "ict" }, /the source ict: --source-path was not given, ICT-FaceKit's folder FaceXModel is wanted; `deno/],
    [{ name: "ict", path: "/nowhere" }, /\/nowhere/],
    [{ name: "obj" }, /the source obj: --source-path .*face\.json/],
  ] as const;
  await using empty = await temporaryFolder();
  await withEnvironment({ POSMAP_CACHE: empty.path }, async () => {
    for (const [source, message] of refused) await assertThrows(() => open(source), InputError, message);
  });
});

Deno.test("openSource() finds ICT-FaceKit where it was downloaded, once all of it is there", async () => {
  await using cache = await temporaryFolder();
  await withEnvironment({ POSMAP_CACHE: cache.path }, async () => {
    const folder = await ictDownload();
    await Deno.mkdir(folder, { recursive: true });
    for (const [name, { bytes }] of Object.entries((await ictFiles()).files)) {
      await assertThrows(() => open({ name: "ict" }), InputError, /--source-path was not given/);
      await Deno.writeFile(`${folder}/${name}`, new Uint8Array());
      await Deno.truncate(`${folder}/${name}`, bytes); // of the right size, all zeros
    }
    const error = await assertThrows(() => open({ name: "ict" }), InputError, /vertex_indices\.json/);
    assert(error.message.includes(folder), error.message);
  });
});

Deno.test("openSource() draws any OBJ's face, skin alone, and its map is where the face is", async () => {
  const { surface, surfaceVertices, mean, name } = builtInFace();
  const folder = await Deno.makeTempDir();
  try {
    // the surface alone: a mask without eyes, ears and hair's skull
    await writeObjModel({
      name,
      mean,
      identityModes: [],
      expressionModes: [],
      expressionNames: [],
      triangles: surface.triangles.map((vertex) => surfaceVertices[vertex]!),
      materials: new Uint8Array(surface.triangles.length / 3),
      surface,
      surfaceVertices,
    }, folder);
    const source = await open({ name: "obj", path: folder });
    const { image, map, landmarks } = await source.sample(1, "train");
    // as exact as the built-in face's at so few texels
    assertAllClose(readLandmarks(map, source.surface), landmarks, 1);
    const average = image.rgb.reduce((sum, value) => sum + value, 0) / image.rgb.length;
    const contrast = image.rgb.reduce((sum, value) => sum + Math.abs(value - average), 0) / image.rgb.length;
    assert(contrast > 5, `the image is flat: ${contrast}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a source's fingerprint is another where a file's content is, though neither size nor time of change is", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeObjModel({ ...builtInFace(), identityModes: [], expressionModes: [], expressionNames: [] }, folder);
    const fingerprint = async (path = folder) => await (await open({ name: "obj", path })).fingerprint();
    const [file, moved] = [`${folder}/head.obj`, `${folder}/moved`];
    const [before, text, { atime, mtime }] = [
      await fingerprint(),
      await Deno.readTextFile(file),
      await Deno.stat(file),
    ];
    const write = async (content: string) => {
      await Deno.writeTextFile(file, content);
      await Deno.utime(file, atime!, mtime!);
    };
    await write(text.replace(/^(vt \S+ \d\.)(\d)/m, (_, start, digit) => start + (9 - digit)));
    assert(await fingerprint() !== before, "the change went unseen");
    await write(text);
    assertEquals(await fingerprint(), before);
    await Deno.mkdir(moved);
    for (const name of ["face.json", "head.obj"]) await Deno.copyFile(`${folder}/${name}`, `${moved}/${name}`);
    assertEquals(await fingerprint(moved), before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("source300wLp refuses a setting that it does not take as all sources do", async () => {
  const source = { name: "300w-lp", path: "a", model: "b", size: 3 };
  await assertThrows(
    () => source300wLp.open({ source, seed: 3, imageSize: 64, augment: false }),
    InputError,
    /^Cannot open the source 300w-lp: it takes no --source-size, which was given$/,
  );
});
