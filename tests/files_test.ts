import { InputError } from "@/lib/errors.ts";
import {
  cacheFolder,
  claimFolder,
  filesBelow,
  isTemporary,
  isThere,
  makeFolderAtomic,
  temporaryName,
  writeFileAtomic,
  writeFolderAtomic,
} from "@/lib/files.ts";
import { assert, assertEquals, assertThrows, withEnvironment } from "@/tests/support.ts";

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "posmap-files-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).toSorted();
}

Deno.test("writeFileAtomic() writes text and bytes, over a longer file too, and leaves nothing beside it", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a file`;
    for (const content of ["long".repeat(100_000), "é", ""]) {
      await writeFileAtomic(path, content);
      assertEquals(await Deno.readTextFile(path), content);
    }
    await writeFileAtomic(path, new Uint8Array([0, 255, 10]));
    assertEquals([...await Deno.readFile(path)], [0, 255, 10]);
    assertEquals(await namesIn(folder), ["a file"]);
  });
});

Deno.test("writeFileAtomic() writes into the working folder by a bare name", async () => {
  await withFolder(async (folder) => {
    const before = Deno.cwd();
    Deno.chdir(folder);
    try {
      await writeFileAtomic("bare", "text");
    } finally {
      Deno.chdir(before);
    }
    assertEquals(await Deno.readTextFile(`${folder}/bare`), "text");
  });
});

Deno.test("writeFileAtomic() that fails throws, keeps what is there and leaves no temporary file", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/taken/inside`, { recursive: true }); // a folder cannot be renamed over
    await assertThrows(() => writeFileAtomic(`${folder}/taken`, "text"), InputError, /^Cannot write .*taken: /);
    await assertThrows(
      () => writeFileAtomic(`${folder}/missing/file`, "text"),
      InputError,
      /: there is no folder \S+\/missing$/,
    );
    assertEquals(await namesIn(folder), ["taken"]);
  });
});

Deno.test("writeFileAtomic() of many at once leaves one of them, whole", async () => {
  await withFolder(async (folder) => {
    const texts = ["a", "b", "c", "d"].map((letter) => letter.repeat(200_000));
    await Promise.all(texts.map((text) => writeFileAtomic(`${folder}/file`, text)));
    assert(texts.includes(await Deno.readTextFile(`${folder}/file`)));
    assertEquals(await namesIn(folder), ["file"]);
  });
});

Deno.test("writeFolderAtomic() writes a folder whose name ends in slashes, once, and writeFileAtomic() no file", async () => {
  await withFolder(async (folder) => {
    const [path, files] = [`${folder}/site//`, [["index.html", "page"]] as const];
    await writeFolderAtomic(path, files);
    assertEquals([await namesIn(folder), await namesIn(path)], [["site"], ["index.html"]]);
    await assertThrows(() => writeFolderAtomic(path, files), InputError, /^Cannot write .*: it is there already/);
    await assertThrows(() => writeFileAtomic(path, "text"), InputError, /^Cannot write .*site\/\/: /);
    await assertThrows(() => writeFileAtomic("/", "text"), InputError, /^Cannot write \/: /);
    assertEquals([await namesIn(folder), await namesIn(path)], [["site"], ["index.html"]]);
  });
});

