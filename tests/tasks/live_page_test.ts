/** The page of `deno task serve` as people have it: in a browser, with the weights that come along. */
import { Buffer } from "node:buffer";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { decodePhoto, encodeJpeg, encodePng } from "@/lib/data/files/images.ts";
import { nme } from "@/lib/evaluate/nme.ts";
import type { Photo } from "@/lib/types.ts";
import {
  cameraThatPlays,
  drawCamera,
  type DrawnCamera,
  type LivePage,
  livePageFiles,
  openLivePage,
  type SeenFrame,
  weights,
} from "@/tasks/bench/live_page.ts";
import { servePage } from "@/tasks/serve/page_server.ts";
import { openFaceColumns } from "@/tasks/track/openface_csv.ts";
import { chromiumPath, launchChromium } from "@/tasks/bench/chromium.ts";
import { readGlb, readObj } from "@/tests/export/three_reader.ts";
import { orientations, orientedJpeg } from "@/tests/data/files/oriented.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";
import { runTaskChild } from "@/tests/tasks/children.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";
import { difference, screenshot } from "@/tests/view/screenshot.ts";

/** Of pictures that are the same, in levels: the browser may round a pixel in one drawing and not in the next. */
const ROUNDING = 0.01;
/** Bytes, compressed. */
const FIRST_FRAME = 6e6;

/** A Chromium's options: a graphics card for WebGPU, which the processor stands in for. */
const gpuStandIn = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];
/** A Chromium's options: WebAssembly as it is first compiled, where a page ends before faster code pays for itself. */
const quickToStart = ["--js-flags=--liftoff-only,--wasm-lazy-compilation"];

function browserTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !chromiumPath, fn });
}

const folder = await temporaryFolder();
/** What the camera plays, and the browser that has it, for all tests but those of another. */
let camera: DrawnCamera, browser: Browser;
Deno.test.beforeAll(async () => {
  if (!chromiumPath) return;
  camera = await drawCamera(`${folder.path}/camera.y4m`);
  browser = await launchChromium([...cameraThatPlays(camera.path), ...quickToStart]);
});
Deno.test.afterAll(async () => {
  await browser?.close();
  await folder[Symbol.asyncDispose]();
});

function meanError(seen: readonly SeenFrame[]): number {
  const { truths } = camera;
  const errors = seen.map(({ number, faces }) => {
    assertEquals(faces.map(({ id }) => id), [1]);
    return nme({ predicted: Float32Array.from(faces[0]!.landmarks), truth: truths[number]! }, 2);
  });
  return errors.reduce((sum, error) => sum + error) / errors.length;
}

