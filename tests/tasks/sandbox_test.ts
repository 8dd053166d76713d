import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What sandbox.sh has Deno run for a task, of a user who stands in this folder. */
async function commandOf(folder: string, ...given: string[]): Promise<string[]> {
  const spy = `${folder}/spy`;
  const evaluating = `[ "$1" != eval ] || exec "${Deno.execPath()}" "$@"`;
  await Deno.writeTextFile(spy, `#!/bin/sh\n${evaluating}\nprintf "%s\\n" "$@"\n`, { mode: 0o755 });
  const { stdout } = await new Deno.Command("sh", {
    args: [`${root}tasks/sandbox.sh`, spy, ...given],
    cwd: root,
    env: { INIT_CWD: folder },
  }).output();
  await Deno.remove(spy);
  return new TextDecoder().decode(stdout).trimEnd().split("\n");
}

Deno.test("a task that trains is refused all that it does not need: other files, variables, programs, the network", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/run`);
  await Deno.writeTextFile(`${folder.path}/decoy.txt`, "secret");
  for (const task of ["train", "evaluate"]) {
    const command = await commandOf(folder.path, task, "--run", "run");
    const flags = command.slice(0, command.indexOf(`${root}tasks/${task}.ts`));
    assert(flags.includes(`-P=${task}`), command.join(" "));
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...flags, `${import.meta.dirname}/decoy.ts`],
      cwd: folder.path,
      env: { SECRET_TOKEN: "secret" },
    }).output();
    assert(stdout.length > 0, new TextDecoder().decode(stderr));
    const { allowed, refused } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(allowed, ["a file in the checkout", "a file of the run", "its own variable"]);
    assertEquals(refused.length, 9);
  }
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), ["decoy.txt", "run"]);
});

Deno.test("what a task may read and write is what its arguments name, from where the user stands", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/faces`);
  await Deno.mkdir(`${folder.path}/run`);
  await Deno.writeTextFile(`${folder.path}/photo.one.jpg`, "");
  await Deno.writeTextFile(
    `${folder.path}/run/config.json`,
    '{\n  "seed": 7,\n  "sourcePath": "/data/some faces"\n}\n',
  );
  const paths = async (...given: string[]) => {
    const command = await commandOf(folder.path, ...given);
    return ["read", "write"].map((kind) => {
      const flag = command.find((argument) => argument.startsWith(`--allow-${kind}=`))!;
      const all = flag.slice(flag.indexOf("=") + 1).split(",");
      const always = kind === "read" ? 5 : 2; // checkout, packages, a system file, cache, runs; cache, runs
      return all.slice(always);
    });
  };
  assertEquals(await paths("train", "lite", "--steps", "5", "--fast-dev-run"), [["lite", "5"], []]);
  assertEquals(await paths("train", "--run=my run", "--source-path", "faces"), [["my run", "faces"], ["my run"]]);
  assertEquals(await paths("train", "--resume", "--run", "run"), [["run", "/data/some faces"], ["run"]]);
  assertEquals(await paths("train", "--config", "run/config.json"), [["run/config.json", "/data/some faces"], []]);
  assertEquals(await paths("evaluate", "--json", "run"), [["run", "/data/some faces"], []]);
  await Deno.mkdir(`${folder.path}/run/model`);
  await Deno.writeTextFile(`${folder.path}/run/model/model.json`, "");
  assertEquals(await paths("evaluate", "--json", "run"), [["run", "/data/some faces", "run"], ["run"]]); // so here
  assertEquals(await paths("video", "photo.one.jpg", "--model", "run", "--out", "made/turning"), [
    ["photo.one.jpg", "run", "/data/some faces", "run", "made/"], // whose model.onnx is missing, and will be made
    ["run", "made/"],
  ]);
  await Deno.writeTextFile(`${folder.path}/run/model/model.onnx`, "");
  assertEquals(await paths("predict", "photo.one.jpg", "--model", "run"), [
    ["photo.one.jpg", "run", "/data/some faces", "."],
    ["."],
  ]);
  assertEquals(await paths("video"), [["."], ["."]]);
  for (const out of ["made/faces", "made/faces/"]) {
    assertEquals(await paths("predict", "photos/*.jpg", "--out", out), [["photos/", "made/"], ["made/"]]);
  }
  assertEquals(await paths("evaluate", "missing", "--crop", "1,2,3"), [["missing"], []]);
  assertEquals(await paths("export", "faces", "--half"), [["faces", "faces"], ["faces"]]);
  assertEquals(await paths("export", "faces", "--out", "/elsewhere/a.onnx"), [
    ["faces", "faces", "/elsewhere/"],
    ["faces", "/elsewhere/"],
  ]);
  assertEquals(await paths("export", "faces", "--out", "site/"), [["faces", "faces", "."], ["faces", "."]]);
  assertEquals(await paths("export", "faces", "--out=made/site//"), [["faces", "faces", "made/"], ["faces", "made/"]]);
  assertEquals(await paths("export", "faces", "--out", "/"), [["faces", "faces", "/"], ["faces", "/"]]);
  assertEquals(await paths("train", "--run", "a, run"), [["."], ["."]]); // the folder above
  await Deno.symlink(`${folder.path}/faces`, `${folder.path}/link`);
  assertEquals(await paths("card", "--photos", "link"), [["link", `${folder.path}/faces`, "."], ["."]]);
});

