import { setTimeout as delay } from "node:timers/promises";
import { counted } from "@/lib/counted.ts";
import { CutShortError, probeVideo, readFrames, VideoFile, type VideoInfo } from "@/lib/data/files/video.ts";
import { animatedFace, type FaceMoment, sharedExpressions } from "@/lib/export/animated_face.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import { InputError } from "@/lib/errors.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { DelayedSmoothing } from "@/lib/track/delayed_smoothing.ts";
import type { ModelFit } from "@/lib/track/face_fitter.ts";
import { FaceTracker, type TrackedFit } from "@/lib/track/face_tracker.ts";
import { poseOfLandmarks } from "@/lib/face/head_pose.ts";
import { type Jitter, JitterMeter } from "@/lib/track/jitter.ts";
import type { Photo } from "@/lib/types.ts";
import { FaceOverlay, type OverlayKind } from "@/lib/view/drawing/overlay.ts";
import type { Faces } from "@/tasks/predict/open_faces.ts";
import { FrameClock } from "@/tasks/track/frame_clock.ts";
import { openFaceModel } from "@/tasks/open_face_model.ts";
import { nameForFace, TrackFiles } from "@/tasks/track/track_files.ts";
import { TurningInset } from "@/tasks/track/turning_inset.ts";

export interface TrackVideoOptions {
  /** What finds and fits them. */
  readonly faces: Faces;
  readonly out: string;
  readonly overlay: OverlayKind | "none";
  readonly mostFaces: number;
  readonly smoothing: "one-euro" | "offline" | "none";
  readonly turning: boolean;
  /** Which face model is to do what the faces do; see {@linkcode openFaceModel}. */
  readonly animate?: string;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

interface Frame {
  readonly picture: Photo;
  readonly number: number;
}

export interface TrackedVideo {
  /** Lines. */
  readonly summary: readonly string[];
  /** What was found before the cut is written. */
  readonly cut: CutShortError | undefined;
}

/**
 * Tracks a video's faces and writes what was found. Throws an InputError where the video cannot be read or the result not
 * be written, where no frame has a face, and where the network says no expressions to move a face model by.
 */
export async function trackVideo(video: string, options: TrackVideoOptions): Promise<TrackedVideo> {
  try {
    return await track(video, options);
  } catch (error) {
    await throwIfInterrupted(options.signal);
    throw error;
  }
}

/** Milliseconds by which this program may hear of a signal later than ffmpeg, which terminals send it to as well. */
const SIGNAL_DELAY = 200;

/** Where ffmpeg has ended, throws the reason why this program is to end, too, if there is one. */
async function throwIfInterrupted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await delay(SIGNAL_DELAY);
  signal.throwIfAborted();
}

