/** A worker of the tests: its samples are quick to make and tell their seed, split and index. */
import { serveSamples } from "@/lib/data/batches/serve_samples.ts";
import { InputError } from "@/lib/errors.ts";
import { Random } from "@/lib/random.ts";

serveSamples(({ seed, imageSize, source: { name, counts } }) => {
  if (name === "broken") throw new InputError("Cannot open broken: it is broken");
  return {
    counts: counts as Record<string, number> ?? { train: Infinity, validation: Infinity, test: Infinity },
    async sample(index, split) {
      if (name === "fails at 5" && index === 5) throw new RangeError("sample 5 fails");
      const random = new Random(`${seed}/${split}/${index}`);
      // The threads take turns in a new order every time.
      const milliseconds = random.uniform(0, 2);
      if (name === "slow files") await new Promise((resolve) => setTimeout(resolve, milliseconds));
      const until = performance.now() + milliseconds;
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
        expressions: Float32Array.of(index, -index),
        isAbsent: index % 3 === 0,
        ...index > 0 && { person: Math.floor(index / 2) },
      };
    },
  };
});
