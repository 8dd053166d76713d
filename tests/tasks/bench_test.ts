import fc from "@/tests/fast_check.ts";
import { median } from "@/lib/numbers.ts";
import { findLibrary } from "@/lib/tensorflow/library/library.ts";
import { ChildError, Children } from "@/tasks/bench/children.ts";
import { type Entrant, hold } from "@/tasks/bench/contest.ts";
import { compare, type Row, tableOf } from "@/tasks/bench/rows.ts";
import { assert, assertClose, assertEquals, FLOAT64_TOLERANCE } from "@/tests/support.ts";
import { runTaskChild, type TaskEnd } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const measured = fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9 });

/** With a cache folder that holds nothing, so without peers. */
const withCache = async (cache: string) => ({
  POSMAP_CACHE: cache,
  TENSORFLOW_LIBRARY: await findLibrary(["cpu", "gpu"]),
  POSMAP_ICT: "",
});

async function runBench(cache: string, ...taskArguments: string[]): Promise<TaskEnd> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "bench", ...taskArguments],
    cwd: new URL("../..", import.meta.url),
    env: await withCache(cache),
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("compare() gives a ratio above 1 where ours is better: higher rates, lower times and memory", () => {
  const rates = { bench: "train", case: "one", unit: "images/s" };
  fc.assert(fc.property(measured, measured, fc.constantFrom("images/s", "ms", "MB"), (ours, theirs, unit) => {
    const row = compare({ ...rates, unit, ours, peer: { name: "peer", values: theirs, best: true } });
    const better = unit === "images/s" ? median(ours) > median(theirs) : median(ours) < median(theirs);
    if (row.ratio !== 1) assertEquals(row.ratio! > 1, better);
    const swapped = compare({ ...rates, unit, ours: theirs, peer: { name: "peer", values: ours, best: true } });
    assertClose(row.ratio! * swapped.ratio!, 1, FLOAT64_TOLERANCE);
  }));
  const alone = compare({ ...rates, ours: [1, 3, 2] });
  assertEquals([alone.ours, alone.peer, alone.ratio, alone.oursRange, alone.repetitions], [2, null, null, [1, 3], 3]);
});

Deno.test("tableOf() has a line for each row, its columns one below the other", () => {
  const row = compare({
    bench: "train",
    case: "first",
    unit: "ms",
    ours: [1234.5],
    peer: { name: "a", values: [2469], best: true },
  });
  const rows = [row, compare({ bench: "train", case: "the second", unit: "images/s", ours: [0.5, 0.25] })];
  const lines = tableOf(rows).split("\n");
  assertEquals(lines.length, 3);
  assertEquals(new Set(["unit", "ms ", "images/s"].map((text, i) => lines[i]!.indexOf(text))).size, 1);
  assert(lines[1]!.includes("1235") && lines[1]!.endsWith("2.00*"), lines[1]!);
  assert(lines[2]!.includes("0.375  0.250–0.500"), lines[2]!);
});

Deno.test("hold() has all take turns, names peers that fail, and marks the fastest of each kind", async () => {
  const turns: string[] = [];
  const entrant = (name: string, images: number, kind?: string): Entrant => ({
    name,
    ...(kind && { kind }),
    open: () =>
      Promise.resolve({
        repeat() {
          turns.push(name);
          const figures = [{ unit: "images/s", value: images }, ...name === "posmap" ? [{ unit: "ms", value: 5 }] : []];
          return Promise.resolve({ figures, peakBytes: turns.length * 1e6 });
        },
        [Symbol.dispose]: () => void turns.push(`${name} ended`),
      }),
  });
  const broken: Entrant = { name: "broken", open: () => Promise.reject(new ChildError("Traceback:\nno such module")) };
  const tiring: Entrant = {
    name: "tiring",
    open: () =>
      Promise.resolve({
        repeat: () => Promise.reject(new ChildError("Killed")),
        [Symbol.dispose]() {},
      }),
  };
  const notes: string[] = [];
  using children = new Children(new AbortController().signal);
  const rows = await hold({
    bench: "train",
    case: "one",
    ours: entrant("posmap", 10),
    peers: [
      entrant("slow", 4, "a kind"),
      broken,
      tiring,
      entrant("fast", 5, "a kind"),
      entrant("middling", 4.5, "a kind"),
    ],
  }, { children, repetitions: 2, only: /one/, note: (sentence) => notes.push(sentence) });
  const round = ["posmap", "slow", "fast", "middling"];
  assertEquals(turns, [...round, ...round, ...round.toReversed().map((name) => `${name} ended`)]);
  assert(notes.includes("broken is left out, it failed: no such module"), notes.join("\n"));
  assertEquals(notes.filter((sentence) => sentence.includes("tiring is left out, it failed: Killed")).length, 1);
  assertEquals(
    rows.map(({ case: name, ours, peerName, peer, ratio, best }) => [name, ours, peerName, peer, ratio, best]),
    [
      ["one", 10, "slow", 4, 2.5, false],
      ["one", 10, "fast", 5, 2, true],
      ["one", 10, "middling", 4.5, 10 / 4.5, false],
      ["one", 5, null, null, null, false],
      ["one, peak memory", 5, "slow", 6, 1.2, false],
      ["one, peak memory", 5, "fast", 7, 1.4, true],
      ["one, peak memory", 5, "middling", 8, 1.6, false],
    ],
  );
});

