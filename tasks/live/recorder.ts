const types = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

/** The best kind of WebM that this browser writes; undefined where it writes none. */
const type = "MediaRecorder" in globalThis ? types.find((name) => MediaRecorder.isTypeSupported(name)) : undefined;

export const canRecord = type !== undefined;

/** Records what a canvas shows. */
export class CanvasRecorder {
  readonly #recorder: MediaRecorder;
  readonly #parts: Blob[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.#recorder = new MediaRecorder(canvas.captureStream(), { mimeType: type!, videoBitsPerSecond: 6_000_000 });
    this.#recorder.ondataavailable = ({ data }) => this.#parts.push(data);
    this.#recorder.start(1000);
  }

  /** Ends the recording: a WebM file. */
  async stop(): Promise<Blob> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#recorder.onstop = resolve;
    this.#recorder.stop();
    await promise;
    for (const track of this.#recorder.stream.getTracks()) track.stop();
    return new Blob(this.#parts, { type: "video/webm" });
  }
}
