// processes.ts COUNT -- COMMAND…: runs a task as that many ranks of one training on this machine, which end together.
import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

/** After another rank has failed, rank 0 finds out by itself, and says how to go on; where it does not, it is killed. */
const END_MILLISECONDS = 30_000;
/** What a rank says when its settings are in order: what it says before, rank 0 says too. */
const BEGUN = "Waiting for the other ranks\n";
const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const;
/** Exit statuses of ranks that were asked to stop: rank 0 may still be saving then. */
const stopped = [75, 130, 143];

const command = taskCommand("train").argument("<count>").argument("<command...>");

await runTask(command, async () => {
  const [given, program, ...programArguments] = command.args as [string, string, ...string[]];
  const count = Number(given);
  if (!Number.isInteger(count) || count < 1) {
    throw new InputError(`Cannot set --processes to "${given}": a whole number from 1 is wanted`);
  }
  const devices = devicesOf(count);
  const cluster = freeAddresses(count).join();
  const ranks = Array.from({ length: count }, (_, rank) => {
    const child = new Deno.Command(program, {
      args: [...programArguments, "--cluster", cluster, "--rank", `${rank}`],
      env: { CUDA_VISIBLE_DEVICES: devices[rank]! },
      ...rank > 0 && { stdout: "null", stderr: "piped" } as const,
    }).spawn();
    return { rank, child, said: rank > 0 ? textOf(child.stderr) : undefined };
  });
  for (const signal of stopSignals) Deno.addSignalListener(signal, () => sendAll(ranks, signal));
  let isOver = false;
  const ends = ranks.map(async ({ rank, child, said }) => {
    const { code } = await child.status;
    const hasFailed = code !== 0 && !stopped.includes(code);
    if (hasFailed && rank === 0) sendAll(ranks, "SIGKILL");
    const isNews = hasFailed && !isOver;
    isOver = true; // others that miss this one have nothing more to tell
    if (!isNews) return code;
    const [, own] = (await said ?? "").split(BEGUN);
    for (const line of own?.trimEnd().split("\n") ?? []) console.error(`rank ${rank}: ${line}`);
    Deno.unrefTimer(setTimeout(() => sendAll(ranks, "SIGKILL"), END_MILLISECONDS));
    return code;
  });
  const [code] = await Promise.all(ends);
  Deno.exit(code);
});

/** Each rank has a GPU of its own, where there are such. Throws an InputError where the environment leaves too few. */
function devicesOf(count: number): string[] {
  const given = Deno.env.get("CUDA_VISIBLE_DEVICES");
  if (given === undefined) return Array.from({ length: count }, (_, rank) => `${rank}`);
  if (given === "" || given === "-1") return Array<string>(count).fill(given); // no GPU
  const devices = given.split(",");
  if (devices.length >= count) return devices;
  throw new InputError(
    `Cannot train by ${count} processes: CUDA_VISIBLE_DEVICES is "${given}", ${
      counted(devices.length, "GPU")
    }, and each ` +
      "process wants its own",
  );
}

function freeAddresses(count: number): string[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const addresses = listeners.map(({ addr }) => `127.0.0.1:${(addr as Deno.NetAddr).port}`);
  for (const listener of listeners) listener.close();
  return addresses;
}

async function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return (await Array.fromAsync(stream.pipeThrough(new TextDecoderStream()))).join("");
}

function sendAll(ranks: readonly { readonly child: Deno.ChildProcess }[], signal: Deno.Signal): void {
  for (const { child } of ranks) {
    try {
      child.kill(signal);
    } catch {
      // it has ended
    }
  }
}
