/** Where frames come from, until the signal that it was opened with ends it. */
export interface FrameSource {
  readonly kind: "camera" | "video" | "photo";
  /** Pixels; those of a camera change where a phone is turned. */
  readonly size: () => { readonly width: number; readonly height: number };
  /** What can be drawn now. */
  readonly picture: CanvasImageSource & ImageBitmapSource;
}

/** Why there is no source, for people to read. */
export class SourceError extends Error {}

const refusals: Readonly<Record<string, string>> = {
  NotAllowedError: "The camera was refused. Allow it in the browser's address bar, or open a photo or a video.",
  NotFoundError: "No camera was found. Plug one in, or open a photo or a video.",
  NotReadableError: "The camera is in use by another program. Close that, or open a photo or a video.",
};

export interface CameraOptions {
  readonly signal: AbortSignal;
  /** Called when it is unplugged or taken away. */
  readonly onEnd: () => void;
}

/** Asks for the camera, which may be granted when it is not wanted any more. */
export async function openCamera(video: HTMLVideoElement, { signal, onEnd }: CameraOptions): Promise<FrameSource> {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new SourceError("Browsers give a page the camera only over HTTPS, or from this computer itself.");
  }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 60 }, facingMode: "user" },
    });
    atEnd(signal, () => stream.getTracks().forEach((track) => track.stop()));
    stream.getVideoTracks()[0]!.addEventListener("ended", onEnd, { signal });
    video.srcObject = stream;
    atEnd(signal, () => video.srcObject = null);
    await video.play();
  } catch (error) {
    const { name, message } = error as DOMException;
    throw new SourceError(refusals[name] ?? `The camera cannot be used: ${message}`);
  }
  return {
    kind: "camera",
    size: () => ({ width: video.videoWidth, height: video.videoHeight }),
    picture: video,
  };
}

/** Gives back what was opened; at once, and throws, where the end came before that was there. */
function atEnd(signal: AbortSignal, close: () => void): void {
  if (signal.aborted) close();
  signal.throwIfAborted();
  signal.addEventListener("abort", close);
}

/** A photo or a video from the user's disk: it is read here, and goes nowhere. */
export async function openFile(file: File, video: HTMLVideoElement, signal: AbortSignal): Promise<FrameSource> {
  if (file.size === 0) throw new SourceError(`${file.name} is empty.`);
  const photo = file.type.startsWith("video/") ? undefined : await openPhoto(file, signal); // reads all of the file
  return photo ?? await openVideo(file, video, signal) ??
    fail(`${file.name} is no photo or video that this browser can read.`);
}

function fail(message: string): never {
  throw new SourceError(message);
}

async function openPhoto(file: File, signal: AbortSignal): Promise<FrameSource | undefined> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => undefined);
  if (!bitmap) return;
  atEnd(signal, () => bitmap.close());
  return { kind: "photo", size: () => bitmap, picture: bitmap };
}

async function openVideo(file: File, video: HTMLVideoElement, signal: AbortSignal): Promise<FrameSource | undefined> {
  signal.throwIfAborted();
  const url = URL.createObjectURL(file);
  atEnd(signal, () => {
    video.pause();
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(url);
  });
  video.src = url;
  const plays = await video.play().then(() => video.videoWidth > 0, () => false); // sound alone has no width
  if (!plays) return;
  return {
    kind: "video",
    size: () => ({ width: video.videoWidth, height: video.videoHeight }),
    picture: video,
  };
}