async function track(video: string, options: TrackVideoOptions): Promise<TrackedVideo> {
  const info = await probeVideo(video);
  const { description, fitter, detector } = options.faces;
  const { margin } = description.crop;
  const tracker = new FaceTracker<ModelFit>({
    fit: (picture, crop) => fitter.fit(picture, crop),
    detect: (picture) => detector.detect(picture),
    fitDetected: (picture, detection) => fitter.fitDetected(picture, detection, { margin }),
  }, { margin, mostFaces: options.mostFaces, isSmoothed: options.smoothing === "one-euro" });
  const expressionNames = description.expressionNames ?? [];
  if (options.animate !== undefined && expressionNames.length === 0) {
    throw new InputError("Cannot move a face model: the network says no expressions");
  }
  const animated = options.animate === undefined ? undefined : await openFaceModel(options.animate);
  if (animated) sharedExpressions(animated, expressionNames);
  /** By face. */
  const moments = new Map<number, FaceMoment[]>();
  const triangles = trianglesWithoutNeck(description.surface);
  const overlay = new FaceOverlay(triangles);
  const inset = options.turning ? new TurningInset(info, description.surface) : undefined;
  const clock = new FrameClock();
  const [raw, smooth] = [new JitterMeter(info), new JitterMeter(info)];
  const delayed = options.smoothing === "offline" ? new DelayedSmoothing<ModelFit, Frame>() : undefined;
  await using files = await TrackFiles.create(options.out, { expressionNames });
  const width = info.width + (inset?.width ?? 0);
  await using output = options.overlay === "none" && !inset
    ? undefined
    : await VideoFile.create(files.path("video.mp4"), { width, height: info.height, rate: info.rate, soundOf: video });
  let frameCount = 0, progressAt = performance.now() + 1000;
  const ids = new Set<number>();

  const finish = async ({ picture, number }: Frame, faces: readonly TrackedFit<ModelFit>[]) => {
    const time = number / info.framesPerSecond;
    clock.begin("draw");
    const turning = inset?.draw(picture, faces[0]);
    for (const face of faces) {
      smooth.add(face, number, face.landmarks);
      if (options.overlay !== "none") overlay.draw(picture, face, options.overlay);
      ids.add(face.id);
    }
    const whole = inset && turning ? inset.beside(picture, turning) : picture;
    clock.begin("write");
    for (const { id, fit, isFound, landmarks, expressions } of faces) {
      const pose = description.neutralLandmarks && poseOfLandmarks(landmarks, description.neutralLandmarks);
      await files.add({
        frame: number,
        time,
        id,
        picture,
        landmarks,
        pose,
        score: isFound ? fit.score : 0,
        expressions,
      });
      if (!animated) continue;
      const named = Object.fromEntries(expressionNames.map((name, i) => [name, expressions[i]!]));
      moments.getOrInsertComputed(id, () => []).push({ time, expressions: named, pose });
    }
    await output?.add(whole);
  };

  clock.begin("read");
  let cut = undefined as CutShortError | undefined;
  for await (const picture of untilCut(readFrames(video, info), (error) => cut = error)) {
    options.signal.throwIfAborted();
    clock.begin("track");
    const number = frameCount++;
    const faces = await tracker.next(picture, number / info.framesPerSecond);
    for (const face of faces) raw.add(face, number, face.fit.landmarks);
    const frame = { picture, number };
    if (!delayed) await finish(frame, faces);
    else {
      const ready = delayed.add({ extra: frame, faces });
      if (ready) await finish(ready.extra, ready.faces);
    }
    clock.endFrame();
    if (performance.now() > progressAt) {
      progressAt = performance.now() + 1000;
      options.onProgress(progressText(info, { frameCount, faceCount: ids.size, rate: clock.rate }));
    }
    clock.begin("read");
  }
  if (cut) await throwIfInterrupted(options.signal);
  for (const { extra, faces } of delayed?.rest() ?? []) await finish(extra, faces);
  clock.end();
  if (ids.size === 0) {
    throw new InputError(
      `Found no face in ${counted(frameCount, "frame")} of ${video}${cut ? ", which is cut short" : ""}`,
    );
  }
  await output?.finish();
  await files.finish();
  for (const [id, one] of moments) {
    await writeFileAtomic(files.path(nameForFace("face.glb", id)), await animatedFace(animated!, one));
  }
  const summary = [
    `${counted(frameCount, "frame")}, ${counted(ids.size, "face")}: ${options.out}`,
    ...clock.lines(),
    ...jitterLines(raw.jitter, options.smoothing === "none" ? undefined : smooth.jitter),
  ];
  return { summary, cut };
}

/** The frames before a cut, and then, in place of throwing it, what says so. */
async function* untilCut(frames: AsyncIterable<Photo>, onCut: (error: CutShortError) => void): AsyncGenerator<Photo> {
  try {
    yield* frames;
  } catch (error) {
    if (!(error instanceof CutShortError)) throw error;
    onCut(error);
  }
}

function progressText(
  { frameCount: total }: VideoInfo,
  { frameCount, faceCount, rate }: { frameCount: number; faceCount: number; rate: number },
): string {
  const part = total ? `/${total}` : "";
  return `frame ${frameCount}${part}  ${counted(faceCount, "face")}  ${rate.toFixed(0)} frames/s`;
}

function jitterLines(found: Jitter, smoothed: Jitter | undefined): string[] {
  return ([["at rest", "atRest"], ["in motion", "inMotion"]] as const).flatMap(([name, kind]) => {
    const [before, after] = [found[kind], smoothed?.[kind]];
    if (before === undefined) return [];
    const smoother = after === undefined ? "" : `, ${after.toFixed(2)} % smoothed`;
    return [`jitter ${name.padEnd(9)} ${before.toFixed(2)} % of the face's size${smoother}`];
  });
}
