import cliProgress from "cli-progress";
import type { Experiment, TrainReport } from "@/lib/experiment.ts";

export interface TrainingDisplay {
  show(report: TrainReport): void;
  end(): void;
}

/** A progress bar on a terminal; elsewhere a line at each validation, and each minute. Both on standard error. */
export function trainingDisplay(experiment: Experiment): TrainingDisplay {
  return Deno.stderr.isTerminal() ? progressBar(experiment) : plainLines(experiment);
}

function progressBar({ config: { steps, batchSize }, step }: Experiment): TrainingDisplay {
  const bar = new cliProgress.SingleBar({
    format: "{bar} {value}/{total} · {rate} faces/s · loss {loss} · NME {nme} · {left} left",
    barsize: 24,
    hideCursor: true,
  }, cliProgress.Presets.shades_classic);
  const pace = new Pace();
  let nme = "–";
  bar.start(steps, step, { rate: "–", loss: "–", nme, left: "–" });
  return {
    show(report) {
      pace.add(report.seconds);
      if (report.validation) nme = `${report.validation.nme68_2d.toFixed(2)} %`;
      bar.update(report.step, {
        rate: rate(batchSize / pace.seconds),
        loss: report.loss.toPrecision(3),
        nme,
        left: duration((steps - report.step) * pace.seconds),
      });
    },
    end: () => bar.stop(),
  };
}

function plainLines({ config: { steps, batchSize } }: Experiment): TrainingDisplay {
  const pace = new Pace();
  let shown = performance.now();
  return {
    show({ step, loss, seconds, validation }) {
      pace.add(seconds);
      if (!validation && performance.now() - shown < 60_000) return;
      shown = performance.now();
      const validated = validation &&
        `  validation loss ${validation.loss.toPrecision(3)}  NME ${validation.nme68_2d.toFixed(2)} %`;
      console.error(
        `step ${step}/${steps}  loss ${loss.toPrecision(3)}${validated ?? ""}  ` +
          `${rate(batchSize / pace.seconds)} faces/s  ${duration((steps - step) * pace.seconds)} left`,
      );
    },
    end() {},
  };
}

/** Seconds a step, the latest weighing most. */
class Pace {
  seconds = 0;

  add(seconds: number): void {
    this.seconds = this.seconds === 0 ? seconds : 0.95 * this.seconds + 0.05 * seconds;
  }
}

function rate(facesPerSecond: number): string {
  return facesPerSecond.toFixed(facesPerSecond < 10 ? 1 : 0);
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`;
}
