import { InputError } from "@/lib/errors.ts";
import { openLibrary } from "@/lib/tensorflow/library/c_api.ts";
import { findLibrary, libraryFile, libraryFolder } from "@/lib/tensorflow/library/library.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";

/** A folder of its own for the time of a test. */
async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "posmap-library-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function withEnvironment(variables: Record<string, string>, use: () => Promise<void>): Promise<void> {
  const before = new Map(Object.keys(variables).map((name) => [name, Deno.env.get(name)]));
  const set = (name: string, value: string | undefined) => value ? Deno.env.set(name, value) : Deno.env.delete(name);
  for (const [name, value] of Object.entries(variables)) set(name, value);
  try {
    await use();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}

async function writeLibrary(file: string): Promise<void> {
  await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(file, "not a library");
}

Deno.test("findLibrary() takes the first variant that is set up, and names set-up where none is", async () => {
  await withFolder((folder) =>
    withEnvironment({ TENSORFLOW_LIBRARY: "", POSMAP_CACHE: folder }, async () => {
      await assertThrows(() => findLibrary(), InputError, /deno task setup`$/);
      await assertThrows(() => findLibrary(["gpu"]), InputError, /deno task setup --gpu`$/);
      const cpu = libraryFile(await libraryFolder("cpu"));
      const gpu = libraryFile(await libraryFolder("gpu"));
      await writeLibrary(cpu);
      assertEquals(await findLibrary(["gpu", "cpu"]), cpu);
      await writeLibrary(gpu);
      assertEquals(await findLibrary(["gpu", "cpu"]), gpu);
      assertEquals(await findLibrary(["cpu", "gpu"]), cpu);
    })
  );
});

Deno.test("findLibrary() takes the file that TENSORFLOW_LIBRARY names, or the one in the folder that it names", async () => {
  await withFolder(async (folder) => {
    const file = libraryFile(folder);
    await writeLibrary(file);
    for (const name of [file, `${folder}/tensorflow`, folder]) {
      await withEnvironment({ TENSORFLOW_LIBRARY: name }, async () => assertEquals(await findLibrary(), file));
    }
    await withEnvironment({ TENSORFLOW_LIBRARY: `${folder}/elsewhere` }, async () => {
      await assertThrows(() => findLibrary(), InputError, /elsewhere.*deno task setup/);
    });
  });
});

Deno.test("openLibrary() refuses a file that is no library, and a library that is not TensorFlow's", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/broken.so`;
    await Deno.writeTextFile(file, "not a library");
    await assertThrows(() => openLibrary(file, { lowLatency: false }), InputError, /broken\.so.*TENSORFLOW_LIBRARY/);
  });
  const system = Deno.build.os === "darwin" ? "/usr/lib/libSystem.B.dylib" : "libc.so.6";
  await assertThrows(() => openLibrary(system, { lowLatency: false }), InputError, /TENSORFLOW_LIBRARY/);
});
