// The page: a source's frames go to the tracker one at a time, and each is shown with the faces that were found in it.
import { counted } from "@/lib/counted.ts";
import { ExpressionBars } from "./bars.ts";
import { button, download, element, setPressed } from "./dom.ts";
import { csvFile, glbFile, type LiveRow, objFile } from "./files.ts";
import { ModelView } from "./mesh_view.ts";
import { onWhite } from "./pixels.ts";
import type { Backend, LiveFace, LiveModel } from "./protocol.ts";
import { canRecord, CanvasRecorder } from "./recorder.ts";
import { type FrameSource, openCamera, openFile, SourceError } from "./sources.ts";
import { SpeedMeter } from "./speed.ts";
import { Stage, type View, views } from "./stage.ts";
import { threads, Tracker } from "./tracker.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";

/** Longer side of frames; a photo is looked at longer. */
const MOST_PIXELS = { camera: 640, video: 640, photo: 1280 };
/** Rows of the CSV, one for each face of a frame: ten minutes of one face, of a camera of 60 frames/s. */
const MOST_ROWS = 60 * 60 * 10;
const LAST_ROWS = `the last ${MOST_ROWS.toLocaleString("en")} rows`;
/** Milliseconds for which numbers stand, to be read. */
const NUMBERS_PAUSE = 200;

/** What tracks, once it is loaded. */
interface Open {
  readonly tracker: Tracker;
  readonly model: LiveModel;
  readonly modelView: ModelView;
  readonly bars: ExpressionBars;
  isBusy: boolean;
}

/** A picture that goes to the tracker. */
interface Sent {
  readonly source: FrameSource;
  /** When it came, in milliseconds. */
  readonly start: number;
  /** Where the video was, in seconds. */
  readonly videoTime: number;
  /** Pixels of the source in one of what is sent. */
  readonly fileScale: number;
}

interface Shown {
  readonly bitmap: ImageBitmap;
  readonly faces: readonly LiveFace[];
  readonly fileScale: number;
}

const video = element<HTMLVideoElement>("video");
const file = element<HTMLInputElement>("file");
const backendMenu = element<HTMLSelectElement>("backend");
const stage = new Stage(element<HTMLCanvasElement>("stage"));
const speed = new SpeedMeter();

let open: Open | undefined;
/** How often one was asked for. */
let openings = 0;
let source: FrameSource | undefined;
/** Ends the source that was asked for last, be it open or not yet. */
let sourceEnd = new AbortController();
/** Whether the source's next frame does not go on from the one before. */
let isNew = true;
/** When a picture came that the tracker has not had, in milliseconds. */
let arrival: number | undefined;
/** When the first one came that was shown. */
let firstArrival: number | undefined;
/** Where the video is, in seconds. */
let videoTime = 0;
let isPaused = false;
let view: View = "sparse";
let shown: Shown | undefined;
let rows: LiveRow[] = [];
let frameCount = 0;
/** The largest number that a face has had, and what the tracker's own numbers are added to: a new one counts from 1 again. */
let lastId = 0, idsBefore = 0;
/** When the last frame was that rows were kept of, in seconds. */
let rowsEnd = -1;
/** Whether rows begin with the first frame of a video, which plays again and again, and whether they are all of it. */
let rowsOf: "its start" | "a later part" | "all" = "its start";
let numbersShown = 0;
let recorder: CanvasRecorder | undefined;

/** Says what went wrong until something else is done; an empty text for nothing. */
function say(text: string): void {
  const message = element("message");
  message.textContent = text;
  message.hidden = text === "";
}

/** Says how things stand. */
function hint(text: string): void {
  const line = element("hint");
  replaceText(line, text); // what is set again would be read out with every frame
  line.hidden = text === "";
}

/** Leaves an element alone that has the text. */
function replaceText(shown: HTMLElement, text: string): void {
  if (shown.textContent !== text) shown.textContent = text;
}

