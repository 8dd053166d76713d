import { InputError } from "@/lib/errors.ts";
import { type AnnotatedPhoto, listAnnotated, readAnnotation } from "@/lib/data/sets/annotated.ts";
import { encodeJpeg, encodePng } from "@/lib/data/files/images.ts";
import { matNumbers, readMat } from "@/lib/formats/mat.ts";
import { annotationFile, facePoints } from "@/tests/data/sets/annotation_writer.ts";
import { readAnnotated } from "@/tests/data/sets/read_annotated.ts";
import { assert, assertAllClose, assertEquals, assertThrows, FLOAT32_TOLERANCE, sharedData } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const samples = sharedData("aflw2000-3d/samples");

Deno.test({
  name: "readAnnotatedPhoto() gives photos with landmarks in image space",
  ignore: !samples,
  fn: async () => {
    const names = [];
    for await (const { name, photo, landmarks, pose, box } of readAnnotated(samples!)) {
      names.push(name);
      assertEquals([photo.width, photo.height, landmarks.length], [450, 450, 204]);
      const [x, y, z] = [0, 1, 2].map((axis) => (landmark: number) => landmarks[3 * landmark + axis]!);
      assert(box.left >= 0 && box.left + box.width <= 450 && box.top >= 0 && box.top + box.height <= 450);
      assert(y!(8) > y!(30) && y!(30) > y!(27), "the chin is below the nose's tip, and that below its root");
      assert(2 * z!(30) > z!(0) + z!(16), "the nose is nearer than the middle of the ears");
      assert(x!(45) > x!(36) || Math.abs(pose.yaw) > 1.5, "the subject's left eye is on the image's right");
      // At positive yaw the face turns to the image's left, and the nose lies left of the middle of the jaw's ends.
      const lean = (x!(0) + x!(16)) / 2 - x!(30);
      assert(Math.abs(pose.yaw) < 0.3 || Math.sign(lean) === Math.sign(pose.yaw), `${name}: ${lean} at ${pose.yaw}`);
    }
    const photos = [...Deno.readDirSync(samples!)].filter(({ name }) => name.endsWith(".jpg"));
    assertEquals(names, photos.map(({ name }) => name.slice(0, -4)).sort());
  },
});

Deno.test({
  name: "readAnnotatedPhoto()'s landmarks lie half a pixel before MATLAB's, whose first pixel is 1",
  ignore: !samples,
  fn: async () => {
    // Measured: with pixels numbered from 1, what people marked in AFLW's own photo goes back to whole pixels of it.
    let [whole, seen] = [0, 0];
    for await (const { name, landmarks } of readAnnotated(samples!)) {
      const path = `${samples}/${name}.mat`;
      const variables = await readMat(path);
      const points = matNumbers(variables, { name: "pt2d", shape: [2, 21], path });
      const points3d = matNumbers(variables, { name: "pt3d_68", shape: [3, 68], path });
      assertAllClose(landmarks, points3d.map((value, i) => i % 3 === 2 ? value : value - 0.5), 1e-4);
      const [left, , right] = matNumbers(variables, { name: "roi", shape: [1, 4], path });
      for (const x of points.filter((coordinate, i) => i % 2 === 0 && coordinate > 0)) { // -1: not visible
        const original = (x - 1) * (right! - left! + 1) / 450;
        whole += Math.abs(original - Math.round(original)) < 1e-6 ? 1 : 0;
        seen++;
      }
    }
    assert(whole > 0.9 * seen, `${whole} of ${seen}`);
  },
});

Deno.test("listAnnotated() names what lacks its partner, and a folder that is missing or has none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assertThrows(() => listAnnotated(folder), InputError, /^Found no \.jpg in .*: .*expected$/);
    await Deno.writeTextFile(`${folder}/b.jpg`, "");
    await assertThrows(() => listAnnotated(folder), InputError, /b\.jpg without its partner: b\.mat was expected/);
    await Deno.writeTextFile(`${folder}/b.mat`, "");
    await Deno.writeTextFile(`${folder}/a.mat`, "");
    await assertThrows(() => listAnnotated(folder), InputError, /a\.mat without its partner: a\.jpg was expected/);
    await Deno.writeTextFile(`${folder}/a.jpg`, "");
    assertEquals((await listAnnotated(folder)).map(({ name }) => name), ["a", "b"]);
    await assertThrows(() => readAnnotated(folder).next(), InputError, /a\.mat: it has 0 bytes/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await assertThrows(() => listAnnotated("/nowhere"), InputError, /^Cannot list \/nowhere: /);
});

