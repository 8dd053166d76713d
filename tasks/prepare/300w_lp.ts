import { resolveConfig } from "@/lib/config.ts";
import { bytesText, counted } from "@/lib/counted.ts";
import { InputError, SettingError } from "@/lib/errors.ts";
import type { Preparation } from "@/tasks/prepare/preparation.ts";
import { Refusals } from "@/tasks/refusals.ts";
import { refuseFileAsFolder } from "@/tasks/refuse_existing.ts";
import { settingsOf, sourceOf } from "@/tasks/settings.ts";

/** A store of 300W-LP's samples. */
export const lp300: Preparation = {
  name: "300w-lp",
  configure: (command) =>
    command
      .description(
        "Makes a store of 300W-LP's photos with their position maps, for training without the Basel Face Model; run " +
          "again, it goes on, and makes anew what is damaged",
      )
      .argument("<folder>", "300W-LP's, with AFW, HELEN, IBUG and LFPW")
      .option("--source-model <file>", "the face model, as deno task prepare bfm makes it")
      .requiredOption("--out <folder>", "where to keep the store")
      .option("--image-size <pixels>", "a side of pictures and maps, 64, 128 or 256 (default: 256)")
      .option("--workers <count>", "threads that make samples (default: 2)"),
  async run(command, console) {
    const options = command.opts<{ out: string; sourceModel?: string }>();
    const given = settingsOf(options, ["imageSize", "workers"]);
    const source = sourceOf({ ...options, source: "300w-lp", sourcePath: command.args[0]! }, { name: "300w-lp" });
    const { imageSize, workers, seed } = resolveConfig("prnet", { ...given, source });
    if (workers === 0) {
      throw new SettingError((nameOf) => `Cannot set ${nameOf("workers")} to 0: a whole number from 1 is wanted`);
    }
    await refuseFileAsFolder(options.out);
    console.stage("Listing the photos, and opening the face model");
    const [{ source300wLp }, { buildStore }] = await Promise.all([
      import("@/lib/data/sources/300w_lp.ts"),
      import("@/lib/data/store/build_store.ts"),
    ]);
    const refusals = new Refusals(console);
    const spec = { seed, source, imageSize, augment: false };
    const photos = await source300wLp.open(spec, { onRefused: refusals.add });
    const count = Object.values(photos.counts).reduce((sum, inSplit) => sum + inSplit, 0);
    const tell = console.stage(`Making samples of ${counted(count, "photo")}`);
    let made = 0;
    const content = await buildStore(options.out, {
      source: photos,
      spec,
      workers,
      onWait: () => console.print(`Waiting for another process in ${options.out}`),
      onProgress: (done) => {
        console.throwIfAborted();
        tell(done);
      },
      onShard: ({ file, state, bytes, photos, facts }) => {
        if (made === 0) console.print(`About ${bytesText(bytes / photos * count)} in all`);
        made += photos;
        if (state === "mended") console.print(`${options.out}/${file} was damaged, and is made anew`);
        for (const { reason } of facts.refused) refusals.add(reason);
      },
    });
    refusals.tell();
    if (content.samples.train === 0) throw new InputError(`Found no photo for training in ${command.args[0]}`);
    console.quiet();
    const { train, validation, test } = content.samples;
    globalThis.console.log(
      `${options.out}: ${counted(train, "sample")} for training, ${validation} for validation, ${test} for tests, ` +
        `${bytesText(content.bytes)}; positions to ${content.loss.toFixed(4)} pixels`,
    );
  },
};
