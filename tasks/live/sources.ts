/** Where frames come from. */
export interface FrameSource {
  readonly kind: "camera" | "video" | "photo";
  /** Pixels; those of a camera change where a phone is turned. */
  readonly size: () => { readonly width: number; readonly height: number };
  /** What can be drawn now. */
  readonly picture: CanvasImageSource & ImageBitmapSource;
  close(): void;
}

/** Why there is no source, for people to read. */
export class SourceError extends Error {}

const refusals: Readonly<Record<string, string>> = {
  NotAllowedError: "The camera was refused. Allow it in the browser's address bar, or open a photo or a video.",
  NotFoundError: "No camera was found. Plug one in, or open a photo or a video.",
  NotReadableError: "The camera is in use by another program. Close that, or open a photo or a video.",
};

/** Asks for the camera; `onEnd` is called when it is unplugged or taken away. */
export async function openCamera(video: HTMLVideoElement, onEnd: () => void): Promise<FrameSource> {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new SourceError("Browsers give a page the camera only over HTTPS, or from this computer itself.");
  }
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 60 }, facingMode: "user" },
    });
  } catch (error) {
    const { name, message } = error as DOMException;
    throw new SourceError(refusals[name] ?? `The camera cannot be used: ${message}`);
  }
  stream.getVideoTracks()[0]!.addEventListener("ended", onEnd);
  video.srcObject = stream;
  await video.play();
  return {
    kind: "camera",
    size: () => ({ width: video.videoWidth, height: video.videoHeight }),
    picture: video,
    close() {
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    },
  };
}

/** A photo or a video from the user's disk: it is read here, and goes nowhere. */
export async function openFile(file: File, video: HTMLVideoElement): Promise<FrameSource> {
  if (file.size === 0) throw new SourceError(`${file.name} is empty.`);
  return await openPhoto(file) ?? await openVideo(file, video) ??
    fail(`${file.name} is no photo or video that this browser can read.`);
}

function fail(message: string): never {
  throw new SourceError(message);
}

async function openPhoto(file: File): Promise<FrameSource | undefined> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => undefined);
  return bitmap && {
    kind: "photo",
    size: () => bitmap,
    picture: bitmap,
    close: () => bitmap.close(),
  };
}

async function openVideo(file: File, video: HTMLVideoElement): Promise<FrameSource | undefined> {
  const url = URL.createObjectURL(file);
  const close = () => {
    video.pause();
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(url);
  };
  video.src = url;
  const plays = await video.play().then(() => video.videoWidth > 0, () => false); // sound alone has no width
  if (!plays) return void close();
  return {
    kind: "video",
    size: () => ({ width: video.videoWidth, height: video.videoHeight }),
    picture: video,
    close,
  };
}
