import type { Experiment, TrainReport } from "@/lib/experiment.ts";
import { isTerminal, width } from "@/tasks/console/status_line.ts";
import type { TaskConsole } from "@/tasks/console/task_console.ts";
import { durationText } from "@/tasks/train/durations.ts";

/** Where no terminal is, a line is due after so long. */
const LINE_MILLISECONDS = 60_000;

/** How a training goes: a bar on a terminal; elsewhere a line at each validation, and each minute. */
export class TrainingDisplay {
  readonly #pace = new Pace();
  readonly #console: TaskConsole;
  readonly #experiment: Pick<Experiment, "config" | "facesPerStep">;
  #nme = "–";
  #printed = performance.now();

  constructor(experiment: Pick<Experiment, "config" | "facesPerStep">, console: TaskConsole) {
    this.#experiment = experiment;
    this.#console = console;
  }

  show({ step, loss, lossTerms, seconds, validation }: TrainReport): void {
    const { config: { steps }, facesPerStep } = this.#experiment;
    if (this.#pace.add(seconds)) this.#console.quiet(); // the first step is over, and what was shown for it
    const pace = this.#pace.seconds;
    const [rate, left] = pace ? [perSecond(facesPerStep / pace), durationText((steps - step) * pace)] : ["–", "–"];
    if (validation) this.#nme = `${validation.nme68_2d.toFixed(2)} %`;
    this.#console.show(barLine([
      `${step}/${steps}`,
      `${rate} faces/s`,
      `loss ${loss.toPrecision(3)}`,
      `NME ${this.#nme}`,
      `${left} left`,
    ], { done: step / steps, columns: width() - SPINNER_WIDTH }));
    if (isTerminal || !validation && performance.now() - this.#printed < LINE_MILLISECONDS) return;
    this.#printed = performance.now();
    const position = lossTerms["position"]!.toPrecision(3); // validations have no other term
    const validated = validation
      ? `  of positions ${position}, in validation ${validation.loss.toPrecision(3)}  NME ${this.#nme}`
      : "";
    this.#console.print(
      `step ${step}/${steps}  loss ${loss.toPrecision(3)}${validated}  ${rate} faces/s  ${left} left`,
    );
  }
}

const SPINNER_WIDTH = 2;

/** A bar in what the facts leave free of the columns, where that is enough to see something. */
export function barLine(
  facts: readonly string[],
  { done, columns }: { readonly done: number; readonly columns: number },
): string {
  const text = facts.join(" · ");
  const room = columns - text.length - 1;
  if (room < 4) return text.slice(0, columns);
  const full = Math.round(done * room);
  return `${"█".repeat(full)}${"░".repeat(room - full)} ${text}`;
}

/** Seconds a step, over the last half minute. The first step, which is traced before it is taken, does not count. */
export class Pace {
  static readonly WINDOW_SECONDS = 30;
  readonly #latest: number[] = [];
  #sum = 0;
  #isFirst = true;

  /** True for the first step. */
  add(seconds: number): boolean {
    if (this.#isFirst) return !(this.#isFirst = false);
    this.#latest.push(seconds);
    this.#sum += seconds;
    while (this.#sum - this.#latest[0]! >= Pace.WINDOW_SECONDS) this.#sum -= this.#latest.shift()!;
    return false;
  }

  /** Undefined until a second step is taken. */
  get seconds(): number | undefined {
    return this.#latest.length > 0 ? this.#sum / this.#latest.length : undefined;
  }
}

function perSecond(faces: number): string {
  return faces.toFixed(faces < 10 ? 1 : 0);
}
