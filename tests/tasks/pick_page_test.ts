/** The page of `deno task prepare mesh --pick`, in a browser. */
import type { Page } from "playwright-core";
import { builtInFace } from "@/lib/face/built_in.ts";
import { headModel } from "@/lib/face/heads/head.ts";
import { readHead } from "@/lib/face/heads/head_file.ts";
import { eyeCornerDistance, type LandmarkConvention, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { readPreparedFace } from "@/lib/face/prepared_face.ts";
import { isThere } from "@/lib/files.ts";
import { distanceBetween, pointAt } from "@/lib/geometry/vectors.ts";
import { glb, listedLandmarks } from "@/tests/face/heads/stand_ins.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { Lines, runTaskChild, spawnTask } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";
import { chromiumPath, launchChromium, newPage } from "@/tests/view/chromium.ts";

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

const drawn = (page: Page) =>
  page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");

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
    // what was placed can be used again
    const head = await readHead(`${folder.path}/head.glb`, { landmarks: `${out}.landmarks.json` });
    assertEquals(headModel(head, head.landmarks!).surface.landmarks, model.surface.landmarks);
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