Deno.test("makeFolderAtomic() has a folder when it is whole, and of one that fails an error that names it, and nothing else", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/model`;
    const fails = async (making: string) => {
      await writeFileAtomic(`${making}/weights`, "first");
      await writeFileAtomic(`${making}/none/weights`, "second");
    };
    const sentence = `^Cannot write ${path}/none/weights: there is no folder ${path}/none$`;
    await assertThrows(() => makeFolderAtomic(path, fails), InputError, new RegExp(sentence));
    assertEquals(await namesIn(folder), []);
    await makeFolderAtomic(path, async (making) => {
      await writeFileAtomic(`${making}/weights`, "whole");
      assert(isTemporary(making) && !await isThere(path));
    });
    assertEquals([await namesIn(folder), await namesIn(path)], [["model"], ["weights"]]);
  });
});

Deno.test("filesBelow() takes links as what they lead to, passes over those that lead nowhere or back, and names what cannot be read", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/given/deep`, { recursive: true });
    await Deno.mkdir(`${folder}/elsewhere`);
    for (const path of ["given/b", "given/deep/a", "elsewhere/c"]) await Deno.writeTextFile(`${folder}/${path}`, "");
    const links = {
      broken: "nowhere",
      "deep/back": "../../given",
      file: "../elsewhere/c",
      "its folder": folder,
      linked: "../elsewhere",
      root: "/",
      "self": "self",
    };
    for (const [name, to] of Object.entries(links)) await Deno.symlink(to, `${folder}/given/${name}`);
    await Deno.symlink("../given", `${folder}/elsewhere/back`);
    const below = (await filesBelow([`${folder}/given`])).map((path) => path.slice(`${folder}/given/`.length));
    assertEquals(below, ["b", "deep/a", "file", "linked/c"]);
    await Deno.symlink("given", `${folder}/link`);
    assertEquals((await filesBelow([`${folder}/link`])).length, below.length);
    await assertThrows(() => filesBelow([`${folder}/given/broken`]), InputError, /broken: there is no such file$/);
    const { readDir } = Deno;
    Deno.readDir = async function* (path) {
      if (String(path).endsWith("/deep")) throw new Deno.errors.PermissionDenied("Permission denied (os error 13)");
      yield* readDir(path);
    };
    try {
      await assertThrows(() => filesBelow([folder]), InputError, /^Cannot read .*\/deep: Permission denied$/);
    } finally {
      Deno.readDir = readDir;
    }
  });
});

Deno.test("claimFolder() holds a folder until it is given back, tells once who waits, and sweeps what killed writes left", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(temporaryName(`${folder}/a`), "");
    let waits = 0;
    const first = await claimFolder(folder);
    assertEquals(await namesIn(folder), [".lock"]);
    const second = claimFolder(folder, { onWait: () => waits++ });
    assertEquals(await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 500))]), undefined);
    first[Symbol.dispose]();
    (await second)[Symbol.dispose]();
    assertEquals(waits, 1);
  });
  await assertThrows(() => claimFolder("/nowhere/at all"), InputError, /^Cannot write to \/nowhere\/at all: /);
});

Deno.test("writeFileAtomic() writes files of the longest names that there are", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/${"ä".repeat(127)}`;
    await writeFileAtomic(path, "text");
    assertEquals([await Deno.readTextFile(path), (await namesIn(folder)).length], ["text", 1]);
    assert(isTemporary(temporaryName(path)));
  });
});

Deno.test("cacheFolder() is what POSMAP_CACHE names, made with the folders above it", async () => {
  await withFolder(async (folder) => {
    await withEnvironment({ POSMAP_CACHE: `${folder}/a/b` }, async () => {
      assertEquals(await cacheFolder(), `${folder}/a/b`);
      assertEquals(await cacheFolder(), `${folder}/a/b`);
      assert((await Deno.stat(`${folder}/a/b`)).isDirectory);
    });
  });
});

Deno.test({
  name: "cacheFolder() is posmap's in XDG_CACHE_HOME, or in the home's .cache, where nothing else is said",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await withFolder(async (folder) => {
      const home = { HOME: folder, POSMAP_CACHE: undefined };
      await withEnvironment({ ...home, XDG_CACHE_HOME: `${folder}/xdg` }, async () => {
        assertEquals(await cacheFolder(), `${folder}/xdg/posmap`);
      });
      await withEnvironment({ ...home, XDG_CACHE_HOME: "" }, async () => {
        assertEquals(await cacheFolder(), `${folder}/.cache/posmap`);
      });
      await withEnvironment({ HOME: folder, POSMAP_CACHE: "", XDG_CACHE_HOME: undefined }, async () => {
        assertEquals(await cacheFolder(), `${folder}/.cache/posmap`);
      });
    });
  },
});

Deno.test("cacheFolder() that cannot be made is an InputError that names it", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await withEnvironment({ POSMAP_CACHE: `${folder}/file/cache` }, async () => {
      await assertThrows(cacheFolder, InputError, /file\/cache: .*Set POSMAP_CACHE/);
    });
  });
});
