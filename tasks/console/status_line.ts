/** What a task is at, as the one line of it that moves. */
export interface Status {
  /** Each stage has a number of its own: what is drawn late, of a stage that is over, is dropped. */
  readonly stage: number;
  readonly text: string;
  /** Also says for how long. */
  readonly timed: boolean;
}

/** Seconds after which a task is stopped as by a signal. */
export interface Limit {
  readonly seconds: number;
}

/** Exit status of a task that was asked to stop before its end, and can go on: EX_TEMPFAIL of sysexits.h. */
export const STOPPED_ON_REQUEST = 75;

/** Memory that a task shares with the thread that draws for it: [lock, number of the stage that is on, exit status]. */
export type Shared = Int32Array<SharedArrayBuffer>;

const LOCK = 0;
const STAGE = 1;
const EXIT_STATUS = 2;

export function newShared(): Shared {
  return new Int32Array(new SharedArrayBuffer(12));
}

/** Exit status of the signal that has come, or 0. */
export function exitStatus(shared: Shared): number {
  return Atomics.load(shared, EXIT_STATUS);
}

export function setExitStatus(shared: Shared, status: number): void {
  Atomics.store(shared, EXIT_STATUS, status);
}

export const isTerminal = Deno.stderr.isTerminal();

/** Makes another stage the one that is on; 0 is none. What the one before had drawn is wiped away. */
export function setStage(shared: Shared, stage: number): void {
  locked(shared, () => {
    Atomics.store(shared, STAGE, stage);
    write(WIPE);
  });
}

/** Writes lines that stay, above the one that moves. */
export function printLines(shared: Shared, text: string): void {
  locked(shared, () => write(`${WIPE}${text}\n`));
}

/** Draws the line that moves, or where there is no terminal, one that stays. */
export function draw(shared: Shared, { stage }: Status, text: string): void {
  locked(shared, () => {
    if (Atomics.load(shared, STAGE) !== stage) return;
    write(isTerminal ? `${WIPE}${text.slice(0, width())}` : `${text}\n`);
  });
}

/** Columns that a line may fill, which is never wrapped. */
export function width(): number {
  try {
    return Math.min(MOST_COLUMNS, Deno.consoleSize().columns) - 1;
  } catch {
    return MOST_COLUMNS - 1;
  }
}

const MOST_COLUMNS = 80;
const WIPE = isTerminal ? "\r\x1b[K" : "";

/** The two threads' writes, one after the other. */
function locked(shared: Shared, body: () => void): void {
  while (Atomics.compareExchange(shared, LOCK, 0, 1) !== 0) Atomics.wait(shared, LOCK, 1);
  try {
    body();
  } finally {
    Atomics.store(shared, LOCK, 0);
    Atomics.notify(shared, LOCK);
  }
}

function write(text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
  } catch {
    // nobody listens any more, as after SIGHUP: the work goes on
  }
}
