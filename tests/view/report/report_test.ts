import type { Browser, Page } from "playwright-core";
import { resolveConfig } from "@/lib/config.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import type { ExpressionErrors } from "@/lib/evaluate/expression_errors.ts";
import type { JudgedFace } from "@/lib/evaluate/mapped_faces.ts";
import { chromiumPath, launchChromium } from "@/tasks/bench/chromium.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import type { MetricsRow } from "@/lib/train/run_folder.ts";
import type { Photo } from "@/lib/types.ts";
import { pictureErrors } from "@/lib/view/evaluation/error_pictures.ts";
import { ErrorTable } from "@/lib/view/evaluation/error_table.ts";
import { renderReport, type ReportContent } from "@/lib/view/report/report.ts";
import { joinPhotos } from "@/lib/view/drawing/join_photos.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { openOffline } from "@/tests/view/chromium.ts";
import { difference, screenshot } from "@/tests/view/screenshot.ts";

const SIZE = 128;

const model = builtInFace();
/** Faces that look to the front, the right and far to the left. */
const faces: JudgedFace[] = [0, 1, 2].map((index) => {
  const sample = drawnSource(model, { seed: 7, imageSize: 64, augment: false }).sample(index, "validation");
  return { ...sample, yaw: [0.1, 0.7, -1.4][index]!, prediction: sample.map };
});

const evaluation: Evaluation = {
  images: 1234,
  people: 155,
  imagesWithDepth: 1234,
  nme68_2d: { mean: 3.456, balanced: 4.5678, bins: { "0-30": 2.5, "30-60": 5.125, "60-90": null }, interval: [4, 7] },
  nme68_3d: { mean: 5.5, balanced: 6.25, bins: { "0-30": 4.75, "30-60": 7.1, "60-90": null }, interval: [4, 7] },
  nme51_2d: { mean: 5.5, balanced: 6.25, bins: { "0-30": 4.75, "30-60": 7.1, "60-90": null }, interval: [4, 7] },
  jaw17_2d: { mean: 5.5, balanced: 6.25, bins: { "0-30": 4.75, "30-60": 7.1, "60-90": null }, interval: [4, 7] },
  baseline: {
    nme68_2d: { mean: 20.254, balanced: 22.2, bins: { "0-30": 15.5, "30-60": 24.9, "60-90": null }, interval: [4, 7] },
    nme68_3d: { mean: 26.4, balanced: 29.8, bins: { "0-30": 18.8, "30-60": 32.3, "60-90": null }, interval: [4, 7] },
  },
};

const amounts = { rmse: 0.1, rmseOfMean: 0.2, explained: 0.75 };
/** Of a network that says expressions. */
const expressions: ExpressionErrors = {
  ...amounts,
  each: [{ ...amounts, name: "jawOpen" }],
  video: {
    framesPerSecond: 30,
    curves: ["blink", "jaw"].map((name) => ({ ...amounts, name, truth: [0, 1, 0, 0.5], found: [0, 0.8, 0.2, 0.1] })),
  },
};

/** A run of 300 steps whose loss falls by two orders of magnitude. */
const metrics: MetricsRow[] = Array.from({ length: 300 }, (_, i) => {
  const step = i + 1;
  const loss = 0.2 * Math.exp(-step / 65) * (1 + 0.3 * Math.sin(37 * step));
  const row = { step, "train/loss": loss };
  if (step % 100 !== 0) return row;
  return {
    ...row,
    "validation/loss": 0.9 * loss,
    "validation/nme68_2d": 1800 / step,
    "validation/nme68_3d": 2400 / step,
  };
});

const errors = await pictureErrors(faces, model);

function reportContent(more: Partial<Evaluation> = {}): ReportContent {
  const { image: photo, map } = drawnSource(model, { seed: 7, imageSize: SIZE, augment: false }).sample(5, "test");
  const triple = joinPhotos([photo, photo, photo]);
  return {
    title: 'A <run> & "more"',
    summary: "Made up </script>.",
    config: resolveConfig("quick", { learningRate: 0.002 }),
    metrics,
    evaluation: { ...evaluation, ...more },
    triples: { maps: [triple, triple], masks: [triple, triple] },
    errors,
    face: { photo, map, surface: model.surface },
  };
}