/** A PNG whose uppermost rows, where a camera's frame has its number, are transparent and black. */
async function onClear({ width, height, rgb }: Photo): Promise<Uint8Array> {
  const rgba = new Uint8Array(4 * width * height);
  for (let i = width * height / 10; i < width * height; i++) rgba.set([...rgb.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  return await sharp(rgba, { raw: { width, height, channels: 4 } }).png().toBuffer();
}

/** As Playwright takes a file; the page is to see by itself what it is. */
const fileOf = (name: string, bytes: Uint8Array) => ({ name, mimeType: "", buffer: Buffer.from(bytes) });

const pressed = ({ page }: LivePage, id: string) => page.getAttribute(`#${id}`, "aria-pressed");
/** Until the camera's next two frames have come, and the page has drawn. */
const settled = ({ page }: LivePage) =>
  page.evaluate(`new Promise((done) => {
    const next = () => video.requestVideoFrameCallback(() => requestAnimationFrame(done));
    video.requestVideoFrameCallback(next);
  })`);

/** In the page: cameras are granted when `grantCameras` is called first, which tells what has become of each. */
const holdCameras = `{
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices), asked = [];
  const { promise, resolve } = Promise.withResolvers();
  navigator.mediaDevices.getUserMedia = (wanted) => {
    const stream = promise.then(() => ask(wanted));
    asked.push(stream);
    return stream;
  };
  globalThis.grantCameras = async () => {
    resolve();
    const streams = await Promise.all(asked);
    await new Promise((done) => setTimeout(done)); // after the page
    return streams.map((stream) => stream.getVideoTracks()[0].readyState);
  };
}`;

/** In the page: how many workers are left of three that are asked for at once. */
const workersLeft = `(async () => {
  const workers = new Map(), TheirWorker = Worker;
  globalThis.Worker = class extends TheirWorker {
    constructor(...options) {
      super(...options);
      workers.set(this, new Promise((done) => this.addEventListener("message", done, { once: true })));
    }
    terminate() {
      super.terminate();
      workers.delete(this);
    }
  };
  const answers = ["wasm", "webgpu", "wasm"].map((name) => {
    backend.value = name;
    backend.dispatchEvent(new Event("change"));
    return [...workers.values()].at(-1);
  });
  await Promise.all(answers);
  await new Promise((done) => setTimeout(done)); // after the page
  globalThis.Worker = TheirWorker;
  return workers.size;
})()`;

interface Box {
  readonly name: string;
  /** From the view's left upper corner, in pixels; all are 0 where nothing is shown. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Of all that a selector finds, by what it says. */
const boxesOf = ({ page }: LivePage, selector: string): Promise<Box[]> =>
  page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((control) => {
    const { x, y, width, height } = control.getBoundingClientRect();
    return { name: control.textContent, x, y, width, height };
  })`);

browserTest(
  "the page tracks a camera's turning, talking face near its true landmarks, isolated, by 6 MB and no other place",
  async () => {
    await using live = await openLivePage({ browser });
    assert(await live.page.evaluate("crossOriginIsolated"), "The page is not isolated: it has one thread");
    await live.page.click("#start-camera");
    const [first] = await live.seen(1);
    assertEquals(first!.faces.length, 1);
    assert(live.byteCount() < FIRST_FRAME, `${live.byteCount()} bytes came before the first frame with a face`);
    const error = meanError(await live.seen(60));
    assert(error < 4.5, `${error} %`);
    assertEquals(live.complaints, []);
  },
);

browserTest("every control of the page does what it says, by mouse and by keyboard", async () => {
  await using live = await openLivePage({ browser });
  const { page } = live;
  await page.click("#camera");
  await live.seen(2);
  await page.click("#pause");
  assertEquals(await pressed(live, "pause"), "true");
  const still = await screenshot(page, "#stage");
  const changed = async (selector: string, before: Photo) => difference(await screenshot(page, selector), before);
  for (let frame = 0; frame < 4; frame++) await settled(live);
  assertClose(await changed("#stage", still), 0, ROUNDING);

  let last = still;
  for (const view of ["dense", "mesh", "textured", "sparse"]) {
    await page.click(`[data-view="${view}"]`);
    assertEquals(await page.getAttribute(`[data-view="${view}"]`, "aria-checked"), "true");
    const picture = await screenshot(page, "#stage");
    assert(difference(picture, last) > 0.3, `${view} looks as the view before`);
    last = picture;
  }
  for (const [key, view] of [["4", "textured"], ["ArrowRight", "sparse"], ["ArrowLeft", "textured"], ["1", "sparse"]]) {
    if (key!.startsWith("Arrow")) await page.focus('[aria-checked="true"]');
    await page.keyboard.press(key!);
    assertEquals(await page.getAttribute('[aria-checked="true"]', "data-view"), view);
  }

  await page.click("#mirror");
  assert(await changed("#stage", still) > 3, "Mirroring changed nothing");
  await page.keyboard.press("m");
  assertClose(await changed("#stage", still), 0, ROUNDING);

  const front = await screenshot(page, "#model");
  const { x, y, width, height } = (await page.locator("#model").boundingBox())!;
  const turns = [
    async () => {
      await page.mouse.move(x + width / 2, y + height / 2);
      await page.mouse.down();
      await page.mouse.move(x + width / 2 + 60, y + height / 2, { steps: 4 });
      await page.mouse.up();
    },
    () => page.locator("#model").press("ArrowLeft"),
    () => page.locator("#model").press("ArrowUp"),
  ];
  for (const turn of turns) {
    const before = await screenshot(page, "#model");
    await turn();
    await settled(live);
    assert(await changed("#model", before) > 1, "Turning the mesh changed nothing");
  }
  await page.locator("#model").press("Home");
  await settled(live);
  assert(await changed("#model", front) < 0.1, `Home left ${await changed("#model", front)} levels of difference`);

  await page.keyboard.press(" ");
  assertEquals(await pressed(live, "pause"), "false");
  await live.seen(2);
  assertEquals(live.complaints, []);
});

browserTest("what the page saves and records opens elsewhere: OBJ, GLB, CSV, PNG and WebM", async () => {
  await using live = await openLivePage({ browser });
  const { page } = live;
  await page.click("#camera");
  await page.waitForSelector("#record:enabled");
  const [webm] = await Promise.all([
    live.saved(async () => {
      await page.keyboard.press("r");
      await live.seen(12);
      await page.click("#record");
    }),
    page.waitForSelector('#record[aria-pressed="true"]'),
  ]);
  assertEquals([webm.name, await pressed(live, "record")], ["posmap.webm", "false"]);
  await page.click("#pause");
  const save = (kind: string) =>
    live.saved(async () => {
      await page.keyboard.press("s");
      await page.click(`[data-save="${kind}"]`);
    });
  const obj = readObj(new TextDecoder().decode((await save("obj")).bytes), "");
  const glb = await readGlb((await save("glb")).bytes);
  assert(glb.triangles!.length > 3000 && glb.colors, "The GLB has no colors, or few triangles");
  assertEquals(obj.positions.length, 3 * glb.triangles!.length);
  const savedLines = async () =>
    new TextDecoder().decode((await save("csv")).bytes).trimEnd().split("\n").map((line) => line.split(","));
  const lines = await savedLines();
  assert(lines.length > 10, `${lines.length} lines`);
  assertEquals(lines[0]!.slice(0, openFaceColumns.length), openFaceColumns);
  for (const line of lines) assertEquals(line.length, lines[0]!.length);
  const timeOf = (line: readonly string[]) => Number(line[openFaceColumns.indexOf("timestamp")]);
  assertEquals(timeOf(lines[1]!), 0);
  const away = Number(lines[1]![openFaceColumns.indexOf("pose_Tz")]);
  assert(away > 100 && away < 5000, `${away} mm from the camera`);
  const png = await decodePhoto((await save("png")).bytes);
  assert(png.width >= 480, `${png.width} pixels wide`);

  await page.setInputFiles("#file", fileOf(webm.name, webm.bytes));
  assertEquals((await live.seen(3)).map(({ faces }) => faces.length), [1, 1, 1]);
  assertEquals([await pressed(live, "mirror"), await pressed(live, "camera")], ["false", "false"]);

  await page.evaluate(`{
    const decode = createImageBitmap;
    globalThis.decodedFiles = [];
    globalThis.createImageBitmap = (picture, options) => {
      if (picture instanceof Blob) decodedFiles.push(picture.type);
      return decode(picture, options);
    };
  }`);
  await page.setInputFiles("#file", { ...fileOf(webm.name, webm.bytes), mimeType: "video/webm" });
  const again = `new Promise((done) => {
    let last = -1;
    const onFrame = (_, { mediaTime }) => {
      if (mediaTime < last) return done(last);
      last = mediaTime;
      video.requestVideoFrameCallback(onFrame);
    };
    video.playbackRate = 2;
    video.requestVideoFrameCallback(onFrame);
  })`;
  const passes = [], ends = [];
  for (let pass = 0; pass < 2; pass++) {
    ends.push(Number(await page.evaluate(again)));
    await live.seen(2); // the second is of the next pass
    passes.push((await savedLines()).slice(1).map(timeOf));
  }
  assertEquals(await page.evaluate("decodedFiles"), []); // which is to read all of them
  const times = passes[0]!;
  assertEquals(passes[1], times);
  assertEquals(times, [...new Set(times)].sort((a, b) => a - b));
  const end = Math.max(...ends) + 1; // the page has been open for longer
  assert(times.length > 0 && times.at(-1)! < end, `${times} s, in a video of ${ends} s`);
  assertEquals(live.complaints, []);
});

browserTest(
  "a photo that is opened or dropped is tracked where its face is, whichever way its file has it",
  async () => {
    const { picture, landmarks } = new DrawnActor({ seed: "ben", size: 400 }).draw({ yaw: 25 });
    const jpeg = await orientedJpeg(picture, 6);
    await using live = await openLivePage({ browser });
    const error = ([seen]: SeenFrame[]) =>
      nme({ predicted: Float32Array.from(seen!.faces[0]!.landmarks), truth: landmarks }, 2);
    for (const orientation of orientations) {
      const photo = fileOf("photo.jpg", await orientedJpeg(picture, orientation));
      const [seen] = await Promise.all([live.seen(1), live.page.setInputFiles("#file", photo)]);
      assert(error(seen) < 5, `${error(seen)} % of a photo of orientation ${orientation}`);
    }
    const png = fileOf("clear.png", await onClear(picture));
    const [[clear]] = await Promise.all([live.seen(1), live.page.setInputFiles("#file", png)]);
    assertEquals(clear!.number, 255); // all of its bits are white
    assert(error([clear!]) < 5, `${error([clear!])} %`);
    const drop = `(() => {
    const files = new DataTransfer();
    files.items.add(new File([Uint8Array.fromBase64("${jpeg.toBase64()}")], "dropped.jpg", { type: "image/jpeg" }));
    for (const type of ["dragover", "drop"]) {
      document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: files }));
    }
  })()`;
    const [again] = await Promise.all([live.seen(1), live.page.evaluate(drop)]);
    assert(error(again) < 5, `${error(again)} %`);
    assertEquals(live.complaints, []);
  },
);

browserTest("WebGPU finds in a photo what WebAssembly finds", async () => {
  const { picture } = new DrawnActor({ seed: "ben", size: 400 }).draw({ yaw: 25 });
  const photo = fileOf("photo.png", await encodePng(picture));
  await using live = await openLivePage({ chromium: [...gpuStandIn, ...quickToStart] });
  const landmarks = async (act: () => Promise<unknown>) => {
    const [[seen]] = await Promise.all([live.seen(1), act()]);
    return Float32Array.from(seen!.faces[0]!.landmarks);
  };
  const truth = await landmarks(() => live.page.setInputFiles("#file", photo));
  const predicted = await landmarks(() => live.page.selectOption("#backend", "webgpu"));
  assertEquals(await live.page.getAttribute("body", "data-ready"), "webgpu");
  const difference = nme({ predicted, truth }, 2);
  assert(difference > 0 && difference < 0.1, `${difference} %`);
  assertEquals(live.complaints, []);
});

browserTest("the page says in plain words what it cannot use, and goes on with what it can", async () => {
  const message = async ({ page }: LivePage, wanted: RegExp) => {
    await page.waitForSelector("#message:visible");
    const text = await page.textContent("#message") ?? "";
    assert(wanted.test(text), text);
  };
  const flat = { width: 300, height: 200, rgb: new Uint8Array(180_000).fill(120) };
  const photo = fileOf("flat.jpg", await encodeJpeg(flat));
  {
    await using live = await openLivePage({ chromium: quickToStart });
    await live.page.click("#start-camera");
    await message(live, /^No camera was found\. /);
    const files: [string, Uint8Array, RegExp][] = [
      ["empty.mp4", new Uint8Array(), /^empty\.mp4 is empty\.$/],
      [
        "words.png",
        new TextEncoder().encode("no picture"),
        /^words\.png is no photo or video that this browser can read/,
      ],
      ["cut.webm", new Uint8Array([0x1a, 0x45, 0xdf, 0xa3, 1, 2, 3]), /^cut\.webm is no photo or video/],
    ];
    for (const [name, bytes, wanted] of files) {
      await live.page.setInputFiles("#file", fileOf(name, bytes));
      await live.page.locator("#message", { hasText: name }).waitFor();
      await message(live, wanted);
    }
    const [seen] = await Promise.all([live.seen(1), live.page.setInputFiles("#file", photo)]);
    assertEquals(seen[0]!.faces, []);
    assertEquals(await live.page.textContent("#hint"), "No face was found in this photo.");
    assertEquals(await live.page.isVisible("#message"), false);
    assertEquals(live.complaints, []);
  }
  {
    await using live = await openLivePage({ browser, mayUseCamera: false });
    await live.page.click("#start-camera");
    await message(live, /^The camera was refused\. Allow it/);
  }
  {
    await using live = await openLivePage({ browser });
    await live.page.click("#start-camera");
    await live.seen(1);
    await live.page.evaluate('video.srcObject.getVideoTracks()[0].dispatchEvent(new Event("ended"))');
    await message(live, /^The camera ended\. /);
    await live.page.click("#camera");
    await live.seen(1);
    assertEquals(await live.page.isVisible("#message"), false);

    const { page } = live;
    await page.evaluate(holdCameras);
    await page.keyboard.press("c");
    await page.keyboard.press("c");
    const [[shown]] = await Promise.all([live.seen(1), page.setInputFiles("#file", photo)]);
    assertEquals(shown!.faces, []);
    assertEquals([await page.evaluate("grantCameras()"), await pressed(live, "camera")], [["ended", "ended"], "false"]);
    await page.evaluate('video.play = () => Promise.reject(new Error("it does not play"))');
    await page.click("#camera");
    await message(live, /^The camera cannot be used: it does not play$/);
    assertEquals(await page.evaluate("grantCameras()"), ["ended", "ended", "ended"]);
    await page.evaluate("delete video.play");
    await page.keyboard.press("c");
    await page.keyboard.press("c");
    await live.seen(1);
    assertEquals(await page.evaluate("grantCameras()"), ["ended", "ended", "ended", "ended", "live"]);
    assertEquals(await pressed(live, "camera"), "true");
    assertEquals(live.complaints, []);

    assertEquals(await page.evaluate(workersLeft), 1);
    assertEquals([await page.inputValue("#backend"), await page.isVisible("#message")], ["wasm", false]);
    await live.seen(1);

    await page.selectOption("#backend", "webgpu"); // without a graphics card
    await live.page.waitForSelector("body[data-ready]");
    const backend = await live.page.inputValue("#backend");
    if (backend === "wasm") await message(live, /^WebGPU cannot be used here, so WebAssembly is: /);
    await live.seen(2);
  }
});

browserTest(
  "deno task export writes the page for any server: without headers of isolation it has one thread, and says so",
  async () => {
    const site = `${folder.path}/site`;
    const { code, stderr } = await runTaskChild("export", weights, "--format", "page", "--out", site);
    assertEquals([code, stderr], [0, "Writing the page\n"]);
    const types = { html: "text/html", js: "text/javascript", css: "text/css", wasm: "application/wasm" };
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
      const name = new URL(url).pathname.slice(1) || "index.html";
      const type = types[name.split(".").at(-1) as keyof typeof types] ?? "application/octet-stream";
      return new Response(await Deno.readFile(`${site}/${name}`), { headers: { "content-type": type } });
    });
    await using live = await openLivePage({ browser, server });
    assertEquals(await live.page.evaluate("crossOriginIsolated"), false);
    const note = await live.page.textContent("#threads") ?? "";
    assert(/^SIMD, one thread: this server does not send/.test(note), note);
    await live.page.click("#camera");
    const error = meanError(await live.seen(8));
    assert(error < 4.5, `${error} %`);
    assertEquals(live.complaints, []);
  },
);

browserTest("on a phone all controls are in view, large enough for fingers, and work by touch", async () => {
  const viewport = { width: 390, height: 844 };
  await using live = await openLivePage({ browser, viewport, isTouched: true });
  const { page } = live;
  await page.tap("#start-camera");
  await live.seen(2);
  const controls = await boxesOf(live, "footer button, footer select");
  assert(controls.length > 10, `${controls.length} controls`);
  for (const { name, x, y, width, height } of controls) {
    assert(Math.min(width, height) >= 44, `${name}: ${width} × ${height}`);
    assert(x >= 0 && y >= 0 && x + width <= 390 && y + height <= 844, `${name} is out of view`);
  }
  assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 390);
  await page.tap('[data-view="mesh"]');
  await page.tap("#pause");
  await page.tap("#save");
  const { bytes } = await live.saved(() => page.tap('[data-save="png"]'));
  const { width, height } = await decodePhoto(bytes);
  assertEquals(width / height, 4 / 3);
  assertEquals(live.complaints, []);
});

browserTest("all controls are in view on screens of any width, also where there is more to say", async () => {
  await using live = await openLivePage({ browser });
  const { page } = live;
  const notes = ["SIMD, 4 threads", "SIMD, one thread: this server does not send the headers that more need"];
  for (const width of [600, 820, 1024, 1241, 1280, 1439, 1440, 1920]) {
    for (const note of notes) {
      const height = 900, said = `at ${width} × ${height}, ${note}`;
      await page.setViewportSize({ width, height });
      await page.evaluate(`threads.textContent = ${JSON.stringify(note)}`);
      const controls = await boxesOf(live, "footer button, footer select, footer small");
      assert(controls.length > 10, `${controls.length} controls ${said}`);
      for (const { name, ...box } of controls) {
        assert(box.width > 0, `${name} is not there ${said}`);
        assert(
          box.x >= 0 && box.x + box.width <= width && box.y + box.height <= height,
          `${name} is out of view ${said}`,
        );
        assert(box.height < 60, `${name} is squeezed ${said}`);
      }
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
    }
  }
});

browserTest("expressions stand beside the mesh where the model says some, each by its name", async () => {
  const files = new Map(await livePageFiles());
  const description = JSON.parse(new TextDecoder().decode(files.get("posmap.json")));
  const named = { ...description, expressionNames: ["jawOpen", "mouthSmile_L"] };
  files.set("posmap.json", new TextEncoder().encode(JSON.stringify(named)));
  const server = servePage(files, { hostname: "127.0.0.1", port: 0 });
  await using live = await openLivePage({ browser, server });
  assertEquals(await live.page.locator(".bar").allTextContents(), ["Jaw open", "Mouth smile L"]);
  assert(await live.page.isVisible("#expression"));
});
