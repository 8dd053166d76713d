import { dirname, resolve } from "node:path";
import fc from "@/tests/fast_check.ts";
import { newRunFolder } from "@/tasks/train/run_folder.ts";
import { TaskConsole } from "@/tasks/console/task_console.ts";
import { quoted, taskLine } from "@/tasks/run_task.ts";
import { assert, assertEquals, withEnvironment } from "@/tests/support.ts";
import { Lines } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("a shell takes what quoted() gives for the argument itself", async () => {
  const texts = fc.sample(fc.string({ unit: "grapheme-ascii", minLength: 1 }), { numRuns: 200, seed: 7 });
  const all = [...texts, "runs/lite-1", "a b", "it's", "$HOME", "~", "-x", "é", "é…/a b", "…/FaceXModel"];
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf '%s\\n' ${all.map(quoted).join(" ")}`] })
    .output();
  assertEquals(new TextDecoder().decode(stdout), all.map((text) => `${text}\n`).join(""));
  for (const plain of ["../runs/lite-20261128", "…/Gesichter/Jörg"]) assertEquals(quoted(plain), plain);
});

Deno.test("taskLine() gives a line that starts the task from where the user stands, by npx where that runs Deno", async () => {
  const checkout = resolve(import.meta.dirname!, "../..");
  const lineFrom = async (INIT_CWD: string, npm_command: string) => {
    let line = "";
    await withEnvironment({ INIT_CWD, npm_command }, () => Promise.resolve(void (line = taskLine("predict"))));
    return line;
  };
  for (const folder of [checkout, `${checkout}/tasks/live`]) {
    assertEquals(await lineFrom(folder, ""), "deno task predict");
    assertEquals(await lineFrom(folder, "exec"), "npx --yes deno task predict");
  }
  await using folder = await temporaryFolder();
  for (const place of [folder.path, dirname(checkout)]) {
    const line = await lineFrom(place, "");
    const { code, stdout } = await new Deno.Command("sh", { args: ["-c", `${line} --help`], cwd: place }).output();
    assert(code === 0 && new TextDecoder().decode(stdout).startsWith("Usage: deno task predict "), line);
  }
});

Deno.test("newRunFolder() gives each run an empty folder of its own, also of those that begin at once", async () => {
  await using folder = await temporaryFolder();
  const paths = await Promise.all(Array.from({ length: 20 }, () => newRunFolder(`${folder.path}/runs`, "lite")));
  assertEquals(new Set(paths).size, 20);
  for (const path of paths) {
    assert(/\/runs\/lite-\d{8}-\d{6}(-\d+)?$/.test(path), path);
    assertEquals([...Deno.readDirSync(path)], []);
  }
});

function oddTask(...flags: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-read", "--allow-env", `${import.meta.dirname}/odd_task.ts`, ...flags],
    stdout: "piped",
    stderr: "piped",
  });
}

Deno.test("runTask() tells the first of two errors, in one sentence", async () => {
  const { code, stderr } = await oddTask("--fail").output();
  assertEquals([code, new TextDecoder().decode(stderr)], [2, "in writing it\n"]);
});

Deno.test("a task that computes without a break shows that it does, hears a signal, and ends at a second one", async () => {
  await using child = oddTask().spawn();
  const [stdout, stderr] = [new Lines(child.stdout), new Lines(child.stderr)];
  await stderr.until(/^Computing\nComputing +\d+ s\n/);
  child.kill("SIGTERM");
  await stderr.until(/\nStopping; a second signal ends at once\n/);
  await stdout.until(/^true 143\n/); // it learns of the signal while it goes on
  const again = setInterval(() => { // what comes close to the first one is its echo
    try {
      child.kill("SIGTERM");
    } catch {
      clearInterval(again); // it has ended
    }
  }, 20);
  assertEquals((await child.status).code, 143);
  clearInterval(again);
  await Promise.all([stdout.end(), stderr.end()]);
});

Deno.test("a task that is to stop after weeks, longer than a timer can wait, goes on", async () => {
  using console = new TaskConsole();
  const { signal } = console;
  console.stopAfter(30 * 86_400);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert(!console.aborted && !signal.aborted);
});
