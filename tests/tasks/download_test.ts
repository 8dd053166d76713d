import { ictFiles } from "@/lib/data/sets/ict_facekit.ts";
import { glb } from "@/tests/face/heads/stand_ins.ts";
import { hasIct, ictFolder } from "@/tests/face/ict/ict_data.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { runTaskChild, spawnTask, taskEnds } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const FOLDER = "ict-facekit/FaceXModel";

/** A server of a folder's files, which tells what was asked for. */
function serveFolder(folder: string) {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const name = new URL(url).pathname.slice(1);
    asked.push(name);
    return new Response((await Deno.open(`${folder}/${name}`)).readable);
  });
  return { asked, url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test({
  name: "deno task download ict, killed and run again, fetches only what is missing; --from takes a copy",
  ignore: !hasIct,
  fn: async () => {
    await using cache = await temporaryFolder();
    await using server = serveFolder(`${await ictFolder()}/FaceXModel`);
    const environment = { POSMAP_CACHE: cache.path };
    const names = Object.keys((await ictFiles()).files);
    const here = () => {
      try {
        return [...Deno.readDirSync(`${cache.path}/${FOLDER}`)].map(({ name }) => name).filter((n) =>
          names.includes(n)
        );
      } catch {
        return []; // not yet
      }
    };
    const child = spawnTask("download", "ict", "--url", server.url, { environment });
    while (here().length < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    const { stderr } = await child.output();
    const kept = here();
    assert(kept.length < names.length, new TextDecoder().decode(stderr));

    server.asked.length = 0;
    const { code, stdout } = await runTaskChild("download", "ict", "--url", server.url, { environment });
    assertEquals([code, stdout], [0, `${cache.path}/${FOLDER}\n`]);
    assertEquals(server.asked.toSorted(), names.filter((name) => !kept.includes(name)));
    assertEquals([...Deno.readDirSync(`${cache.path}/${FOLDER}`)].length, names.length + 1); // and the lock

    const another = { POSMAP_CACHE: `${cache.path}/another` };
    const copied = await runTaskChild("download", "ict", "--from", await ictFolder(), { environment: another });
    assertEquals([copied.code, copied.stdout], [0, `${another.POSMAP_CACHE}/${FOLDER}\n`]);

    // it is what landmarks of heads are found by, from then on
    await Deno.writeFile(`${cache.path}/head.glb`, glb);
    const [head, out] = [`${cache.path}/head.glb`, `${cache.path}/head.model`];
    const prepare = (environment: { readonly POSMAP_CACHE: string }) =>
      runTaskChild("prepare", "mesh", head, "--out", out, { environment });
    const without = await prepare({ POSMAP_CACHE: `${cache.path}/empty` });
    assert(/; its landmarks are those of a face \(built-in\) that was laid on it and lies /.test(without.stdout));
    // converting it takes long: that it is read shows where a file of it is damaged
    const damaged = `${another.POSMAP_CACHE}/${FOLDER}/vertex_indices.json`;
    await Deno.writeFile(damaged, new Uint8Array((await Deno.stat(damaged)).size));
    const { code: status, stderr: said } = await prepare(another);
    assertEquals(status, 2);
    assert(said.includes(damaged), said);
  },
});

Deno.test("deno task download refuses what it does not know, cannot read or cannot reach, in one sentence", async () => {
  await using folder = await temporaryFolder();
  const environment = { POSMAP_CACHE: `${folder.path}/cache` };
  const begun = `${folder.path}/begun`;
  await Deno.mkdir(`${begun}/FaceXModel`, { recursive: true });
  await Deno.writeTextFile(`${begun}/FaceXModel/vertex_indices.json`, "{}");
  const apart: [string[], RegExp][] = [
    [[], /missing required argument 'name'/],
    [["ict", "--from", begun], /^Cannot read .*\/begun\/FaceXModel\/.*: there is no such file or folder$/],
  ];
  const refused: typeof apart = [
    ...apart,
    [["bfm"], /'bfm' is invalid for argument 'name'\. Allowed choices are ict/],
    [
      ["ict", "--from", folder.path],
      /^Cannot take ICT-FaceKit from .*: none of its 160 files is there or .* is wanted$/,
    ],
    [["ict", "--from", begun, "--url", "http://a"], /'--from <folder>' cannot be used with option '--url <address>'/],
    [["ict", "--url", "ftp://a"], /Cannot fetch from "ftp:\/\/a": an address that begins with https/],
    [["ict", "--url", "http://a:b:c/"], /Cannot fetch from "http:\/\/a:b:c\/": an address that begins with https/],
    [["ict", "--url", "http://a,b/"], /Cannot fetch from "http:\/\/a,b\/": an address that begins with https/],
  ];
  const ends = await taskEnds("download", refused.map(([flags]) => flags), { apart: apart.length, environment });
  ends.forEach(({ code, stdout, stderr }, i) => {
    const [flags, message] = refused[i]!;
    assert(message.test(stderr.trimEnd().split("\n").at(-1)!), `${flags}: ${stderr}`);
    assertEquals([code, stdout], [2, ""]);
  });
});
