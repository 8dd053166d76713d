import { fileURLToPath } from "node:url";
const root = fileURLToPath(new URL("../..", import.meta.url));

export type TaskName =
  | "train"
  | "evaluate"
  | "export"
  | "import"
  | "video"
  | "predict"
  | "track"
  | "serve"
  | "card"
  | "download"
  | "compare"
  | "prepare"
  | "bench"
  | "notebooks";

/** Flags of a training that validates and saves at every step, and would take hours. */
export const endless = ["--fast-dev-run", "--width", "4", "--workers", "0", "--steps", "100000", "--device", "cpu"];

export interface Surroundings {
  /** Where the user stands, unless in the checkout. */
  readonly folder?: string;
  /** What a file can grow to, in blocks of 512 bytes. */
  readonly blocks?: string;
  /** Variables beside those of the tests. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Code as it is first compiled, as most tasks of tests end before faster code pays for itself. */
const quickToStart = { DENO_V8_FLAGS: "--no-opt" };

/** As where Deno does not run by npx, also where the tests do. */
export const withoutNpx = { npm_command: "" };

/** A task in a process of its own, as `deno task` starts it. */
export function spawnTask(name: TaskName, ...given: (string | Surroundings)[]): Deno.ChildProcess {
  const taskArguments = given.filter((one) => typeof one === "string");
  const surroundings: Surroundings[] = given.filter((one) => typeof one !== "string");
  const { folder = root, blocks = "unlimited", environment } = Object.assign({}, ...surroundings) as Surroundings;
  const command = ["sh", "tasks/sandbox.sh", Deno.execPath(), name, ...taskArguments];
  return new Deno.Command("sh", {
    args: ["-c", `trap "" XFSZ; ulimit -f ${blocks}; exec "$@"`, "sh", ...command],
    cwd: root,
    env: { ...quickToStart, ...withoutNpx, INIT_CWD: folder, ...environment }, // as Deno's task runner has it
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

export interface TaskEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runTaskChild(name: TaskName, ...taskArguments: (string | Surroundings)[]): Promise<TaskEnd> {
  const { code, stdout, stderr } = await spawnTask(name, ...taskArguments).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: untimed(decoder.decode(stderr)) };
}

export interface EndsOptions extends Pick<Surroundings, "folder" | "environment"> {
  /**
   * So many of the first lists have a process each, as users start it. The others share one, without the sandbox: they
   * are to leave nothing behind in it that a later one would see.
   */
  readonly apart: number;
}

/** How a task ends for each of these lists of arguments. */
export async function taskEnds(
  name: TaskName,
  lists: readonly (readonly string[])[],
  { apart, ...surroundings }: EndsOptions,
): Promise<TaskEnd[]> {
  const [own, shared] = await Promise.all([
    Promise.all(lists.slice(0, apart).map((list) => runTaskChild(name, ...list, surroundings))),
    endsInTurn(name, lists.slice(apart), surroundings),
  ]);
  return [...own, ...shared];
}

/** In one process, which has the task's permissions, and may read and write everywhere. */
async function endsInTurn(
  name: TaskName,
  lists: readonly (readonly string[])[],
  { folder = root, environment }: Pick<Surroundings, "folder" | "environment">,
): Promise<TaskEnd[]> {
  const permissions = [`-P=${name}`, "--allow-read", "--allow-write"];
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", `--config=${root}/deno.json`, ...permissions, IN_TURN, name],
    cwd: folder,
    env: { ...quickToStart, INIT_CWD: folder, ...environment },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [{ stdout, stderr }] = await Promise.all([
    child.output(),
    new Blob([JSON.stringify(lists)]).stream().pipeTo(child.stdin),
  ]);
  const decoder = new TextDecoder();
  const printed = decoder.decode(stdout).split("\0"); // text, status, text, status, …, and nothing
  const said = decoder.decode(stderr).split("\0");
  if (printed.length !== 2 * lists.length + 1) throw new Error(`deno task ${name} ended the process: ${said.at(-1)}`);
  return lists.map((_, i) => ({
    code: Number(printed[2 * i + 1]),
    stdout: printed[2 * i]!,
    stderr: untimed(said[i]!),
  }));
}

const IN_TURN = `${import.meta.dirname}/run_in_turn.ts`;

/** What a task says, without the lines that only tell for how long a stage goes on: those depend on the machine. */
export function untimed(stderr: string): string {
  return stderr.replace(/^.* {2}\d+ s\n/gm, "");
}

/** Lines of a stream as they come, and all of them at its end. */
export class Lines {
  text = "";
  #ended = false;
  #news = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#read(stream.pipeThrough(new TextDecoderStream()));
  }

  /** Waits until the text has it. Throws with the text where the stream ends without. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      if (this.#ended) throw new Error(`Expected ${pattern}, got: ${this.text}`);
      await this.#news.promise;
    }
  }

  async end(): Promise<string> {
    while (!this.#ended) await this.#news.promise;
    return this.text;
  }

  async #read(stream: ReadableStream<string>): Promise<void> {
    for await (const part of stream) {
      this.text += part;
      this.#tell();
    }
    this.#ended = true;
    this.#tell();
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
