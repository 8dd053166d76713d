/** Pictures that posmap did not make, whole and damaged, by each way in which it takes pictures. */
import { decodePhoto } from "@/lib/data/files/images.ts";
import { Budget } from "@/tests/attacks/budget.ts";
import { countFrames, unlessRefused } from "@/tests/attacks/readers.ts";
import { attacks } from "@/tests/attacks/soak.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { hasFfmpeg } from "@/tests/track/video_files.ts";

/**
 * Pictures of Debian's packages: icons, and what programs test themselves with, much of it damaged on purpose. POSMAP_PICTURES
 * names a folder with more, such as unpacked sources.
 */
async function systemPictures(most: number): Promise<string[]> {
  const folders = ["/usr/share", "/usr/lib", "/usr/libexec", Deno.env.get("POSMAP_PICTURES") ?? []].flat();
  const { stdout } = await new Deno.Command("find", {
    args: [...folders, "-type", "f", "-size", "-8000k", "-regextype", "egrep", "-iregex", PICTURES],
    stderr: "null",
  }).output();
  const paths = new TextDecoder().decode(stdout).split("\n").filter(Boolean).toSorted();
  const { tests = [], others = [] } = Object.groupBy(paths, (path) => /test/i.test(path) ? "tests" : "others");
  return [...evenly(tests, most / 2), ...evenly(others, most / 2)];
}

function evenly<T>(values: readonly T[], most: number): T[] {
  const step = Math.max(1, values.length / most);
  return values.filter((_, i) => i % step < 1);
}

const PICTURES = ".*\\.(png|jpe?g|jfif|webp|gif|tiff?|bmp|ico|svg|avif|heic|jxl|jp2|j2k|p[pgbn]m|xpm|tga|pcx|psd|qtif)";

interface Door {
  readonly read: (path: string) => Promise<unknown>;
  readonly counts: readonly [number, number];
}

/** All photos that posmap is given are decoded by one function, and videos by another, which gets pictures, too. */
const doors: Record<string, Door> = {
  decoded: {
    async read(path) {
      const { width, height, rgb } = await decodePhoto(path);
      assertEquals(rgb.length, 3 * width * height);
    },
    counts: [400, 20_000],
  },
  ...hasFfmpeg && {
    "read as videos": { read: countFrames, counts: [20, 2000] },
  },
};

for (const [what, { read, counts }] of Object.entries(doors)) {
  Deno.test({
    name: `the pictures of Debian's packages are ${what}, or refused in one sentence where they are of other kinds`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const budget = new Budget();
      let taken = 0;
      const paths = await systemPictures(attacks(...counts));
      for (const path of paths) if (!await unlessRefused(() => budget.reading(path, () => read(path)), path)) taken++;
      assert(paths.length === 0 || taken > 0, `of ${paths.length} pictures none was taken`);
    },
  });
}
