import { openBatches } from "@/lib/data/batches/batches.ts";
import { encodePositions, readLandmarks } from "@/lib/data/maps/position_map.ts";
import { openModel, openSource } from "@/lib/data/sources.ts";
import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { writeObjModel } from "@/lib/face/obj/obj_files.ts";
import { assert, assertAllClose, assertThrows } from "@/tests/support.ts";

Deno.test("openBatches() gives the samples of openSource(), encoded", async () => {
  const spec = { seed: 11, source: "procedural", sourcePath: "", imageSize: 64, augment: true } as const;
  const how = { split: "validation", batchSize: 6, workers: 2, encoding: "centered", overfitBatches: 0 } as const;
  using batches = openBatches({ ...spec, ...how, firstIndex: 2 });
  const { images, targets, landmarks } = (await batches.next())!;
  const source = await openSource(spec);
  const pixels = 3 * 64 * 64;
  for (const i of [5, 0, 3, 1]) {
    const sample = source.sample(12 + i, "validation");
    assertAllClose(images.subarray(i * pixels, (i + 1) * pixels), sample.image.rgb, 0);
    const encoded = encodePositions(sample.map.positions, { size: 64, encoding: "centered" });
    assertAllClose(targets.subarray(i * pixels, (i + 1) * pixels), encoded, 0);
    assertAllClose(landmarks.subarray(i * 204, (i + 1) * 204), sample.landmarks, 0);
  }
});

Deno.test("openModel() asks for ICT-FaceKit's folder where none is named", async () => {
  await assertThrows(() => openModel({ source: "ict", sourcePath: "" }), InputError, /--source-path/);
  await assertThrows(() => openModel({ source: "ict", sourcePath: "/nowhere" }), InputError, /\/nowhere/);
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
    const spec = { seed: 3, source: "obj", sourcePath: folder, imageSize: 64, augment: false } as const;
    const { image, map, landmarks } = (await openSource(spec)).sample(1, "train");
    const model = await openModel(spec);
    // as exact as the built-in face's at so few texels
    assertAllClose(readLandmarks(map, model.surface), landmarks, 1);
    const average = image.rgb.reduce((sum, value) => sum + value, 0) / image.rgb.length;
    const contrast = image.rgb.reduce((sum, value) => sum + Math.abs(value - average), 0) / image.rgb.length;
    assert(contrast > 5, `the image is flat: ${contrast}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("openModel() asks for an OBJ's folder where none is named", async () => {
  await assertThrows(() => openModel({ source: "obj", sourcePath: "" }), InputError, /--source-path .*face.json/);
});
