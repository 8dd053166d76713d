// A thread beside a task's own, which computes for seconds on end: shows that something moves, and hears signals.
import {
  draw,
  isTerminal,
  type Limit,
  printLines,
  setExitStatus,
  type Shared,
  type Status,
  STOPPED_ON_REQUEST,
} from "./status_line.ts";

const worker = self as unknown as Worker;
let shared: Shared;
let status: Status | undefined;
let began = 0;
let ticks = 0;

const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const REDRAWN_SECONDS = 0.1;
/** Seconds of a stage after which the line is written again where no terminal is; then once a minute. */
const SAID_AGAIN = [2, 10, 30, 60];

worker.onmessage = ({ data }: MessageEvent<Shared | Status | Limit>) => {
  if ("seconds" in data) return stopAfter(1000 * data.seconds);
  if (!("stage" in data)) return start(data);
  if (data.stage !== status?.stage) [began, ticks] = [performance.now(), 0];
  status = data;
};

function start(memory: Shared): void {
  shared = memory;
  for (const [signal, exitStatus] of signals) {
    const hear = () => hearSignal(exitStatus);
    Deno.addSignalListener(signal, hear);
    listeners.push([signal, hear]);
  }
  setInterval(tick, isTerminal ? 1000 * REDRAWN_SECONDS : 1000);
}

function tick(): void {
  if (!status) return;
  const seconds = Math.floor((performance.now() - began) / 1000);
  const time = status.timed ? `  ${seconds} s` : "";
  if (isTerminal) return draw(shared, status, `${SPINNER[ticks++ % SPINNER.length]} ${status.text}${time}`);
  if (!status.timed || seconds < (SAID_AGAIN[ticks] ?? 60 * (ticks - SAID_AGAIN.length + 2))) return;
  ticks++;
  draw(shared, status, `${status.text}${time}`);
}

/** In milliseconds; a timer that is to take longer ends at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

function stopAfter(milliseconds: number): void {
  const first = Math.min(milliseconds, LONGEST_TIMER);
  setTimeout(() => first < milliseconds ? stopAfter(milliseconds - first) : hearSignal(STOPPED_ON_REQUEST), first);
}

/** SIGHUP ends a task as SIGTERM does, and SIGUSR1, which batch systems send before the time is up, as its end does. */
const signals: readonly (readonly [Deno.Signal, exitStatus: number])[] = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 143],
  ...Deno.build.os === "windows" ? [] : [["SIGUSR1", STOPPED_ON_REQUEST] as const],
];
const listeners: [Deno.Signal, () => void][] = [];
let heard = false;

/** What Deno's task runner passes on and what the terminal sends to all its programs is one signal, come twice. */
const ECHO_MILLISECONDS = 250;

/** The first signal is for the task to obey; after it, signals do what they do to any program: end it at once. */
function hearSignal(exitStatus: number): void {
  if (heard) return;
  heard = true;
  printLines(shared, "Stopping; a second signal ends at once"); // before the task hears of it, which may end at once
  setExitStatus(shared, exitStatus);
  worker.postMessage(undefined);
  setTimeout(() => {
    for (const [signal, hear] of listeners) Deno.removeSignalListener(signal, hear);
  }, ECHO_MILLISECONDS);
}
