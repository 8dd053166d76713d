import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { keepFile, temporaryName } from "@/lib/files.ts";
import type { Photo } from "@/lib/types.ts";

/** What ffprobe says of a video's first picture stream, as it is shown: turned upright, its pixels square. */
export interface VideoInfo {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames a second as a fraction, "30000/1001". */
  readonly rate: string;
  readonly framesPerSecond: number;
  /** About as many; undefined where the file does not say. */
  readonly frameCount: number | undefined;
}

/** A video whose file ends before what it holds does. */
export class CutShortError extends InputError {}

/** Frames of more pixels than this are refused. */
const MOST_PIXELS = 8192 * 8192;
/** Rates beyond this are clocks, not rates of frames. */
const MOST_FRAMES_PER_SECOND = 480;

/** Throws an InputError where there is no such file, no ffmpeg, or no video in it. */
export async function probeVideo(path: string): Promise<VideoInfo> {
  const found = await Deno.stat(path).catch(() => undefined);
  if (!found?.isFile) {
    throw new InputError(
      `Cannot read the video ${path}: ${found ? "it is a folder, not a file" : "there is no such file"}`,
    );
  }
  if (found.size === 0) throw new InputError(`Cannot read the video ${path}: it has 0 bytes, wanted a video`);
  const { success, stdout, stderr } = await command("ffprobe", {
    args: ["-v", "error", "-select_streams", "v:0", "-of", "json", "-show_entries", ENTRIES, `file:${path}`],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }, (program) => program.output());
  const { streams: [stream] = [], format } = success
    ? JSON.parse(new TextDecoder().decode(stdout)) as ProbeOutput
    : { format: undefined };
  const { width: stored = 0, height = 0 } = stream ?? {};
  const width = Math.round(stored * shapeOfPixels(stream?.sample_aspect_ratio));
  if (!stream || !(width > 0 && height > 0)) {
    const reason = lastLine(stderr) || "it holds no pictures";
    throw new InputError(`Cannot read the video ${path}: ${reason}; wanted a whole video that ffmpeg reads`);
  }
  if (width * height > MOST_PIXELS) {
    throw new InputError(
      `Cannot read the video ${path}: its frames are ${width} × ${height}, wanted at most 8192 × 8192`,
    );
  }
  const seconds = Number(stream.duration ?? format?.duration);
  const mean = `${stream.nb_frames}/${seconds}`; // where the rate is that of a clock, as a GIF's
  const rate = [stream.avg_frame_rate, mean, stream.r_frame_rate].find(isRate) ?? "25/1"; // a single frame has no rate
  const framesPerSecond = ratio(rate);
  const counted = Number(stream.nb_frames) || Math.round(seconds * framesPerSecond);
  const rotation = Number(stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0);
  const isTurned = Math.abs(rotation % 180) === 90;
  return {
    width: isTurned ? height : width,
    height: isTurned ? width : height,
    rate,
    framesPerSecond,
    frameCount: counted > 0 ? counted : undefined,
  };
}

const ENTRIES =
  "stream=width,height,sample_aspect_ratio,avg_frame_rate,r_frame_rate,nb_frames,duration:stream_side_data=rotation:" +
  "format=duration";

interface ProbeOutput {
  readonly streams?: readonly {
    readonly width?: number;
    readonly height?: number;
    /** Width to height of one pixel, "64:45"; "0:1" where it is not known. */
    readonly sample_aspect_ratio?: string;
    readonly avg_frame_rate?: string;
    readonly r_frame_rate?: string;
    readonly nb_frames?: string;
    readonly duration?: string;
    readonly side_data_list?: readonly { readonly rotation?: number }[];
  }[];
  readonly format?: { readonly duration?: string };
}

/** How much wider than high a pixel is shown. */
function shapeOfPixels(text = "1:1"): number {
  const shape = ratio(text);
  return shape > 0 && shape < Infinity ? shape : 1;
}

function ratio(text: string): number {
  const [numerator, denominator = 1] = text.split(/[/:]/).map(Number) as [number, number?];
  return numerator / denominator;
}

function isRate(rate: string | undefined): rate is string {
  return rate !== undefined && ratio(rate) > 0 && ratio(rate) <= MOST_FRAMES_PER_SECOND;
}

/**
 * A video's frames as they are shown, upright and of square pixels, at a constant rate: where its own wanders, frames are
 * repeated or left out, so that frame i is shown at i / rate seconds. Each frame is the caller's. Throws an InputError where
 * the video ends before its first frame, and a CutShortError where it is seen to be cut short: in MP4, Matroska, WebM and AVI,
 * other files do not say how long they are. The frames before the cut have come then.
 */
export async function* readFrames(path: string, info: VideoInfo): AsyncGenerator<Photo> {
  const { width, height, rate, frameCount = 0 } = info;
  const args = ["-v", "error", "-nostdin", "-i", `file:${path}`, "-map", "0:v:0", "-fps_mode", "cfr", "-r", rate];
  await using program = await Program.start("ffmpeg", {
    args: [...args, "-s", `${width}x${height}`, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
    stdin: "null",
    stdout: "piped",
  });
  const reader = program.child.stdout.getReader({ mode: "byob" });
  let count = 0;
  while (true) {
    const { value } = await reader.read(new Uint8Array(3 * width * height), { min: 3 * width * height });
    if (value?.length !== 3 * width * height) break;
    count++;
    yield { width, height, rgb: value };
  }
  const { success } = await program.child.status;
  const [reason, complaints] = [await program.complaint(), await program.complaints()];
  if (count === 0) {
    throw new InputError(`Cannot read the video ${path}: ${reason || "no frame came"}; wanted a whole video`);
  }
  if (success && !CUT_SHORT.test(complaints) && !(count < frameCount && await lacksBytes(path))) return;
  const what = success ? "it is cut short" : reason || "ffmpeg ended";
  const of = count < frameCount ? ` of about ${frameCount}` : "";
  throw new CutShortError(`Cannot read the whole video ${path}: ${what} after ${counted(count, "frame")}${of}`);
}

/** What ffmpeg complains of in a cut MP4 or Matroska; of damage within a file it says other things. */
const CUT_SHORT = /\] (stream \d+, offset \w+: partial file|File ended prematurely)/;

