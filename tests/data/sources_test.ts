import { openBatches } from "@/lib/data/batches.ts";
import { encodePositions } from "@/lib/data/position_map.ts";
import { openModel, openSource } from "@/lib/data/sources.ts";
import { InputError } from "@/lib/errors.ts";
import { assertAllClose, assertThrows } from "@/tests/support.ts";

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
