/** The page of `deno task prepare photos --choose` as people have it: in a browser. */
import type { Page } from "playwright-core";
import { decodePhoto } from "@/lib/data/files/images.ts";
import { listOwnPhotos } from "@/lib/data/sets/own_photos/listing.ts";
import { labelPhotos, PhotoStore } from "@/lib/data/store/photo_store.ts";
import { serveChoosing } from "@/tasks/prepare/choose_faces.ts";
import { chromiumPath, launchChromium } from "@/tasks/bench/chromium.ts";
import { labelerOf, photoFolder } from "@/tests/data/store/photo_folder.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";
import { Lines, runTaskChild, spawnTask } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";
import { fingersOn, type Place } from "@/tests/view/chromium.ts";

const names = ["anna", "bert", "<b>carl", "dora", "emil", "fred", "gina", "hans"];

async function labeledPhotos() {
  const photos = await photoFolder(names);
  const folder = `${photos.path}/store`;
  const labeler = await labelerOf(photos.path);
  const store = await labelPhotos(folder, await listOwnPhotos(photos.path), { labeler, license: "mine" });
  return { folder, store, [Symbol.asyncDispose]: () => photos[Symbol.asyncDispose]() };
}

async function openPage(store: PhotoStore, { width = 1200, height = 800 } = {}) {
  const saves: PhotoStore["choices"][] = [];
  const server = await serveChoosing(store, { port: 0, onSave: () => saves.push(store.choices) });
  const browser = await launchChromium();
  const page = await browser.newPage({ viewport: { width, height }, hasTouch: width < 500 });
  page.setDefaultTimeout(0);
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  const address = `http://127.0.0.1:${server.addr.port}/`;
  const load = async () => {
    await page.goto(address);
    await page.waitForSelector("body[data-ready]");
  };
  await load();
  return {
    page,
    address,
    saves,
    complaints,
    load,
    async [Symbol.asyncDispose]() {
      await browser.close();
      await server.shutdown();
    },
  };
}

function browserTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !chromiumPath, fn });
}

const texts = (page: Page, selector: string) => page.locator(selector).allTextContents();
const counts = async (page: Page) => (await texts(page, ".counts dd")).map(Number);
const focused = (page: Page) =>
  page.evaluate("document.activeElement.closest('li')?.querySelector('.caption span').title");
const states = (page: Page) =>
  page.evaluate("[...grid.children].map(({ dataset, hidden }) => hidden ? '' : dataset.state)");

browserTest(
  "the page shows labeled faces, worst fit first, and what is thrown out or beyond the limit is kept for trainings",
  async () => {
    await using labeled = await labeledPhotos();
    const { store } = labeled;
    const worst = store.faces.toSorted((a, b) => b.error - a.error);
    await using open = await openPage(store);
    const { page } = open;
    assertEquals(await texts(page, ".caption span"), worst.map(({ photo }) => photo));
    assertEquals([await counts(page), await page.isDisabled("#save"), await page.textContent("#save-text")], [
      [8, 0, 0],
      true,
      "Saved",
    ]);
    await page.locator(".face").nth(1).click();
    await page.locator(".face").nth(3).click();
    assertEquals(await counts(page), [6, 2, 0]);
    await page.locator(".face").nth(3).click(); // and back
    await page.locator("#limit").focus();
    await page.keyboard.press("ArrowLeft"); // from no limit: the worst goes
    await page.keyboard.press("ArrowLeft"); // the second is out already
    await page.keyboard.press("ArrowLeft");
    assertEquals(await counts(page), [5, 1, 2]);
    assertEquals((await states(page) as string[]).slice(0, 4), ["beyond", "out", "beyond", "used"]);
    await page.click("#save");
    await page.waitForSelector("#save:disabled");
    const choices = { mostError: worst[3]!.error, out: [worst[1]!.id] };
    assertEquals(open.saves, [choices]);
    assertEquals((await PhotoStore.open(labeled.folder)).choices, choices);
    assertEquals(store.chosen().map(({ id }) => id).sort(), worst.slice(3).map(({ id }) => id).sort());
    await open.load();
    assertEquals([await counts(page), await page.isDisabled("#save")], [[5, 1, 2], true]);

    await page.click('[data-filter="out"]');
    assertEquals((await states(page) as string[]).filter(Boolean), ["beyond", "out", "beyond"]);
    await page.selectOption("#order", "name");
    assertEquals(await texts(page, ".caption span"), store.faces.map(({ photo }) => photo));
    assertEquals(open.complaints, []);
  },
);