/** The report on a screen of this width in pixels, as soon as it has drawn itself. */
async function withReport(
  browser: Browser,
  width: number,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "posmap report " });
  try {
    const html = await renderReport(reportContent({ expressions }));
    assert(html.length < 5_000_000, `The report has ${html.length} characters`);
    const file = `${await Deno.realPath(folder)}/report.html`;
    await Deno.writeTextFile(file, html);
    const { page, complaints } = await openOffline(browser, { file: encodeURI(file), width });
    await page.waitForSelector("body[data-ready]");
    await look(page);
    assertEquals(complaints, { errors: [], requests: [] });
    await page.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Share of the pixels that differ by more than noise from the first one. */
function drawnShare({ rgb }: Photo): number {
  let count = 0;
  for (let i = 0; i < rgb.length; i += 3) {
    if ([0, 1, 2].some((c) => Math.abs(rgb[i + c]! - rgb[c]!) > 16)) count++;
  }
  return count / (rgb.length / 3);
}

async function textOf(page: Page, selector: string): Promise<string[]> {
  return (await page.locator(selector).allInnerTexts()).map((text) => text.trim());
}

async function checkText(page: Page): Promise<void> {
  assertEquals(await page.title(), 'A <run> & "more"');
  assertEquals(await textOf(page, "h1"), ['A <run> & "more"']);
  assertEquals((await textOf(page, ".result"))[0]!.match(/[\d.]+ %| \d+ /g), ["3.46 %", " 1234 ", " 155 ", "20.25 %"]);
  const shown = await textOf(page, "section:nth-of-type(1) .numbers td");
  assertEquals(shown.slice(0, 6), ["3.46", "4.00–7.00", "4.57", "2.50", "5.13", "–"]);
  assertEquals(shown, new ErrorTable(evaluation).cells.slice(1).flatMap((row) => row.slice(1)));
  const settings = Object.fromEntries(
    (await textOf(page, ".settings div")).map((row) => row.split(/\s+/) as [string, string]),
  );
  assertEquals(settings["learningRate"], "0.002");
  assertEquals(settings["source"], "built-in");
}

async function checkPictures(page: Page): Promise<void> {
  const sizes = await page.locator("img[src^='data:image/jpeg']").evaluateAll((images) =>
    (images as unknown as { naturalWidth: number; naturalHeight: number; alt: string }[])
      .map(({ naturalWidth, naturalHeight, alt }) => [naturalWidth, naturalHeight, alt.length > 0])
  );
  assertEquals(sizes, [...Array.from({ length: 4 }, () => [3 * SIZE + 8, SIZE, true]), [4 * SIZE, 4 * SIZE, true]]);
}

async function checkDrawings(page: Page): Promise<void> {
  const names = await page.locator("img[src^='data:image/svg']").evaluateAll((images) =>
    (images as unknown as { naturalWidth: number; alt: string }[]).filter(({ naturalWidth }) => naturalWidth > 300)
      .map(({ alt }) => alt.split(/[\s,]/)[0])
  );
  assertEquals(names, ["68", "Best"]);
}

async function checkMesh(page: Page): Promise<void> {
  const before = await screenshot(page, "#mesh");
  assert(drawnShare(before) > 0.1, `The mesh covers ${drawnShare(before)} of its picture`);
  assert(drawnShare(before) < 0.8);
  const { x, y, width, height } = (await page.locator("#mesh").boundingBox())!;
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width / 2 + 60, y + height / 2, { steps: 6 });
  await page.mouse.up();
  const after = await screenshot(page, "#mesh");
  assert(difference(before, after) > 2, `Dragging changed the picture by ${difference(before, after)} levels`);
  assert(drawnShare(after) > 0.1);
}

Deno.test({
  name: "renderReport() makes a page that draws itself without a network, on a wide screen and on a phone's",
  ignore: !chromiumPath,
  fn: async () => {
    const browser = await launchChromium();
    try {
      await withReport(browser, 1400, async (page) => {
        await checkText(page);
        await checkPictures(page);
        await checkDrawings(page);
        for (const id of ["#loss", "#nme", "#cumulative", "#blink", "#jaw"]) {
          const share = drawnShare(await screenshot(page, id));
          assert(share > 0.005, `The plot ${id} covers ${share} of its picture`);
        }
        await checkMesh(page);
      });
      await withReport(browser, 420, async (page) => {
        const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        assertEquals(overflow, 0); // nothing to scroll sideways to
      });
    } finally {
      await browser.close();
    }
  },
});

Deno.test("renderReport() has no expressions of a network that says none, and no curves without a video", async () => {
  const { video: _, ...errors } = expressions;
  const [none, still] = await Promise.all(
    [{}, { expressions: errors }].map((more) => renderReport(reportContent(more))),
  );
  assertEquals([none, still].map((html) => html!.includes("<h2>Expressions</h2>")), [false, true]);
  assert(![none, still].some((html) => /data-figure="(blink|jaw)"/.test(html!)));
});