/** Loads the model to run on this backend; on WebAssembly where that is not possible. */
async function openBackend(backend: Backend): Promise<void> {
  open?.tracker.close();
  open?.modelView.dispose();
  open = undefined;
  if (rowsOf === "its start") rowsOf = "a later part";
  const opening = ++openings, isLast = () => opening === openings;
  delete document.body.dataset["ready"];
  backendMenu.value = backend;
  element("threads").textContent = "loading…";
  try {
    const { tracker, model } = await Tracker.open(backend);
    if (!isLast()) return tracker.close(); // changed meanwhile
    stage.model = model;
    open = {
      tracker,
      model,
      modelView: newModelView(model),
      bars: new ExpressionBars(model.expressionNames),
      isBusy: false,
    };
    element("threads").textContent = runtimeNote(backend);
    document.body.dataset["ready"] = backend;
    isNew = true;
    idsBefore = lastId;
    speed.reset();
  } catch (error) {
    if (!isLast()) return;
    element("threads").textContent = "not loaded";
    if (backend === "wasm") return say(`The model could not be loaded: ${(error as Error).message}`);
    say(`WebGPU cannot be used here, so WebAssembly is: ${(error as Error).message}`);
    await openBackend("wasm");
  }
}

function runtimeNote(backend: Backend): string {
  if (backend === "webgpu") return "on the graphics card";
  if (crossOriginIsolated) return `SIMD, ${counted(threads, "thread")}`;
  return isSecureContext
    ? "SIMD, one thread: this server does not send the headers that more need"
    : "SIMD, one thread: browsers give more only over HTTPS, or to 127.0.0.1 and localhost";
}

function newModelView(model: LiveModel): ModelView {
  const old = element<HTMLCanvasElement>("model");
  const canvas = old.cloneNode() as HTMLCanvasElement; // a canvas keeps its first context for good
  old.replaceWith(canvas);
  const sways = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  return new ModelView(canvas, { model, frame: stage.frame, sways });
}

/** Has the tracker find the faces in pictures for as long as new ones come; each is drawn while the next is at work. */
async function trackPictures(): Promise<void> {
  const opened = open;
  if (!opened || opened.isBusy) return;
  opened.isBusy = true;
  try {
    for (let sent = await sendPicture(opened), next; sent; sent = next) {
      const found = await sent.found;
      next = await sendPicture(opened);
      const isStale = sent.source !== source || opened !== open || isPaused && !sent.isNew;
      if (isStale) found.bitmap.close();
      else show(found, sent);
    }
  } catch (error) {
    say(`The tracker cannot go on: ${(error as Error).message}`);
    if (backendMenu.value !== "wasm") await openBackend("wasm");
  } finally {
    opened.isBusy = false;
  }
}

/** Sends the source's picture of now to the tracker; none where it has had that, or where there is none, as of a camera that ends. */
async function sendPicture({ tracker }: Open) {
  if (!source || arrival === undefined || !isNew && (isPaused || source.kind === "photo")) return;
  const begun = { source, isNew, start: arrival, videoTime };
  arrival = undefined;
  isNew = false;
  const bitmap = await pictureOf(begun.source);
  if (!bitmap) return;
  const sent = { ...begun, fileScale: begun.source.size().width / bitmap.width };
  const isPhoto = sent.source.kind === "photo";
  return { ...sent, found: tracker.find({ time: sent.start / 1000, isNew: sent.isNew, isPhoto, bitmap }) };
}

/** None where the source has no picture right now; a photo is on white where it is transparent, as it is elsewhere. */
async function pictureOf({ kind, size, picture }: FrameSource): Promise<ImageBitmap | undefined> {
  const { width, height } = size(), scale = MOST_PIXELS[kind] / Math.max(width, height);
  const smaller: ImageBitmapOptions = {
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: "medium",
  };
  const bitmap = await createImageBitmap(picture, scale < 1 ? smaller : {}).catch(() => undefined);
  return bitmap && kind === "photo" ? onWhite(bitmap) : bitmap;
}

function show({ bitmap, faces: found }: Pick<Shown, "bitmap" | "faces">, sent: Sent): void {
  shown?.bitmap.close();
  const { fileScale } = sent, faces = found.map((face) => ({ ...face, id: idsBefore + face.id }));
  lastId = Math.max(lastId, ...faces.map(({ id }) => id));
  shown = { bitmap, faces, fileScale };
  redraw();
  const now = performance.now(), latency = now - sent.start, isPhoto = source?.kind === "photo";
  speed.add(now, latency);
  if (isPhoto || now > numbersShown + NUMBERS_PAUSE) {
    numbersShown = now;
    element("fps").textContent = isPhoto ? "–" : speed.framesPerSecond.toFixed(0);
    element("latency").textContent = `${(isPhoto ? latency : speed.latency).toFixed(0)} ms`;
    element("faces").textContent = String(faces.length);
    showPose(faces[0]);
  }
  element("no-mesh").hidden = faces.length > 0;
  open?.bars.show(faces[0]);
  keepRows(shown, timeOf(sent));
  button("save").disabled = false;
  hint(faces.length > 0 ? "" : isPhoto ? "No face was found in this photo." : "No face in view.");
  // for whoever builds on the page, and for whoever measures it
  dispatchEvent(new CustomEvent("posmap-faces", { detail: { bitmap, faces, latency } }));
}

