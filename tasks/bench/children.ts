import { allowedEnvironment } from "@/lib/tensorflow/library/wheels.ts";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** SIGKILL unless given. */
  readonly endedBy?: Deno.Signal;
}

const repository = new URL("../..", import.meta.url);

export interface Leave {
  /** Programs that it may run; none unless given. */
  readonly run?: readonly string[] | "any";
  /** The addresses of this computer at which it may serve and call. */
  readonly net?: readonly string[];
}

/** A program of tasks/bench, given these options, with the permissions that the tasks have, and more leave. */
export function denoCommand(script: string, options: object, { run = [], net = [] }: Leave = {}): Command {
  const permissions = ["--allow-ffi", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
  if (run.length > 0) permissions.push(run === "any" ? "--allow-run" : `--allow-run=${run}`);
  if (net.length > 0) permissions.push(`--allow-net=${net}`);
  const path = `${import.meta.dirname}/${script}`;
  return { program: Deno.execPath(), args: ["run", "--quiet", ...permissions, path, JSON.stringify(options)] };
}

/** Child processes, none of which outlives this or the signal. */
export class Children implements Disposable {
  readonly #running = new Set<Child>();
  readonly #kill = () => {
    for (const child of this.#running) child[Symbol.dispose]();
  };

  constructor(readonly signal: AbortSignal) {
    signal.addEventListener("abort", this.#kill);
  }

  /** In the repository's folder unless given. Throws the signal's reason after it. */
  spawn(command: Command, folder: URL | string = repository): Child {
    this.signal.throwIfAborted();
    const child = new Child(command, folder, this.signal);
    this.#running.add(child);
    child.ended.then(() => this.#running.delete(child));
    return child;
  }

  [Symbol.dispose](): void {
    this.signal.removeEventListener("abort", this.#kill);
    this.#kill();
  }
}

export class Child implements Disposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;
  readonly #signal: AbortSignal;
  readonly #endedBy: Deno.Signal;
  readonly #errors: Promise<string>;

  constructor({ program, args, environment, endedBy = "SIGKILL" }: Command, folder: URL | string, signal: AbortSignal) {
    this.#process = new Deno.Command(program, {
      args: [...args],
      clearEnv: true,
      env: { ...allowedEnvironment(), ...environment },
      cwd: folder,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#lines = linesOf(this.#process.stdout);
    this.#errors = new Response(this.#process.stderr).text();
    this.#signal = signal;
    this.#endedBy = endedBy;
  }

  /** Whether it ended well. */
  get ended(): Promise<boolean> {
    return this.#process.status.then(({ success }) => success);
  }

  async write(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`)).catch(() => {}); // that it ended is seen in reading
  }

  /** The next line of its standard output. Throws a ChildError where it ended. */
  async readLine(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (!done) return value;
    throw await this.failure();
  }

  /** Why it ended: the signal's reason, or its standard error. */
  async failure(): Promise<Error> {
    const errors = await this.#errors;
    return this.#signal.aborted ? this.#signal.reason : new ChildError(errors.trim() || "it ended without a word");
  }

  /** Ends it, if it has not ended. */
  [Symbol.dispose](): void {
    try {
      this.#process.kill(this.#endedBy);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
  }
}

export class ChildError extends Error {
  /** @param standardError all of it */
  constructor(readonly standardError: string) {
    super(standardError.split("\n").at(-1)!);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
