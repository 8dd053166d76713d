import { InputError } from "@/lib/errors.ts";
import { listAflw2000, readAflw2000 } from "@/lib/data/sets/aflw2000.ts";
import { matNumbers, readMat } from "@/lib/data/files/mat.ts";
import { assert, assertAllClose, assertEquals, assertThrows, sharedData } from "@/tests/support.ts";

const samples = sharedData("aflw2000-3d/samples");

Deno.test({
  name: "readAflw2000() gives photos with landmarks in image space",
  ignore: !samples,
  fn: async () => {
    const names = [];
    for await (const { name, photo, landmarks, pose, box } of readAflw2000(samples!)) {
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
    assertEquals(
      names,
      [...Deno.readDirSync(samples!)].map(({ name }) => name.slice(0, -4)).sort().filter((_, i) => i % 2),
    );
  },
});

Deno.test({
  name: "readAflw2000()'s landmarks lie half a pixel before MATLAB's, whose first pixel is 1",
  ignore: !samples,
  fn: async () => {
    // Measured: with pixels numbered from 1, what people marked in AFLW's own photo goes back to whole pixels of it.
    let [whole, seen] = [0, 0];
    for await (const { name, landmarks } of readAflw2000(samples!)) {
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

Deno.test("listAflw2000() names what lacks its partner, and a folder that is missing or has none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assertThrows(() => listAflw2000(folder), InputError, /^Found no \.jpg in .*: .*expected$/);
    await Deno.writeTextFile(`${folder}/b.jpg`, "");
    await assertThrows(() => listAflw2000(folder), InputError, /b\.jpg without its partner: b\.mat was expected/);
    await Deno.writeTextFile(`${folder}/b.mat`, "");
    await Deno.writeTextFile(`${folder}/a.mat`, "");
    await assertThrows(() => listAflw2000(folder), InputError, /a\.mat without its partner: a\.jpg was expected/);
    await Deno.writeTextFile(`${folder}/a.jpg`, "");
    assertEquals(await listAflw2000(folder), ["a", "b"]);
    await assertThrows(() => readAflw2000(folder).next(), InputError, /a\.mat: it has 0 bytes/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await assertThrows(() => listAflw2000("/nowhere"), InputError, /^Cannot list \/nowhere: /);
});