/** Seconds from the source's first frame. */
function timeOf({ source: { kind }, start, videoTime }: Sent): number {
  if (kind === "video") return videoTime;
  firstArrival ??= start;
  return kind === "photo" ? 0 : (start - firstArrival) / 1000;
}

/** Each frame's once: of a video, those of its first whole pass. */
function keepRows({ bitmap: { width, height }, faces, fileScale }: Shown, time: number): void {
  if (time < rowsEnd && rowsOf === "its start") rowsOf = "all";
  if (time === rowsEnd || rowsOf === "all") return;
  if (time < rowsEnd) {
    rows = [];
    frameCount = 0;
    rowsOf = "its start";
  }
  rowsEnd = time;
  const frame = frameCount++;
  rows.push(...faces.map(({ vertices: _, ...face }) => ({ frame, time, picture: { width, height }, fileScale, face })));
  if (rows.length <= MOST_ROWS) return;
  rows.splice(0, rows.length - MOST_ROWS);
  replaceText(element("csv-rows"), LAST_ROWS);
}

function showPose(face: LiveFace | undefined): void {
  for (const angle of ["yaw", "pitch", "roll"] as const) {
    const radians = face?.pose?.[angle];
    element(angle).textContent = radians === undefined ? "–" : `${Math.round(radians / DEGREE)}°`.replace("-", "−");
  }
}

function redraw(): void {
  if (!shown) return;
  const { bitmap, faces } = shown;
  stage.draw(bitmap, faces, view);
  const look = view === "textured" ? "textured" : "plaster";
  open?.modelView.show(faces[0], bitmap, { look, isMirrored: stage.isMirrored });
}

/**
 * Closes the source before it opens the next one: a camera may be wanted again, and there is one video element. One that is
 * asked for meanwhile takes its place.
 */
async function use(opening: (signal: AbortSignal) => Promise<FrameSource>): Promise<void> {
  closeSource();
  videoTime = 0;
  const { signal } = sourceEnd = new AbortController();
  try {
    const opened = await opening(signal);
    if (signal.aborted) return;
    source = opened;
  } catch (error) {
    if (signal.aborted) return;
    closeSource(); // what of it was open
    if (!(error instanceof SourceError)) throw error;
    hint("");
    return say(error.message);
  }
  const { kind } = source;
  isNew = true;
  rows = [];
  element("csv-rows").textContent = "every frame since the start";
  rowsEnd = -1;
  rowsOf = open ? "its start" : "a later part";
  firstArrival = undefined;
  frameCount =
    numbersShown =
    lastId =
    idsBefore =
      0;
  speed.reset();
  setPaused(false);
  setMirrored(kind === "camera");
  setPressed("camera", kind === "camera");
  element("welcome").hidden = true;
  button("pause").disabled = kind === "photo";
  button("record").disabled = kind === "photo" || !canRecord;
  say("");
  hint(open ? "" : "Loading the model…");
}

function closeSource(): void {
  if (recorder) void toggleRecording();
  sourceEnd.abort();
  source = undefined;
  setPressed("camera", false);
  setPressed("pause", false);
  button("pause").disabled = button("record").disabled = true;
}

function useCamera(): Promise<void> {
  const onEnd = () => {
    closeSource();
    hint("");
    say("The camera ended. Start it again, or open a photo or a video.");
  };
  return use((signal) => openCamera(video, { signal, onEnd }));
}

function useFile(file: File | undefined): Promise<void> | undefined {
  return file && use((signal) => openFile(file, video, signal));
}

function setPaused(paused: boolean): void {
  isPaused = paused;
  setPressed("pause", paused);
  if (source?.kind === "video") void (paused ? video.pause() : video.play());
}

function setMirrored(mirrored: boolean): void {
  stage.isMirrored = mirrored;
  setPressed("mirror", mirrored);
  redraw();
}

function setView(next: View): void {
  view = next;
  for (const radio of document.querySelectorAll<HTMLElement>("[data-view]")) {
    radio.setAttribute("aria-checked", String(radio.dataset["view"] === next));
    radio.tabIndex = radio.dataset["view"] === next ? 0 : -1;
  }
  redraw();
}