Deno.test("readAnnotatedPhoto() takes .JPG, .jpeg and .png in any case, and passes over files that begin with a dot", async () => {
  await using folder = await temporaryFolder();
  const photo = { width: 12, height: 10, rgb: new Uint8Array(360).fill(90) };
  const names = ["a.JPG", "b.jpeg", "c.Png", "d.e.jpg"];
  for (const name of names) {
    const bytes = /png/i.test(name) ? await encodePng(photo) : await encodeJpeg(photo);
    await Deno.writeFile(`${folder.path}/${name}`, bytes);
    const mat = name.replace(/[^.]+$/, name === "a.JPG" ? "MAT" : "mat");
    await Deno.writeFile(`${folder.path}/${mat}`, annotationFile({ pt3d_68: facePoints(3) }));
  }
  for (const name of ["._a.jpg", ".mat", ".jpg", "notes.txt"]) await Deno.writeTextFile(`${folder.path}/${name}`, "");
  const read = await Array.fromAsync(readAnnotated(folder.path));
  assertEquals(read.map(({ name }) => name), ["a", "b", "c", "d.e"]);
  for (const { landmarks } of read) {
    assertAllClose(landmarks, facePoints(3).map((value, i) => i % 3 === 2 ? value : value - 0.5), FLOAT32_TOLERANCE);
  }
  await Deno.writeFile(`${folder.path}/a.png`, await encodePng(photo));
  await assertThrows(() => listAnnotated(folder.path), InputError, /both a\.(JPG|png) and a\.(JPG|png) are there/);
});

Deno.test("readAnnotation() reads 300W-LP's landmarks, which have no depths, and takes another's file for none", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/x.mat`;
  const read = async (points: Parameters<typeof annotationFile>[0]) => {
    await Deno.writeFile(path, annotationFile(points));
    return await readAnnotation(path);
  };
  const { landmarks, pose } = (await read({ pt2d: facePoints(2) }))!;
  assertEquals([pose.pitch, pose.yaw], [0.1, 0.9]);
  assertAllClose(landmarks.filter((_, i) => i % 3 !== 2), facePoints(2).map((value) => value - 0.5), FLOAT32_TOLERANCE);
  assert(landmarks.every((value, i) => Number.isNaN(value) === (i % 3 === 2)));
  assertEquals((await read({ pt2d: facePoints(2), pt3d_68: facePoints(3) }))!.landmarks[2], 1);
  for (const points of [{}, { pt2d: new Array(3 * 68).fill(1) }]) assertEquals(await read(points), undefined);
});

const unlabeled: [string, number[], RegExp][] = [
  ["zeros", new Array(204).fill(0), /68 of 68 are not labeled/],
  ["a few that are (-1, -1)", facePoints(3).map((value, i) => i < 9 ? -1 : value), /3 of 68 are not labeled/],
  ["one point", facePoints(3).map((_, i) => [40, 50, 60][i % 3]!), /all lie on a line or a point/],
  ["a slanting line", facePoints(3).map((_, i) => [40, 50, 0][i % 3]! + [3, 2, 1][i % 3]! * i), /all lie on a line/],
];
for (const [what, points, message] of unlabeled) {
  Deno.test(`readAnnotation() refuses landmarks that are ${what}, and names the file`, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeFile(`${folder.path}/x.mat`, annotationFile({ pt3d_68: points }));
    const error = await assertThrows(() => readAnnotation(`${folder.path}/x.mat`), InputError, message);
    assert(error.message.includes(`${folder.path}/x.mat`));
  });
}

const real300wLp = sharedData("300w-lp");

Deno.test({
  name: "readAnnotatedPhoto() reads a real photo of 300W-LP, its landmarks within the picture",
  ignore: !real300wLp,
  fn: async () => {
    const [{ photo, landmarks, pose, box }] = await Array.fromAsync(readAnnotated(real300wLp!)) as [AnnotatedPhoto];
    assert(box.left > 0 && box.top > 0 && box.left + box.width < photo.width && box.top + box.height < photo.height);
    const [x, y] = [0, 1].map((axis) => (landmark: number) => landmarks[3 * landmark + axis]!);
    assert(y!(8) > y!(30) && y!(30) > y!(27) && x!(45) > x!(36));
    assertEquals(Math.sign((x!(0) + x!(16)) / 2 - x!(30)), Math.sign(pose.yaw));
  },
});
