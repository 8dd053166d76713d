/**
 * Power cuts, by Linux's own means: an ext4 in a file, mounted, told to write nothing more of what it holds (as xfstests'
 * `godown` does), and mounted again, so that its journal is replayed.
 */
import { artefacts } from "@/tests/attacks/artefacts.ts";
import { checkWritten, writeUntil } from "@/tests/attacks/endless_writer.ts";
import { attackRandom, attacks } from "@/tests/attacks/soak.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** EXT4_IOC_SHUTDOWN of Linux's fs/ext4/ext4.h, and its flag for a journal that is not flushed either. */
const SHUTDOWN = 0x8004587d;
const NO_LOG_FLUSH = 2;

/** What is in the file system's memory only is lost from now on. */
function cutPower(folder: string): void {
  const libc = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const { open, ioctl, close } = libc.symbols;
  const file = open(new TextEncoder().encode(`${folder}\0`), 0);
  const failed = ioctl(file, BigInt(SHUTDOWN), Uint32Array.of(NO_LOG_FLUSH)) !== 0;
  close(file);
  libc.close();
  if (failed) throw new Error(`Cannot shut the file system in ${folder} down`);
}

/** A file system of its own in this folder. */
async function makeDisk(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/disk`);
  await Deno.writeFile(`${folder}/image`, new Uint8Array());
  await Deno.truncate(`${folder}/image`, 32 << 20);
  await run("mkfs.ext4", "-q", `${folder}/image`);
  await mount(folder);
}

const mount = (folder: string) => run("mount", "-o", "loop", `${folder}/image`, `${folder}/disk`);
const unmount = (folder: string) => run("umount", `${folder}/disk`);

async function canMount(): Promise<boolean> {
  await using folder = await temporaryFolder();
  try {
    await makeDisk(folder.path);
    cutPower(`${folder.path}/disk`);
    return true;
  } catch {
    return false;
  } finally {
    await unmount(folder.path).catch(() => {});
  }
}

const names = Object.keys(artefacts);

Deno.test({
  name: "what was said to be written outlives a power cut, and all that is there after it is whole",
  ignore: Deno.build.os !== "linux" || !await canMount(),
  fn: async () => {
    const random = attackRandom("power cuts");
    for (let cut = 0; cut < attacks(names.length, 400); cut++) {
      await using folder = await temporaryFolder();
      const [disk, name] = [`${folder.path}/disk/inside`, names[cut % names.length]!]; // beside lost+found
      await makeDisk(folder.path);
      try {
        await Deno.mkdir(disk);
        await run("sync", "-f", disk);
        const milliseconds = random.uniform(0, 200);
        const written = await writeUntil(name, disk, { milliseconds, stop: () => cutPower(disk) });
        await unmount(folder.path);
        await mount(folder.path);
        await checkWritten(name, disk, written);
      } finally {
        await unmount(folder.path);
      }
    }
  },
});
