// deno task bench [benches] [options]: measures posmap beside its peers, all of them taking turns.
import { resolve } from "node:path";
import { InputError } from "@/lib/errors.ts";
import type { Bench, BenchOptions } from "@/tasks/bench/bench.ts";
import { Children } from "@/tasks/bench/children.ts";
import { dataBench } from "@/tasks/bench/data.ts";
import { mapsBench } from "@/tasks/bench/maps.ts";
import { matBench } from "@/tasks/bench/mat.ts";
import { objBench } from "@/tasks/bench/obj.ts";
import { startupBench } from "@/tasks/bench/startup.ts";
import { memoryBench } from "@/tasks/bench/memory.ts";
import { findIct, findMat } from "@/tasks/bench/material.ts";
import { findPeers, installPeers } from "@/tasks/bench/peers.ts";
import { ranksBench } from "@/tasks/bench/ranks.ts";
import { pageBench } from "@/tasks/bench/page.ts";
import { type Row, tableOf } from "@/tasks/bench/rows.ts";
import { trainBench } from "@/tasks/bench/train.ts";
import { inferBench, onnxBench } from "@/tasks/bench/infer.ts";
import { predictBench } from "@/tasks/bench/predict.ts";
import { trackBench } from "@/tasks/bench/track.ts";
import { dispatchBench } from "@/tasks/bench/dispatch.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const benches: Readonly<Record<string, Bench>> = {
  train: trainBench,
  infer: inferBench,
  onnx: onnxBench,
  dispatch: dispatchBench,
  data: dataBench,
  maps: mapsBench,
  mat: matBench,
  obj: objBench,
  predict: predictBench,
  track: trackBench,
  startup: startupBench,
  memory: memoryBench,
  page: pageBench,
  ranks: ranksBench,
};

interface Options {
  readonly json?: boolean;
  readonly peers?: boolean;
  readonly repetitions: string;
  readonly threads: string;
  readonly case: string;
  readonly ict?: string;
  readonly lp300?: string;
  readonly sourceModel?: string;
  readonly mat?: string;
}

/** Processes that want to run, in the last minute; above it, figures say more about those than about the contestants. */
const BUSY_LOAD = 0.7;

const command = taskCommand("bench")
  .description("Measures posmap beside its peers, all of them taking turns; ratios above 1 are in posmap's favor")
  .argument("[benches...]", `which: ${Object.keys(benches).join(", ")} (default: all)`)
  .option("--json", "a JSON object a row, in place of tables")
  .option("--peers", "install the peers into the cache folder, and end")
  .option("--repetitions <count>", "of each contestant", "5")
  .option("--threads <count>", "of each contestant", String(navigator.hardwareConcurrency))
  .option("--case <pattern>", "only cases whose name it matches, a regular expression", "")
  .option("--ict <folder>", "ICT-FaceKit's FaceXModel, for data and obj (default: POSMAP_ICT)")
  .option("--lp300 <folder>", "300W-LP, for data, with --source-model")
  .option("--source-model <file>", "the Basel Face Model, as deno task prepare bfm makes it")
  .option(
    "--mat <folder>",
    "of .mat files (default: AFLW2000-3D's where they are at hand, else such as SciPy writes)",
  );

await runTask(command, async (console) => {
  const options = command.opts<Options>();
  const chosen = command.args.length > 0 ? command.args : Object.keys(benches);
  for (const name of chosen) checkBench(name);
  const [repetitions, threads] = [
    positive("--repetitions", options.repetitions),
    positive("--threads", options.threads),
  ];

  const note = (sentence: string) => console.print(sentence);
  using children = new Children(console.signal);
  if (options.peers) {
    console.stage("Installing the peers");
    return await installPeers({ children, note });
  }
  const peers = await findPeers();
  if (peers.missing.length > 0) {
    note(`Left out, as not installed: ${peers.missing.join(", ")}; "deno task bench --peers" installs them`);
  }
  const [load] = Deno.loadavg();
  if (load! > BUSY_LOAD) {
    note(
      `Other programs are at work here (load ${
        load!.toFixed(1)
      }): PyTorch's threads, which wait for each other, suffer most`,
    );
  }
  const benchOptions: BenchOptions = {
    children,
    repetitions,
    threads,
    peers,
    note,
    only: pattern(options.case),
    ictFolder: await findIct(options.ict && resolve(options.ict)),
    photos: options.lp300 && options.sourceModel
      ? { name: "300w-lp", path: resolve(options.lp300), model: resolve(options.sourceModel) }
      : undefined,
    matFolder: await findMat(options.mat && resolve(options.mat)),
  };
  for (const name of chosen) {
    const measured: Row[] = [];
    const measure = () => void console.stage(`Measuring ${name}`);
    measure();
    for await (const rows of benches[name]!(benchOptions)) {
      console.quiet();
      if (options.json) { for (const row of rows) globalThis.console.log(JSON.stringify(row)); }
      measured.push(...rows);
      measure();
    }
    console.quiet();
    if (!options.json && measured.length > 0) globalThis.console.log(`\n${name}\n${tableOf(measured)}`);
  }
});

function checkBench(name: string): void {
  if (Object.hasOwn(benches, name)) return;
  throw new InputError(`Cannot measure "${name}": the benches are ${Object.keys(benches).join(", ")}`);
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new InputError(`Cannot set --case to "${text}": a regular expression is wanted`);
  }
}

function positive(flag: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InputError(`Cannot set ${flag} to "${text}": a whole number from 1 is wanted`);
}