/** Whether a file is an AVI that says that it is longer than it is, of which ffmpeg says nothing. */
async function lacksBytes(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const header = new Uint8Array(8);
  let end = 0;
  while (end + header.length <= size) { // files above 1 GB are several of them, one after another
    await file.seek(end, Deno.SeekMode.Start);
    await file.read(header);
    if (new TextDecoder().decode(header.subarray(0, 4)) !== "RIFF") return false;
    end += header.length + new DataView(header.buffer).getUint32(4, true);
  }
  return end > size;
}

/** Said as well: players take what says nothing for BT.601 or BT.709 by its size. */
const TO_BT709 = "scale=out_color_matrix=bt709:out_range=tv";
const AS_BT709 = ["-colorspace", "-color_primaries", "-color_trc"].flatMap((name) => [name, "bt709"])
  .concat("-color_range", "tv");

export interface VideoFileOptions {
  readonly width: number;
  readonly height: number;
  /** Frames a second as a fraction. */
  readonly rate: string;
  /** A file whose sound, if it has any, goes along. */
  readonly soundOf?: string;
}

/** An MP4 (H.264) that grows frame by frame under a temporary name, and takes its own when it is finished. */
export class VideoFile implements AsyncDisposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #program: Program;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #isFinished = false;

  private constructor(path: string, temporary: string, program: Program) {
    this.#path = path;
    this.#temporary = temporary;
    this.#program = program;
    this.#writer = program.child.stdin.getWriter();
  }

  /** Throws an InputError where there is no ffmpeg. */
  static async create(path: string, { width, height, rate, soundOf }: VideoFileOptions): Promise<VideoFile> {
    const temporary = temporaryName(path);
    const sound = soundOf === undefined ? [] : ["-i", `file:${soundOf}`, "-map", "0:v", "-map", "1:a?", "-c:a", "aac"];
    const program = await Program.start("ffmpeg", {
      args: [
        ...["-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`, "-r", rate, "-i", "-"],
        ...sound,
        ...["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p"],
        ...["-vf", `pad=ceil(iw/2)*2:ceil(ih/2)*2,${TO_BT709}`, ...AS_BT709],
        ...["-movflags", "+faststart", "-f", "mp4", `file:${temporary}`],
      ],
      stdin: "piped",
      stdout: "null",
    });
    return new VideoFile(path, temporary, program);
  }

  /** Resolves when the next frame may come; the frame may not change before. */
  async add({ rgb }: Photo): Promise<void> {
    try {
      await this.#writer.write(rgb);
    } catch {
      throw new InputError(
        `Cannot write the video ${this.#path}: ${await this.#program.complaint() || "ffmpeg ended"}`,
      );
    }
  }

  async finish(): Promise<void> {
    await this.#writer.close().catch(() => {});
    const { success } = await this.#program.child.status;
    if (!success) throw new InputError(`Cannot write the video ${this.#path}: ${await this.#program.complaint()}`);
    await keepFile(this.#temporary, this.#path);
    this.#isFinished = true;
  }

  /** What is not finished leaves no file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isFinished) return;
    await this.#writer.abort().catch(() => {});
    await this.#program[Symbol.asyncDispose]();
    await Deno.remove(this.#temporary).catch(() => {});
  }
}

/** A program that runs beside; disposing it ends it. */
class Program implements AsyncDisposable {
  readonly #complaints: Promise<Uint8Array>;

  private constructor(readonly child: Deno.ChildProcess) {
    this.#complaints = new Response(child.stderr).bytes();
  }

  static async start(name: string, options: Omit<Deno.CommandOptions, "stderr">): Promise<Program> {
    return new Program(await command(name, { ...options, stderr: "piped" }, (program) => program.spawn()));
  }

  /** What it complained of, when it has ended. */
  async complaints(): Promise<string> {
    return new TextDecoder().decode(await this.#complaints);
  }

  /** The last line of that. */
  async complaint(): Promise<string> {
    return lastLine(await this.#complaints);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await this.child.status;
    await this.#complaints;
  }
}

async function command<T>(
  name: string,
  options: Deno.CommandOptions,
  start: (command: Deno.Command) => T | Promise<T>,
): Promise<T> {
  try {
    return await start(new Deno.Command(name, options));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `Cannot start ${name}: it was not found, and videos need it; install ffmpeg (Debian: apt-get install ffmpeg, ` +
        "macOS: brew install ffmpeg)",
    );
  }
}

/** What ffmpeg adds where something else has gone wrong. */
const AFTERMATH = /^(Error marking filters|Cannot determine format|Conversion failed|Error while (decoding|filtering))/;

function lastLine(bytes: Uint8Array): string {
  const lines = new TextDecoder().decode(bytes).trim().split("\n");
  return (lines.findLast((line) => !AFTERMATH.test(line)) ?? lines.at(-1)!).replace(/^(\[[^\]]*\]|file:[^ ]*:) /, "");
}