browserTest(
  "the page works by keyboard alone: faces are reached, thrown out, taken back, looked at and saved",
  async () => {
    await using labeled = await labeledPhotos();
    const worst = labeled.store.faces.toSorted((a, b) => b.error - a.error);
    await using open = await openPage(labeled.store);
    const { page } = open;
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.locator(".face").first().focus();
    await press("ArrowRight", "ArrowRight");
    assertEquals(await focused(page), worst[2]!.photo);
    await press("Space", "ArrowLeft", "x");
    assertEquals((await states(page) as string[]).slice(0, 4), ["used", "out", "out", "used"]);
    await press("u");
    assertEquals((await states(page) as string[]).slice(0, 4), ["used", "used", "out", "used"]);
    await press("End");
    assertEquals(await focused(page), worst[7]!.photo);
    await press("Home", "ArrowDown");
    const columns = await page.evaluate("getComputedStyle(grid).gridTemplateColumns.split(' ').length") as number;
    assertEquals(await focused(page), worst[columns]!.photo);

    await press("Enter");
    assertEquals(await page.textContent("#closer-name"), worst[columns]!.photo);
    await press("ArrowRight", "Space");
    assertEquals(await page.textContent("#toggle-text"), "Take back");
    const drawn = await page.getAttribute("#closer-picture", "src");
    await press("3");
    assertEquals(await page.getAttribute("#closer-picture", "src"), drawn!.replace("landmarks", "photo"));
    await press("Escape");
    assertEquals(await focused(page), worst[columns + 1]!.photo);
    await press("s");
    await page.waitForSelector("#save:disabled");
    const saved = [[worst[2]!.id, worst[columns + 1]!.id].sort()];
    assertEquals(open.saves.map(({ out }) => [...out]), saved);

    const slow = Promise.withResolvers<void>();
    await page.route("**/save", (route) => slow.promise.then(() => route.continue()));
    for (const [key, at] of [["Home", 0], ["ArrowRight", 1]] as const) {
      await press(key, "x", "Control+s", "Control+s");
      saved.push([...saved.at(-1)!, worst[at]!.id].sort());
    }
    slow.resolve();
    await page.waitForSelector("#save:disabled");
    assertEquals(open.saves.map(({ out }) => [...out]), saved);
    await press("u", "u", "Control+s"); // as before
    await page.waitForSelector("#save:disabled");

    await page.click('[data-filter="used"]');
    await page.locator("li:not([hidden]) .face").first().focus();
    await press("Space");
    assertEquals(await focused(page), worst[1]!.photo); // what is shown no more leaves the focus to its neighbor
    assertEquals(open.complaints, []);
  },
);

/** Whether all controls are large enough for fingers, and those that do not scroll within the window. */
async function checkReach(page: Page, within: string): Promise<void> {
  const out = await page.evaluate(
    `[...document.querySelector("${within}").querySelectorAll("button, input, select")]
      .filter((one) => one.checkVisibility()).filter((one) => {
        const { left, right, top, bottom, height } = one.getBoundingClientRect();
        return left < 0 || right > innerWidth || height < 44 || !one.closest("#grid") && (top < 0 || bottom > innerHeight);
      }).map((one) => one.id || one.textContent)`,
  );
  assertEquals([within, out, await page.evaluate("document.body.scrollWidth <= innerWidth")], [within, [], true]);
}

browserTest(
  "a phone shows two faces a row, nothing beyond its edges, and controls large enough for fingers",
  async () => {
    await using labeled = await labeledPhotos();
    const { store } = labeled;
    await using open = await openPage(store, { width: 360, height: 740 });
    const { page } = open;
    await checkReach(page, "body");
    for (const order of ["best", "worst"]) await page.selectOption("#order", order);
    assertEquals(await page.evaluate("getComputedStyle(grid).gridTemplateColumns.split(' ').length"), 2);
    await page.locator(".face").first().tap();
    assertEquals(await counts(page), [7, 1, 0]);
    await page.locator(".look").nth(1).tap();
    await checkReach(page, "dialog");
    await page.tap("#toggle");
    await page.tap("#close");
    assertEquals(await counts(page), [6, 2, 0]);

    await page.setViewportSize({ width: 844, height: 390 });
    await checkReach(page, "body");
    await page.locator(".look").first().tap();
    await checkReach(page, "dialog");
  },
);

browserTest(
  "two fingers enlarge a face that is looked at, one moves it along, and a tap shows all of it again",
  async () => {
    await using labeled = await labeledPhotos();
    await using open = await openPage(labeled.store, { width: 360, height: 740 });
    const { page } = open;
    await page.locator(".look").first().tap();
    const { x, y, width } = (await page.locator("#frame").boundingBox())!;
    const pictureBox = async () => (await page.locator("#closer-picture").boundingBox())!;
    const fingers = await fingersOn(page);
    const at = (left: number, top: number): Place => [x + left * width, y + top * width];
    await fingers(at(0.4, 0.3), at(0.6, 0.3));
    await fingers(at(0.3, 0.4), at(0.7, 0.4));
    await fingers();
    const larger = await pictureBox();
    assertClose(larger.width, 2 * width, 1);
    assertClose(larger.x + larger.width * 0.5, x + 0.5 * width, 1); // what was between the fingers is there still
    assertClose(larger.y + larger.height * 0.3, y + 0.4 * width, 1);
    await fingers(at(0.5, 0.5));
    await fingers(at(0.6, 0.45));
    await fingers();
    const moved = await pictureBox();
    assertClose(moved.x, larger.x + 0.1 * width, 1);
    assertClose(moved.y, larger.y - 0.05 * width, 1);
    await page.tap("#frame");
    await page.waitForSelector("#frame:not([data-zoomed])");
    assertClose((await pictureBox()).width, width, 1);
    await page.tap("#frame");
    await page.waitForSelector("#frame[data-zoomed]");
    assert((await pictureBox()).width > 2 * width, "a tap does not enlarge it");
    await page.tap("#next");
    await page.waitForSelector("#frame:not([data-zoomed])");
    assertClose((await pictureBox()).width, width, 1);
    assertEquals(open.complaints, []);
  },
);

