import sharp from "sharp";
import { landmarkCrop } from "@/lib/data/maps/crop.ts";
import { encodePng } from "@/lib/data/files/images.ts";
import { readAnnotatedPhoto, readAnnotation } from "@/lib/data/sets/annotated.ts";
import { InputError } from "@/lib/errors.ts";
import { openFacePhoto } from "@/lib/track/face_in_photo.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows, sharedData } from "@/tests/support.ts";
import { matFile, matHeader } from "@/tests/data/files/mat_writer.ts";
import { annotationFile, facePoints } from "@/tests/data/sets/annotation_writer.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

async function writePhoto(path: string, width: number, height: number): Promise<void> {
  await Deno.writeFile(path, await encodePng({ width, height, rgb: new Uint8Array(3 * width * height).fill(90) }));
}

Deno.test("openFacePhoto() takes a square photo whole, and says of another that it cannot tell where the face is", async () => {
  await using folder = await temporaryFolder();
  await writePhoto(`${folder.path}/square.png`, 20, 20);
  await writePhoto(`${folder.path}/wide.png`, 30, 20);
  const { photo, crop } = await openFacePhoto(`${folder.path}/square.png`, { margin: 1.5 });
  assertEquals([photo.width, crop], [20, { left: 0, top: 0, side: 20 }]);
  const wide = () => openFacePhoto(`${folder.path}/wide.png`, { margin: 1.5 });
  await assertThrows(wide, InputError, /Cannot tell where the face is in .*wide\.png \(30 × 20 pixels\).*--crop/);
  await assertThrows(
    () => openFacePhoto(`${folder.path}/none.jpg`, { margin: 1.5 }),
    InputError,
    /Cannot read .*none\.jpg/,
  );
});

const samples = sharedData("aflw2000-3d/samples");

Deno.test({
  name: "openFacePhoto() crops a photo of AFLW2000-3D by its landmarks, as evaluation does",
  ignore: samples === undefined,
  async fn() {
    const { crop } = await openFacePhoto(`${samples}/image00050.jpg`, { margin: 1.5 });
    const { landmarks } = (await readAnnotation(`${samples}/image00050.mat`))!;
    assertEquals(crop, landmarkCrop(landmarks, { margin: 1.5 }));
  },
});

Deno.test("openFacePhoto() passes over a .mat that has nothing to do with faces, and refuses a face's that is cut", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/square.PNG`;
  await writePhoto(path, 20, 20);
  const open = () => openFacePhoto(path, { margin: 1.5 });
  const other = { name: "x", classNumber: 6, shape: [1, 1], values: [1], dataType: 9 };
  const header = matHeader({ little: true });
  header.set([0x00, 0x02], 124); // version 7.3
  for (
    const foreign of [
      matFile([other], { little: true, compressed: true }),
      header,
      new TextEncoder().encode("# Created by Octave 9.2\n"),
    ]
  ) {
    await Deno.writeFile(`${folder.path}/square.mat`, foreign);
    assertEquals((await open()).crop, { left: 0, top: 0, side: 20 });
  }
  const face = annotationFile({ pt2d: facePoints(2) });
  await Deno.writeFile(`${folder.path}/square.mat`, face);
  assertEquals((await open()).crop.side < 20, true);
  await Deno.writeFile(`${folder.path}/square.mat`, face.subarray(0, -9));
  await assertThrows(open, InputError, /square\.mat: it ends inside/);
});

Deno.test("openFacePhoto() gives the crop in the photo's own pixels where a large photo is reduced", async () => {
  await using folder = await temporaryFolder();
  const wide = sharp({ create: { width: 8192, height: 4096, channels: 3, background: "gray" } });
  await Deno.writeFile(`${folder.path}/wide.jpg`, await wide.jpeg().toBuffer());
  const path = `${folder.path}/wide.jpg`;
  const given = { left: 100, top: 50, side: 2000 };
  const { photo, crop } = await openFacePhoto(path, { margin: 1.5, crop: given });
  const scale = photo.width / 8192;
  assert(scale < 0.75 && scale > 0.7);
  for (const key of ["left", "top", "side"] as const) assertClose(crop[key], given[key] * scale, 0.5);
  await assertThrows(() => openFacePhoto(path, { margin: 1.5 }), InputError, /\(8192 × 4096 pixels\)/);
  await Deno.writeFile(`${folder.path}/wide.mat`, annotationFile({ pt3d_68: facePoints(3, 20) }));
  const found = (await openFacePhoto(path, { margin: 1.5 })).crop;
  const { landmarks } = (await readAnnotation(`${folder.path}/wide.mat`))!;
  const annotated = await readAnnotatedPhoto({ name: "wide", photoPath: path, matPath: `${folder.path}/wide.mat` });
  assertAllClose(annotated.landmarks, landmarks.map((value) => value * scale), 1e-3);
  assertClose(found.side, landmarkCrop(landmarks, { margin: 1.5 }).side * scale, 0.5);
});