Deno.test("no task may change the code, also where what it makes is put beside it", async () => {
  await using folder = await temporaryFolder();
  const command = await commandOf(folder.path, "predict", "photo.jpg", "--out", `${root}faces`);
  const script = `${folder.path}/script.ts`;
  const paths = ["faces", "lib/face/model.ts", "tasks", "deno.json", "deno.lock", ".git/hooks/post-checkout"];
  const asked = paths.map((path) => ({ name: "write", path: root + path }));
  await Deno.writeTextFile(
    script,
    `console.log(...${JSON.stringify(asked)}.map((one) => Deno.permissions.querySync(one).state))`,
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [...command.slice(0, command.indexOf(`${root}tasks/predict.ts`)), script],
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "granted denied denied denied denied denied\n");
});

Deno.test("the page's server may listen where a flag says, on this computer alone without one; only a download calls, and one server", async () => {
  await using folder = await temporaryFolder();
  const nets = async (...given: string[]) =>
    (await commandOf(folder.path, ...given)).filter((argument) => argument.startsWith("--allow-net"));
  assertEquals(await nets("serve", "--port", "9000"), ["--allow-net=127.0.0.1"]);
  assertEquals(await nets("serve", "--host", "192.0.2.7", "--model", "run"), ["--allow-net=192.0.2.7"]);
  assertEquals(await nets("serve", "--host=::1"), ["--allow-net=[::1]"]);
  for (const none of ["", "a b", "[::1]", "a,b"]) {
    assertEquals(await nets("serve", "--host", none), ["--allow-net=127.0.0.1"]);
  }
  assertEquals(await nets("track", "--host", "192.0.2.7"), []);
  assertEquals(await nets("prepare", "mesh", "a.obj", "--out", "a.model"), []);
  assertEquals(await nets("prepare", "mesh", "a.obj", "--out", "a.model", "--pick"), ["--allow-net=127.0.0.1"]);
  assertEquals(await nets("prepare", "photos", "a", "--out", "b", "--choose"), ["--allow-net=127.0.0.1"]);
  assertEquals(await nets("train", "--choose"), []);
  assertEquals(await nets("download", "ict"), ["--allow-net=raw.githubusercontent.com"]);
  const of = (address: string) => nets("download", "ict", "--url", address);
  assertEquals(await of("http://192.0.2.7:8080/a/b"), ["--allow-net=192.0.2.7:8080"]);
  assertEquals(await of("https://u:p@[2001:DB8::7]?c"), ["--allow-net=[2001:db8::7]"]);
  for (const none of ["http://a:b:c/", "http://*/", "http://a..b/", "192.0.2.7"]) assertEquals(await of(none), []);
});

Deno.test("a training's processes are started by a program that may start Deno alone, each as it would be by itself", async () => {
  await using folder = await temporaryFolder();
  const command = await commandOf(folder.path, "train", "--processes", "2", "--run", "r");
  const [own, begun] = [command.slice(0, command.indexOf("--")), command.slice(command.indexOf("--") + 1)];
  const deno = `${folder.path}/spy`;
  const allowed = own.filter((argument) => /^(-P|--allow-)/.test(argument)).toSorted();
  assertEquals(allowed, [`--allow-net=127.0.0.1`, `--allow-run=${deno}`, "-P=processes"]);
  const alone = await commandOf(folder.path, "train", "--run", "r");
  assertEquals(
    begun,
    [deno, ...alone.slice(0, -2), "--processes", "2", "--run", "r"].map((of) => of.replace("/r,2", "")),
  );
});

Deno.test("every task that is a program of ours runs in the sandbox, with permissions of its own", async () => {
  const { tasks, permissions } = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
  for (const { name } of Deno.readDirSync(`${root}tasks`)) {
    const task = name.replace(/\.ts$/, "");
    if (!tasks[task]?.command.includes("tasks/")) continue;
    assert(/^sh tasks\/sandbox\.sh "\$\(deno eval '[^']*'\)" \w+$/.test(tasks[task].command), tasks[task].command);
    assert(task in permissions, `${task} has no permissions in deno.json`);
  }
});

Deno.test("every package with an install script is refused it by name, so that a first run warns of none", async () => {
  const { npm } = JSON.parse(await Deno.readTextFile(`${root}deno.lock`));
  const { allowScripts } = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
  const names = Object.keys(npm).filter((id) => npm[id].scripts).map((id) => id.replace(/(?<=.)@.*/, ""));
  assert(names.length > 0);
  assertEquals(names.map((name) => `npm:${name}`).toSorted(), allowScripts.deny.toSorted());
});