Deno.test("deno task bench prints rows in JSON, and names the peers that are not installed", async () => {
  await using cache = await temporaryFolder();
  const { code, stdout, stderr } = await runBench(cache.path, "dispatch", "--json", "--repetitions", "1");
  assertEquals(code, 0);
  assert(
    /Left out, as not installed: PyTorch \S+, onnxruntime .* tcmalloc, face3d; "deno task bench --peers"/.test(stderr),
    stderr,
  );
  const rows: Row[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const add = rows.find((row) => row.case === "eager, add of 2×2")!;
  assertEquals([add.bench, add.unit, add.peerName, add.repetitions], ["dispatch", "µs", "tfjs cpu", 1]);
  assert(add.ours > 0 && add.peer! > 0, stdout);
  assertClose(add.ratio!, add.peer! / add.ours, FLOAT64_TOLERANCE);
  assert(rows.some((row) => row.unit === "MB" && row.ours > 50), "no memory was measured");
});

/** Whether a network namespace can be made and left again: for root, where the kernel has such. */
async function canMakeNamespaces(): Promise<boolean> {
  const name = "posmap-test";
  for (const action of ["add", "del"]) {
    try {
      const { success } = await new Deno.Command("ip", { args: ["netns", action, name], stderr: "null" }).output();
      if (!success) return false;
    } catch {
      return false; // no program of that name
    }
  }
  return true;
}

Deno.test({
  name:
    "deno task bench ranks has two ranks in network namespaces train over a line of 1 Gbit/s and 1 ms, which slows them so",
  ignore: Deno.build.os !== "linux" || !await canMakeNamespaces(),
  async fn() {
    await using cache = await temporaryFolder();
    const only = ["--case", "lite .* 1gbit, 1 ms"];
    const { code, stdout, stderr } = await runBench(cache.path, "ranks", "--json", "--repetitions", "1", ...only);
    assert(code === 0, stderr);
    const rows: Row[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const figure = (end: string) => rows.find((row) => row.case.endsWith(end))!;
    const gradients = figure(" MB of gradients");
    const [, megabytes] = /(\d+\.\d) MB of gradients$/.exec(gradients.case)!;
    const burst = 1; // MB that the line lets pass at once
    assert(gradients.ours >= 8 * (Number(megabytes) - burst), `${megabytes} MB in ${gradients.ours} ms`);
    for (const what of ["one number", "TCP, there and back"]) {
      const { ours, unit } = figure(`: ${what}`);
      assert(unit === "ms" && ours >= 2, `${what} takes ${ours} ms`);
    }
    const { ours: together } = figure(": a step"), { ours: alone } = figure(": a step alone");
    assertClose(figure(": waiting").ours, 100 * (1 - alone / together), FLOAT64_TOLERANCE);
    const left = await new Deno.Command("ip", { args: ["netns", "list"] }).output();
    assert(!new TextDecoder().decode(left.stdout).includes("posmap"), "a namespace is left");
  },
});

Deno.test("deno task bench refuses what it does not know in one sentence, exit status 2", async () => {
  await using cache = await temporaryFolder();
  const refused: [string[], RegExp][] = [
    [["trian"], /^Cannot measure "trian": the benches are train, infer, /],
    [["toString"], /^Cannot measure "toString"/],
    [["--repetitions", "0"], /^Cannot set --repetitions to "0": a whole number from 1 is wanted/],
    [["--threads", "two"], /^Cannot set --threads to "two"/],
    [["--case", "("], /^Cannot set --case to "\(": a regular expression is wanted/],
    [["--ict", cache.path, "obj"], /^Cannot measure with .*: generic_neutral_mesh\.obj is not there/],
    [["--fast"], /unknown option '--fast'/],
  ];
  const environment = await withCache(cache.path);
  const ends = await Promise.all(refused.map(([flags]) => runTaskChild("bench", ...flags, { environment })));
  ends.forEach(({ code, stdout, stderr }, i) => {
    const [flags, message] = refused[i]!;
    const sentence = stderr.trimEnd().split("\n").at(-1)!; // after what missing peers have to say
    assert(message.test(sentence), `${flags}: ${stderr}`);
    assertEquals([code, stdout], [2, ""]);
  });
});
