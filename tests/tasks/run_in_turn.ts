// run_in_turn.ts TASK: runs a task once for each list of arguments in the JSON on standard input, all in this process.
// After a run's text, standard output has "\0", its exit status and "\0", standard error "\0" alone.

/** In place of what ends the program. */
class Exit extends Error {
  constructor(readonly status: number) {
    super(`Exit ${status}`);
  }
}

const [name] = Deno.args;
const lists: string[][] = await new Response(Deno.stdin.readable).json();
const end = Deno.exit;
setInterval(() => {}, 1000); // Deno gives up on an import where nothing else is pending
Deno.exit = (status = Number(Deno.exitCode)): never => {
  throw new Exit(status);
};
for (const [i, list] of lists.entries()) {
  Object.defineProperty(Deno, "args", { value: list, configurable: true });
  const status = await statusOf(`../../tasks/${name}.ts?${i}`);
  write(Deno.stdout, `\0${status}\0`);
  write(Deno.stderr, "\0");
}
end(0);

/** Of the task's module, evaluated anew: one of another query is another module, and what it imports is the same. */
async function statusOf(module: string): Promise<number> {
  try {
    await import(module);
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.status;
    console.error(error); // a fault of the task, as Deno would tell it
    return 1;
  }
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}
