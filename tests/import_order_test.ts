import { assert, assertEquals } from "@/tests/support.ts";

/** Data flows left to right: a folder imports only from itself or from its left. */
const order = [
  "",
  "formats",
  "tensorflow",
  "webgpu",
  "geometry",
  "face",
  "portrait",
  "data",
  "model",
  "train",
  "evaluate",
  "track",
  "view",
  "export",
  "experiment",
];

/** It joins all the folders, so it may import from any, and none from it. */
const exceptions = ["experiment.ts"];

const lib = new URL("../lib/", import.meta.url);
const tasks = new URL("../tasks/", import.meta.url);

/** Import paths of lib that the file, a path in lib, must not have. */
function breaches(file: string, source: string): string[] {
  const rank = (path: string) => order.indexOf(path.includes("/") ? path.split("/")[0]! : "");
  return [...source.matchAll(/(?:from|import\()\s*"@\/lib\/([^"]+)"/g)]
    .map(([, imported]) => imported!)
    .filter((imported) => rank(imported) > rank(file) || exceptions.includes(imported));
}

async function* sourceFiles(folder: string, root = lib): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, root))) {
    if (entry.isDirectory) yield* sourceFiles(`${folder}${entry.name}/`, root);
    else if (entry.name.endsWith(".ts")) yield folder + entry.name;
  }
}

Deno.test("breaches() names an import from the right, and none from the left", () => {
  assertEquals(breaches("geometry/a.ts", 'import { b } from "@/lib/face/b.ts";'), ["face/b.ts"]);
  assertEquals(breaches("face/a.ts", 'import { b } from "@/lib/geometry/b.ts";'), []);
  assertEquals(breaches("a.ts", 'import { b } from "@/lib/data/b.ts";'), ["data/b.ts"]);
});

Deno.test("every folder of lib imports only from itself or from its left", async () => {
  let count = 0;
  for await (const file of sourceFiles("")) {
    count++;
    assert(
      order.includes(file.includes("/") ? file.split("/")[0]! : ""),
      `lib/${file} lies in a folder without a rank`,
    );
    const source = await Deno.readTextFile(new URL(file, lib));
    assert(!/(?:from|import\()\s*"\.\.\//.test(source), `lib/${file} imports by "../": "@/lib/…" says from where`);
    if (exceptions.includes(file)) continue;
    assertEquals({ file, breaches: breaches(file, source) }, {
      file,
      breaches: [],
    });
  }
  assert(count > 10, `found only ${count} files`);
});

/** What files of lib import from lib, by those files. */
async function importsOf(folder: string): Promise<Map<string, string[]>> {
  const imports = new Map<string, string[]>();
  for await (const file of sourceFiles(folder)) {
    const source = await Deno.readTextFile(new URL(file, lib));
    imports.set(file, [...source.matchAll(/from "@\/lib\/([^"]+)"/g)].map(([, imported]) => imported!));
  }
  return imports;
}

/** Paths in lib of what the file there imports of it, for types alone and late, too. */
function importedBy(file: string, source: string): string[] {
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  return [...source.matchAll(/(?:from|import|import\()\s*"(@\/lib\/|\.\/)([^"]+)"/g)]
    .map(([, root, path]) => root === "./" ? folder + path : path!);
}

/** Files that import each other all around, if any do. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const look = (file: string, above: readonly string[]): string[] | undefined => {
    if (above.includes(file)) return above.slice(above.indexOf(file));
    if (done.has(file)) return undefined;
    for (const imported of imports.get(file) ?? []) {
      const circle = look(imported, [...above, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = look(file, []);
    if (circle) return circle;
  }
  return undefined;
}

Deno.test("circleIn() names the files of a circle, and none where ways only meet again", () => {
  const imports = (lines: string) => new Map(lines.split(" ").map((line) => [line[0]!, line.slice(1).split("")]));
  assertEquals(circleIn(imports("ab bcd cd d")), undefined);
  assertEquals(circleIn(imports("ab bc cd db")), ["b", "c", "d"]);
  assertEquals(circleIn(imports("ab b ca dd")), ["d"]);
  const source = 'import type { a } from "@/lib/a/a.ts";\nexport * from "./b.ts";\nconst c = import("@/lib/c.ts");\n' +
    'import "./d.ts"; type E = import("./e.ts").E; import { sin } from "npm:sin";';
  assertEquals(importedBy("x/y/z.ts", source), ["a/a.ts", "x/y/b.ts", "c.ts", "x/y/d.ts", "x/y/e.ts"]);
});

Deno.test("no files of lib import each other in a circle, not for types alone either", async () => {
  const imports = new Map<string, string[]>();
  for await (const file of sourceFiles("")) {
    imports.set(file, importedBy(file, await Deno.readTextFile(new URL(file, lib))));
  }
  const all = [...imports.values()].flat();
  assert(all.length > imports.size && all.every((file) => imports.has(file)), "imports of files that are not there");
  assertEquals(circleIn(imports), undefined);
});

Deno.test("lib imports nothing of the tasks, and neither of them anything of the tests", async () => {
  for (const [root, banned] of [[lib, /"@\/(?:tasks|tests)\//], [tasks, /"(?:@|(?:\.\.\/)+)\/?tests\//]] as const) {
    let count = 0;
    for await (const file of sourceFiles("", root)) {
      count++;
      assert(!banned.test(await Deno.readTextFile(new URL(file, root))), `${file} imports what it must not`);
    }
    assert(count > 10, `found only ${count} files`);
  }
});

Deno.test("formats knows nothing of tensors and of a library, nor train of what runs on one backend only", async () => {
  const allowed = {
    "formats/": /^(formats\/|(errors|files|json)\.ts$)/,
    "train/": /^(?!tensorflow\/)|^tensorflow\/(compile\/compile|ops\/(finite|matrices)|backend\/host_tensors)\.ts$/,
  };
  for (const [folder, pattern] of Object.entries(allowed)) {
    for (const [file, imports] of await importsOf(folder)) {
      assertEquals([file, imports.filter((imported) => !pattern.test(imported))], [file, []]);
    }
  }
});

Deno.test("formats, geometry, face and portrait know nothing of tensors", async () => {
  for (const folder of ["formats/", "geometry/", "face/", "portrait/"]) {
    for await (const file of sourceFiles(folder)) {
      const source = await Deno.readTextFile(new URL(file, lib));
      assert(!source.includes("@tensorflow/tfjs"), `lib/${file} imports tfjs`);
    }
  }
});

Deno.test("lib neither prints, nor exits, nor draws numbers without a seed", async () => {
  for await (const file of sourceFiles("")) {
    const source = await Deno.readTextFile(new URL(file, lib));
    for (const banned of ["console.", "Deno.exit", "Math.random"]) {
      assert(!source.includes(banned), `lib/${file} contains ${banned}`);
    }
  }
});