Deno.test("the page's server draws labels where faces are, keeps no face that there never was, and says so", async () => {
  await using labeled = await labeledPhotos();
  const { folder } = labeled, gone = `${"of a long name ".repeat(100)}.jpg#0`; // its photo was removed since
  const choices = { format: "posmap choices 1", mostError: null, out: [gone] };
  await Deno.writeTextFile(`${folder}/choices.json`, JSON.stringify(choices));
  const store = await PhotoStore.open(folder);
  await using server = await serveChoosing(store, { port: 0 });
  const address = `http://127.0.0.1:${server.addr.port}`;
  const pictureOf = async (view: string) =>
    await decodePhoto(await (await fetch(`${address}/faces/0/${view}.jpg`)).bytes());
  const photo = await pictureOf("photo");
  for (const view of ["landmarks", "mesh"]) {
    const { rgb, width } = await pictureOf(view);
    const changed = Array.from(rgb.keys()).filter((i) => Math.abs(rgb[i]! - photo.rgb[i]!) > 40);
    const isAside = (i: number) => Math.abs(Math.floor(i / 3) % width / width - 0.5) > 0.4;
    assertEquals([view, changed.length > 1000, changed.filter(isAside)], [view, true, []]);
  }
  for (const none of ["faces/8/photo.jpg", "faces/0/skull.jpg", "faces/-1/photo.jpg", "faces/0/photo.png"]) {
    const response = await fetch(`${address}/${none}`);
    assertEquals([none, response.status], [none, 404]);
    await response.body?.cancel();
  }
  const save = async (sent: unknown) => {
    const headers = { "content-type": "application/json", origin: address };
    const response = await fetch(`${address}/save`, { method: "POST", headers, body: JSON.stringify(sent) });
    return [response.status, (await response.text()).trim()];
  };
  assertEquals(await save({ mostError: null, out: ["otto.jpg#0"] }), [
    422,
    `Cannot leave out otto.jpg#0: ${folder} has no such face`,
  ]);
  for (const wrong of [null, {}, { mostError: "3", out: [] }, { mostError: null, out: [1] }]) {
    assertEquals(await save(wrong), [422, "Cannot keep this: a limit and a list of faces were expected"]);
  }
  assertEquals(store.choices, { mostError: null, out: [gone] });
  assertEquals(await save({ mostError: 3, out: [gone] }), [200, "{}"]);
});

Deno.test("deno task prepare photos --choose serves the page of labels that are there, says what was kept, and ends by a signal", async () => {
  await using labeled = await labeledPhotos();
  await using task = spawnTask("prepare", "photos", "--out", labeled.folder, "--choose", "--port", "0");
  const lines = new Lines(task.stdout);
  await lines.until(/\n/);
  const [, address] = /^(http:\/\/127\.0\.0\.1:\d+)\/ {2}\(Ctrl-C ends it\)\n$/.exec(lines.text)!;
  const headers = { "content-type": "application/json", origin: address! };
  const body = JSON.stringify({ mostError: null, out: [labeled.store.faces[0]!.id] });
  const response = await fetch(`${address}/save`, { method: "POST", headers, body });
  assertEquals([response.status, await response.json()], [200, {}]);
  await lines.until(/7 of 8 faces used\n/);
  task.kill("SIGINT");
  const [{ code }] = await Promise.all([task.status, lines.end(), task.stderr.cancel()]);
  assertEquals(code, 130);
});

Deno.test("deno task prepare photos --choose says in a sentence what it cannot show", async () => {
  await using folder = await temporaryFolder();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using labeled = await labeledPhotos();
  const port = String(taken.addr.port);
  const refused: [string[], RegExp][] = [
    [
      ["--out", `${folder.path}/none`, "--choose"],
      /^Cannot read .*none\/photos\.json: .*prepare photos` has made was exp/,
    ],
    [["--out", labeled.folder], /^Cannot label photos: a folder of photos was expected$/m],
    [["--out", labeled.folder, "--choose", "--port", "x"], /^Cannot listen on port x: --port takes a number/],
    [
      ["--out", labeled.folder, "--choose", "--port", port],
      /Cannot listen on 127\.0\.0\.1:\d+: .*; --port names another one/,
    ],
  ];
  for (const [flags, sentence] of refused) {
    const { code, stderr } = await runTaskChild("prepare", "photos", ...flags);
    assert(sentence.test(stderr), stderr);
    assertEquals(code, 2);
  }
});