async function toggleRecording(): Promise<void> {
  const running = recorder;
  recorder = running ? undefined : new CanvasRecorder(stage.canvas);
  setPressed("record", !running);
  if (running) download(await running.stop(), "posmap.webm");
}

async function save(kind: string): Promise<void> {
  if (!open || !shown) return;
  const { model } = open, { bitmap, faces: [face], fileScale } = shown;
  if (kind === "png") return stage.canvas.toBlob((blob) => blob && download(blob, "posmap.png"));
  if (kind === "csv") return download(csvFile(rows, model), "posmap.csv");
  if (!face) return say("There is no face in view to save.");
  const picture = stage.picture(bitmap);
  const saved = { face, model, picture, fileScale };
  const mesh = kind === "obj" ? objFile(saved) : await glbFile(saved);
  download(mesh, `posmap.${kind}`);
}

for (const id of ["start-camera", "camera"]) button(id).addEventListener("click", () => void useCamera());
for (const id of ["start-file", "open"]) button(id).addEventListener("click", () => file.click());
file.addEventListener("change", () => {
  void useFile(file.files?.[0]);
  file.value = ""; // so that the same file can be opened again
});
button("pause").addEventListener("click", () => setPaused(!isPaused));
button("mirror").addEventListener("click", () => setMirrored(!stage.isMirrored));
button("record").addEventListener("click", () => void toggleRecording());
for (const radio of document.querySelectorAll<HTMLElement>("[data-view]")) {
  radio.addEventListener("click", () => setView(radio.dataset["view"] as View));
  radio.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
    if (step === undefined) return;
    setView(views.at((views.indexOf(view) + step) % views.length)!);
    document.querySelector<HTMLElement>(`[data-view="${view}"]`)!.focus();
  });
}
for (const choice of document.querySelectorAll<HTMLElement>("[data-save]")) {
  choice.addEventListener("click", () => {
    element("save-menu").hidePopover();
    void save(choice.dataset["save"]!);
  });
}
backendMenu.addEventListener("change", () => {
  say("");
  void openBackend(backendMenu.value as Backend);
});
if (!("gpu" in navigator)) {
  const option = backendMenu.querySelector<HTMLOptionElement>('[value="webgpu"]')!;
  option.disabled = true;
  option.textContent = "WebGPU (not in this browser)";
}

const keys: Readonly<Record<string, () => void>> = {
  ...Object.fromEntries(views.map((name, i) => [i + 1, () => setView(name)])),
  c: () => button("camera").click(),
  o: () => button("open").click(),
  m: () => button("mirror").click(),
  r: () => button("record").click(),
  s: () => button("save").click(),
  " ": () => button("pause").click(),
};
document.addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, metaKey, altKey } = event;
  const act = keys[key.toLowerCase()];
  const isTheirs = target instanceof HTMLSelectElement || key === " " && target instanceof HTMLButtonElement;
  if (!act || isTheirs || ctrlKey || metaKey || altKey) return;
  event.preventDefault();
  act();
});

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  element("drop").hidden = false;
});
document.addEventListener("dragleave", ({ relatedTarget }) => {
  if (relatedTarget === null) element("drop").hidden = true;
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  element("drop").hidden = true;
  void useFile(event.dataTransfer?.files[0]);
});
addEventListener("resize", redraw);

/** The source has another picture. */
function onPicture(now: number): void {
  arrival = now;
  void trackPictures();
}

/** Frames are tracked as the video shows them, where the browser tells of that, and drawn as the screen is. */
function onVideoFrame(now: number, { mediaTime }: VideoFrameCallbackMetadata): void {
  videoTime = mediaTime;
  onPicture(now);
  video.requestVideoFrameCallback(onVideoFrame);
}

const tellsFrames: boolean = "requestVideoFrameCallback" in video;
if (tellsFrames) video.requestVideoFrameCallback(onVideoFrame);

function onScreenFrame(now: number): void {
  if (!tellsFrames) videoTime = video.currentTime;
  if (!tellsFrames || isNew) onPicture(now);
  open?.modelView.draw(now / 1000, { isVideo: source !== undefined && source.kind !== "photo" && !isPaused });
  requestAnimationFrame(onScreenFrame);
}

requestAnimationFrame(onScreenFrame);
void openBackend("wasm");
