/** The page of `deno task prepare mesh --pick`, in a browser. */
import type { Page } from "playwright-core";
import { chromiumPath, launchChromium } from "@/tasks/bench/chromium.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { headModel } from "@/lib/face/heads/head.ts";
import { readHead } from "@/lib/face/heads/head_file.ts";
import { eyeCornerDistance, type LandmarkConvention, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { readPreparedFace } from "@/lib/face/prepared_face.ts";
import { isThere } from "@/lib/files.ts";
import { distanceBetween, pointAt } from "@/lib/geometry/vectors.ts";
import { landmarkFile } from "@/tasks/prepare/prepare_head.ts";
import { glb, listedLandmarks } from "@/tests/face/heads/stand_ins.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { Lines, runTaskChild, spawnTask } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";
import { drawn, fingersOn, newPage, type Place } from "@/tests/view/chromium.ts";

/** A head with its landmarks, and the task that shows them. */
async function startPicking(folder: string) {
  const [head, marks, out] = ["head.glb", "marks.json", "head.model"].map((name) => `${folder}/${name}`) as [
    string,
    string,
    string,
  ];
  await Deno.writeFile(head, glb);
  await Deno.writeTextFile(
    marks,
    JSON.stringify({ outline: listedLandmarks("outline"), "300w-lp": listedLandmarks() }),
  );
  const task = spawnTask("prepare", "mesh", head, "--landmarks", marks, "--out", out, "--pick", "--port", "0");
  const stdout = new Lines(task.stdout), stderr = new Lines(task.stderr);
  await stdout.until(/\n/);
  return { task, stdout, stderr, out, address: /^(http:\/\/127\.0\.0\.1:\d+\/) {2}\(/.exec(stdout.text)![1]! };
}

/** The middle of a landmark's point on the screen. */
async function placeOf(page: Page, landmark: number): Promise<[number, number]> {
  const { x, y, width, height } = (await page.locator(`circle[data-landmark="${landmark}"]`).boundingBox())!;
  return [x + width / 2, y + height / 2];
}

async function drag(page: Page, landmark: number, [x, y]: readonly [number, number]): Promise<void> {
  await page.mouse.move(...await placeOf(page, landmark));
  await page.mouse.down();
  await page.mouse.move(x, y, { steps: 3 });
  await page.mouse.up();
  await drawn(page);
}

Deno.test({
  name:
    "deno task prepare mesh --pick has a person drag landmarks, mirror, undo, see what is wrong, and save a model of them",
  ignore: !chromiumPath,
  fn: async () => {
    await using folder = await temporaryFolder();
    const { task, stdout, stderr, out, address } = await startPicking(folder.path);
    await using browser = await launchChromium();
    const page = await newPage(browser, 1280);
    const wrong: string[] = [];
    page.on("pageerror", ({ message }) => wrong.push(message));
    page.on("request", (request) => request.url().startsWith(address) || wrong.push(request.url()));
    await page.goto(address);
    await page.waitForSelector('circle[data-landmark="67"][cx]');
    assertEquals(await page.locator("circle").count(), 68);
    const before = await Promise.all([36, 30, 45].map((landmark) => placeOf(page, landmark)));
    const [corner, tip, otherCorner] = before as [[number, number], [number, number], [number, number]];

    await drag(page, 30, [tip[0] + 30, tip[1] + 10]);
    const [x, y] = await placeOf(page, 30);
    assert(Math.hypot(x - tip[0] - 30, y - tip[1] - 10) < 2, `the tip of the nose is at ${x}, ${y}, from ${tip}`);
    await page.keyboard.press("Control+z");
    await drawn(page);
    assertEquals(await placeOf(page, 30), tip);
    assert(await page.locator("#undo").isDisabled());

    await drag(page, 36, [otherCorner[0] + 20, otherCorner[1]]); // past the other eye
    await page.click("#save");
    await page.waitForSelector("#status.failed");
    const said = await page.textContent("#status");
    assert(
      /^Cannot use .*head\.glb as a face: the eye on the viewer's left .* lies right of the other/.test(said!),
      said!,
    );
    assert(!await isThere(out));

    await page.click("#mirror-left"); // brings it back
    await drawn(page);
    assertEquals(await page.textContent("#status"), "");
    const [mx, my] = await placeOf(page, 36);
    assert(Math.hypot(mx - corner[0], my - corner[1]) < 3, `the corner is at ${mx}, ${my}, from ${corner}`);
    await page.selectOption("#convention", "outline");
    await page.click("#look-right");
    await drawn(page);
    const jaw = await placeOf(page, 4);
    await drag(page, 4, [jaw[0] + 25, jaw[1]]); // of one convention alone
    await page.click("#save");
    await page.waitForSelector('#status:has-text("is written")');
    assertEquals(wrong, []);

    const [{ code }] = await Promise.all([task.status, stdout.end(), stderr.end()]);
    assertEquals(code, 0);
    assert(
      /\n.*head\.model: 9054 vertices, 2 expressions; .*head\.model\.png shows its landmarks\n$/.test(stdout.text),
    );
    const { model } = await readPreparedFace(out);
    const { landmarks } = builtInFace().surface; // of the same vertices
    const moved = (convention: LandmarkConvention) => {
      const truth = valuesAt(landmarks[convention]!, model.mean);
      const found = valuesAt(meshLandmarks(model, (all) => all[convention]!), model.mean);
      const nearness = 0.03 * eyeCornerDistance(truth);
      return [...Array(68).keys()].filter((l) => distanceBetween(pointAt(truth, l), pointAt(found, l)) > nearness);
    };
    assertEquals([moved("outline"), moved("300w-lp")], [[4], []]);
    // what was placed is used again
    assertEquals(await landmarkFile({ out }, { print() {} }), `${out}.landmarks.json`);
    const head = await readHead(`${folder.path}/head.glb`, { landmarks: `${out}.landmarks.json` });
    assertEquals(headModel(head, head.landmarks!).surface.landmarks, model.surface.landmarks);
  },
});

Deno.test({
  name:
    "on a phone, --pick has all controls within reach: a finger takes the nearest landmark, two bring the head nearer",
  ignore: !chromiumPath,
  fn: async () => {
    await using folder = await temporaryFolder();
    const { task, stdout, stderr, address } = await startPicking(folder.path);
    await using browser = await launchChromium();
    for (const [width, height] of [[360, 640], [844, 390]] as const) {
      const context = await browser.newContext({ viewport: { width, height }, hasTouch: true, isMobile: true });
      const page = await context.newPage();
      page.setDefaultTimeout(0);
      await page.goto(address);
      await page.waitForSelector('circle[data-landmark="67"][cx]');
      const unreachable = await page.evaluate(
        `[...document.querySelectorAll("button, select, circle:not(.behind)")].filter((one) => {
          const { left, right, top, bottom, height } = one.getBoundingClientRect();
          return left < 0 || top < 0 || right > innerWidth || bottom > innerHeight || one.tagName !== "circle" && height < 44;
        }).map(({ id, dataset }) => id || dataset.landmark)`,
      );
      assertEquals([width, unreachable], [width, []]);
      const fingers = await fingersOn(page);
      const places = () => Promise.all([8, 30, 33].map((landmark) => placeOf(page, landmark)));
      const rest = await places() as [Place, Place, Place];

      const [x, y] = rest[0]; // of the chin, taken from below
      await fingers([x, y + 18]);
      await fingers([x + 6, y + 14]);
      await fingers([x + 12, y + 8]);
      await fingers();
      const [mx, my] = await placeOf(page, 8);
      assert(Math.hypot(mx - x - 12, my - y + 10) < 2, `the chin is at ${mx}, ${my}, from ${x}, ${y}`);
      assertEquals((await places()).slice(1), rest.slice(1)); // the head has not turned
      await page.tap("#undo");
      await drawn(page);
      assertEquals(await places(), rest);

      await fingers(rest[0]); // a tap chooses
      await fingers();
      assertEquals(await page.textContent("#selected"), "Landmark 8, jaw");
      assert(await page.locator("#undo").isDisabled());

      const [[, top], [, bottom]] = [rest[1], rest[2]];
      await fingers([rest[1][0], top]); // which is a landmark's, until there is a second one
      await fingers([rest[1][0], top - 5]);
      await fingers([rest[1][0], top - 5], [rest[2][0], bottom + 20]);
      await fingers([rest[1][0], top - 45], [rest[2][0], bottom + 60]);
      await fingers();
      assert(await page.locator("#undo").isDisabled());
      const near = await places() as [Place, Place, Place];
      const distance = ([, a, b]: [Place, Place, Place]) => Math.hypot(b[0] - a[0], b[1] - a[1]);
      assert(distance(near) > 1.3 * distance(rest), `${near} after ${rest}`);

      await page.tap("#look-front");
      await drawn(page);
      await fingers([15, height / 2]); // beside the head
      await fingers([45, height / 2]);
      await fingers([75, height / 2]);
      await fingers();
      const [tip, chin] = [await placeOf(page, 30), await placeOf(page, 8)];
      assert(Math.abs(tip[0] - chin[0]) > 3, `the head has not turned: ${tip}, ${chin}`);
      assert(await page.locator("#undo").isDisabled());
      await context.close();
    }
    task.kill("SIGINT");
    await Promise.all([task.status, stdout.end(), stderr.end()]);
  },
});

Deno.test({
  name: "deno task prepare mesh --pick ends by a signal without a model, and refuses a port that is none",
  ignore: !chromiumPath,
  fn: async () => {
    await using folder = await temporaryFolder();
    const { task, stdout, stderr, out } = await startPicking(folder.path);
    task.kill("SIGINT");
    const [{ code }] = await Promise.all([task.status, stdout.end(), stderr.end()]);
    assertEquals([code, await isThere(out)], [130, false]);
    const refused = await runTaskChild(
      "prepare",
      "mesh",
      `${folder.path}/head.glb`,
      "--out",
      out,
      "--pick",
      "--port",
      "70000",
    );
    assertEquals(refused.code, 2);
    assert(
      /Cannot listen on port 70000: --port takes a number from 0 to 65535\n$/.test(refused.stderr),
      refused.stderr,
    );
  },
});
