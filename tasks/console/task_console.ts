import {
  exitStatus,
  isTerminal,
  type Limit,
  newShared,
  printLines,
  setStage,
  type Shared,
  type Status,
} from "@/tasks/console/status_line.ts";

/** Ends a task, with the exit status that shells give the signal. */
export class Interruption extends Error {
  constructor(readonly exitStatus: number) {
    super("Interrupted");
  }
}

/**
 * Called with the part of a stage that is done, from 0 to 1, and where it is called something else by now, with that; throws
 * the Interruption once a signal has come.
 */
export type StageProgress = (done: number, name?: string) => void;

/**
 * A task's standard error: what it is at moves, also while the task's thread is busy, and lines that stay. From the
 * first stage, or the first look at `signal`, on it hears SIGINT, SIGTERM, SIGHUP and SIGUSR1; a second one ends the
 * program at once.
 */
export class TaskConsole implements Disposable {
  readonly #shared: Shared = newShared();
  readonly #controller = new AbortController();
  #worker: Worker | undefined;
  #stage = 0;

  /** For what waits: aborted with an Interruption once a signal has come. */
  get signal(): AbortSignal {
    this.#worker ??= this.#startWorker();
    return this.#controller.signal;
  }

  /** For what computes: whether a signal has come, also where this thread had no time to hear of it. */
  get aborted(): boolean {
    return exitStatus(this.#shared) !== 0;
  }

  /** Has the task stop after so long, as a signal would. */
  stopAfter(seconds: number): void {
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage({ seconds } satisfies Limit);
  }

  throwIfAborted(): void {
    if (this.aborted) throw new Interruption(exitStatus(this.#shared));
  }

  /** What the task is at from now on, in place of what it was at. */
  stage(name: string): StageProgress {
    this.#worker ??= this.#startWorker();
    this.throwIfAborted();
    setStage(this.#shared, ++this.#stage);
    if (!isTerminal) this.print(name);
    this.#tell({ text: name, timed: true });
    let shown = name;
    return (done, current = name) => {
      this.throwIfAborted();
      const percent = Math.floor(100 * done);
      const text = percent > 0 ? `${current}  ${percent} %` : current;
      if (text !== shown) this.#tell({ text: shown = text, timed: true });
    };
  }

  /** A stage that begins with the first call that says how much of it is done. */
  lateStage(name: string): StageProgress {
    let progress: StageProgress | undefined;
    return (done) => (progress ??= this.stage(name))(done);
  }

  /** On a terminal, the text of the stage's line. */
  show(text: string): void {
    if (isTerminal) this.#tell({ text, timed: false });
  }

  /** Ends the stage. */
  quiet(): void {
    setStage(this.#shared, ++this.#stage);
  }

  /** Writes a line that stays. */
  print(line: string): void {
    printLines(this.#shared, line);
  }

  [Symbol.dispose](): void {
    this.quiet();
    this.#worker?.terminate();
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL("./console_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = () => this.#controller.abort(new Interruption(exitStatus(this.#shared)));
    worker.postMessage(this.#shared);
    return worker;
  }

  #tell(status: Omit<Status, "stage">): void {
    this.#worker?.postMessage({ ...status, stage: this.#stage } satisfies Status);
  }
}
