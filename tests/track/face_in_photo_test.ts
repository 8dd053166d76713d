import { landmarkCrop } from "@/lib/data/maps/crop.ts";
import { encodePng } from "@/lib/data/files/images.ts";
import { readAnnotatedPhoto } from "@/lib/data/sets/aflw2000.ts";
import { InputError } from "@/lib/errors.ts";
import { openFacePhoto } from "@/lib/track/face_in_photo.ts";
import { assertEquals, assertThrows, sharedData } from "@/tests/support.ts";
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
    const { landmarks } = await readAnnotatedPhoto(samples!, "image00050");
    assertEquals(crop, landmarkCrop(landmarks, { margin: 1.5 }));
  },
});
