/** A worker of the tests: its samples are quick to make and tell their seed, split and index. */
import { serveSamples } from "@/lib/data/batches/serve_samples.ts";
import { InputError } from "@/lib/errors.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { Random } from "@/lib/random.ts";

serveSamples(({ seed, imageSize, sourcePath }) => {
  if (sourcePath === "broken") throw new InputError("Cannot open broken: it is broken");
  return {
    model: undefined as unknown as MorphableModel, // nobody asks
    imageSize,
    sample(index, split) {
      if (sourcePath === "fails at 5" && index === 5) throw new RangeError("sample 5 fails");
      const random = new Random(`${seed}/${split}/${index}`);
      // The threads take turns in a new order every time.
      const until = performance.now() + random.uniform(0, 2);
      while (performance.now() < until);
      const pixels = 3 * imageSize * imageSize;
      const landmarks = new Float32Array(68 * 3);
      landmarks[0] = index;
      return {
        image: {
          width: imageSize,
          height: imageSize,
          rgb: Uint8Array.from({ length: pixels }, () => random.integer(0, 255)),
        },
        map: { size: imageSize, positions: Float32Array.from({ length: pixels }, () => random.uniform(0, imageSize)) },
        landmarks,
      };
    },
  };
});
